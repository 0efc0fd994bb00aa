"""Examples of the bodies of `shared.api.exams`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_EXAM: Final = "EXAM-CS101-FINAL"
_WORD: Final = {
    "purpose": "speech-transcription",
    "given": True,
    "basis": "consent",
    "text_version": "2026-11-22",
    "language": "en",
    "recorded_by": "CAND-2024-12345",
    "recorded_at": "2025-12-10T09:00:00Z",
}
_TERMS: Final = {
    "muted": ["GAZE_OFF_SCREEN"],
    "relaxed": {"FACE_NOT_FOUND": {"hold_factor": 2}},
    "gaze_zone_factor": 1,
}

EXAM_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "ExamRequest": {
            "exam_id": _EXAM,
            "title": "Computer Science 101, final",
            "opens_at": "2025-12-12T14:00:00Z",
            "closes_at": "2025-12-12T16:30:00Z",
            "metadata": {"department": "CS"},
            "policy": {"sensitivity": "high", "rules": {"FACE_MISMATCH": {"threshold": 0.78}}},
        },
        "ExamChange": {
            "title": "Computer Science 101, final (moved)",
            "opens_at": "2025-12-13T14:00:00Z",
            "closes_at": "2025-12-13T16:30:00Z",
            "metadata": {"department": "CS"},
        },
        "ExamOut": {
            "exam_id": _EXAM,
            "title": "Computer Science 101, final",
            "opens_at": "2025-12-12T14:00:00Z",
            "closes_at": "2025-12-12T16:30:00Z",
            "metadata": {"department": "CS"},
            "policy_version": 2,
            "created_at": "2025-11-01T08:00:00Z",
            "updated_at": "2025-11-03T08:00:00Z",
        },
        "PolicyRequest": {
            "policy": {"rules": {"VOICE_DETECTED": {"hold_s": 3}}},
            "reason": "The room is next to a building site.",
            "based_on": 1,
        },
        "PolicySummary": {
            "exam_id": _EXAM,
            "version": 2,
            "changed_by": "alice",
            "reason": "The room is next to a building site.",
            "created_at": "2025-12-01T08:00:00Z",
        },
        "PolicyDiff": {
            "exam_id": _EXAM,
            "before": 1,
            "after": 2,
            "changes": [{"path": "rules.VOICE_DETECTED.hold_s", "before": 2, "after": 3}],
        },
        "AccommodationRequest": {"accommodation": _TERMS, "extra_minutes": 30},
        "AccommodationOut": {
            "exam_id": _EXAM,
            "candidate_id": "CAND-2024-12345",
            "version": 1,
            "accommodation": _TERMS,
            "extra_minutes": 30,
            "changed_by": "exam-office",
            "changed_at": "2025-12-01T08:00:00Z",
        },
        "ConsentRequest": {"given": True, "text_version": "2026-11-22", "language": "en"},
        "ConsentsOut": {"candidate_id": "CAND-2024-12345", "items": [_WORD]},
        "ConsentChangeOut": {"consent": _WORD, "running_sessions": []},
    }
)
