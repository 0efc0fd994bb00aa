"""Examples of the bodies for lists and changes of sessions, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

SESSION_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "SessionListed": {
            "session_id": "SESS-EXAM-CS101-CAND-12345",
            "session_uuid": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "candidate_id": "CAND-2024-12345",
            "exam_id": "EXAM-CS101-FINAL",
            "status": "active",
            "started_at": "2025-12-12T14:00:00Z",
            "ended_at": None,
            "session_expires_at": "2025-12-12T16:00:00Z",
            "edge_node": "7b2f3c56-0f4c-4a7b-9d0e-5d9a1c2e3f40",
            "policy_version": 3,
            "unwatched_s": {"face": 4.2, "body": 4.8, "sound": 0.0},
            "worst_severity": 0.93,
            "open_incidents": 1,
            "incident_count": 2,
        },
        "ApproveDeviceRequest": {"device_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69"},
        "DeviceOut": {
            "device_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "state": "asked",
            "check_number": "482 913",
            "asked_at": "2025-12-12T14:25:00Z",
            "ask_expires_at": "2025-12-12T14:40:00Z",
            "bound_at": None,
            "ended_at": None,
            "approved_by": None,
        },
        "SessionPolicyRequest": {
            "policy": {"sensitivity": "low"},
            "reason": "The exam allows a second screen, which everyone looks at.",
            "based_on": 1,
        },
        "SessionPolicyOut": {
            "session_id": "SESS-EXAM-CS101-CAND-12345",
            "version": 4,
            "policy": {"version": 4, "sensitivity": "low"},
            "changes": [
                {
                    "version": 4,
                    "version_before": 3,
                    "changed_by": "alice",
                    "role": "admin",
                    "reason": "The exam allows a second screen, which everyone looks at.",
                    "at": "2025-12-12T14:25:00.000Z",
                }
            ],
        },
    }
)
