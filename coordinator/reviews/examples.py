"""Examples of the bodies about incidents and proctors' acts, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_INCIDENT: Final = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70"

REVIEW_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "IncidentOut": {
            "incident_id": _INCIDENT,
            "exam_session_id": "SESS-EXAM-CS101-CAND-12345",
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "state": "seconding",
            "severity": 0.93,
            "event_types": ["FACE_MISMATCH", "GAZE_OFF_SCREEN"],
            "alert_count": 3,
            "begins_at": "2025-12-12T14:20:05.000Z",
            "ends_at": "2025-12-12T14:20:41.200Z",
            "claimed_by": None,
            "claim_expires_at": None,
            "decided_at": None,
            "effective_at": "2025-12-12T15:02:27.000Z",
            "changed_at": None,
            "merged_into": None,
        },
        "CommentRequest": {"text": "The same happened in the practice run; compare the light."},
        "ConfirmRequest": {"text": "A second person sits down at 14:20:11 and answers.", "alert_count": 3},
        "DismissRequest": {"reason": "false-detection", "text": "The second face is a poster."},
        "AppealRequest": {"text": "My brother came in to bring water and left at once."},
        "AppealDecision": {"decision": "overturn", "text": "The recording agrees with the candidate."},
        "RulePrecision": {
            "event_type": "GAZE_OFF_SCREEN",
            "confirmed": 9,
            "dismissed": 27,
            "decided": 36,
            "precision": 0.25,
        },
        "OutcomeOut": {
            "incident_id": _INCIDENT,
            "begins_at": "2025-12-12T14:20:05.000Z",
            "ends_at": "2025-12-12T14:20:41.200Z",
            "observed": ["More than one face is visible."],
            "outcome": "confirmed",
            "explanation": "Two reviewers looked at this and confirmed it. You may appeal against it.",
            "may_appeal": True,
        },
        "RescoreRequest": {"policy": {"rules": {"GAZE_OFF_SCREEN": {"severity": 0.2, "hold_s": 8}}}},
        "MessageRequest": {"message": "Please turn your camera towards you."},
        "InterventionRequest": {"reason": "The fire alarm of the building went off."},
        "ExtraTimeRequest": {"minutes": 10, "reason": "Ten minutes were lost to the fire alarm."},
    }
)
