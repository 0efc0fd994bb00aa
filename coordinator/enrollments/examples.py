"""Examples of the bodies about faces besides enrollment, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_PAIR: Final = {
    "pair_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a77",
    "candidate_id": "CAND-2024-12345",
    "other_candidate_id": "CAND-2024-99881",
    "similarity": 0.81,
    "reason": "Two applications with the same photograph.",
    "state": "open",
    "found_by": "alice",
    "found_at": "2025-12-12T09:00:00.000Z",
    "decided_by": None,
    "decided_at": None,
    "text": None,
}

FACE_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "PracticeRequest": {
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "image": {"image_base64": "iVBORw0KGgoAAAANSUhEUg"},
            "camera": {"width": 1280, "height": 720, "frames_per_second": 15.0},
            "microphone": {"muted": False, "peak_dbfs": -22.5},
        },
        "PracticeResponse": {
            "candidate_id": "CAND-2024-12345",
            "ready": False,
            "checks": [
                {"check": "camera", "outcome": "ok", "advice": []},
                {"check": "microphone", "outcome": "ok", "advice": []},
                {"check": "face", "outcome": "advice", "advice": ["Turn on a lamp in front of you."]},
                {"check": "identity", "outcome": "unknown", "advice": []},
            ],
            "checked_at": "2025-12-12T13:30:00.000Z",
        },
        "EnrollmentListed": {
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "enrollment_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "enrolled_at": "2025-12-01T10:30:05.000Z",
            "expires_at": "2026-12-01T10:30:05.000Z",
            "expired": False,
            "pending_id": None,
        },
        "PendingEnrollmentOut": {
            "enrollment_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70",
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "enrolled_at": "2025-12-12T10:30:05.000Z",
            "similarity": 0.52,
            "in_force_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "state": "pending",
            "decided_by": None,
            "decided_at": None,
            "text": None,
        },
        "EnrollmentDecision": {
            "verdict": "accept",
            "text": "Seen with the student card on 12 December; a new haircut and glasses.",
        },
        "FaceSearchRequest": {"reason": "Two applications with the same photograph."},
        "FaceSearchResponse": {
            "candidate_id": "CAND-2024-12345",
            "searched": 812,
            "left_out": 37,
            "pairs": [_PAIR],
        },
        "FacePairDecision": {"verdict": "different-people", "text": "Twins; both were seen side by side."},
    }
)
