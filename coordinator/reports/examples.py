"""An example of a session's report, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from coordinator.reviews.examples import REVIEW_EXAMPLES
from coordinator.sessions.examples import SESSION_EXAMPLES

_SESSION: Final = {
    name: value
    for name, value in SESSION_EXAMPLES["SessionListed"].items()
    if name not in ("worst_severity", "open_incidents", "incident_count")
}
_NODE: Final = _SESSION["edge_node"]
_FINDING: Final = {
    "event_id": "8c1f1a52-6d0e-5f5e-9f0e-2b7f4f0a9c11",
    "event_type": "FACE_MISMATCH",
    "event_class": "identity",
    "severity_score": 0.93,
    "confidence": 0.97,
    "onset": "2025-12-12T14:20:05.000Z",
    "cleared": "2025-12-12T14:20:41.200Z",
    "duration": 36.2,
    "explanation": "36 consecutive checks found less similarity to the enrolled face than required.",
    "evidence": {"current_similarity": 0.41, "threshold": 0.75, "consecutive_mismatches": 36},
    "message": "Please make sure that only you are in front of the camera.",
    "has_thumbnail": True,
    "picture": "kept",
    "incident_id": REVIEW_EXAMPLES["IncidentOut"]["incident_id"],
    "node": _NODE,
    "device": "cpu-openvino",
    "degradation_level": 1,
    "policy_version": 3,
    "received_at": "2025-12-12T14:20:42.010Z",
}

REPORT_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "SessionReport": {
            "report_schema": "proctor.report/1",
            "made_at": "2025-12-12T16:30:00.000Z",
            "final": True,
            "session": {**_SESSION, "status": "ended", "ended_at": "2025-12-12T15:58:20.000Z"},
            "identity": "enrolled",
            "policy_sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
            "policy_changes": [],
            "acknowledged": [
                {
                    "notice_version": "2026-11-22",
                    "language": "en",
                    "purposes": ["camera-monitoring", "identity-verification", "speech-detection"],
                    "at": "2025-12-12T13:58:00.000Z",
                }
            ],
            "totals": {
                "findings": 1,
                "technical": 0,
                "incidents": {"seconding": 1},
                "worst_open_severity": 0.93,
                "unknown_seconds": {},
            },
            "findings": [_FINDING],
            "technical": [],
            "acts": [],
            "milestones": [],
            "incidents": [{"incident": REVIEW_EXAMPLES["IncidentOut"], "history": []}],
            "seen_with": [
                {
                    "node": _NODE,
                    "region": "campus",
                    "device": "cpu-openvino",
                    "degradation_level": 1,
                    "models": {"identity": "arcface-mbf@1"},
                    "policy_version": 3,
                    "first_at": "2025-12-12T14:20:05.000Z",
                    "last_at": "2025-12-12T14:20:09.000Z",
                    "alerts": 1,
                }
            ],
            "unknown": [],
            "erased_alerts": 0,
        },
    }
)
