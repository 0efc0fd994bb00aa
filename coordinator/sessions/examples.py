"""Examples of the bodies about changes of a running session, for the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

SESSION_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "SessionPolicyRequest": {
            "policy": {"sensitivity": "low"},
            "reason": "The exam allows a second screen, to which everybody looks.",
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
                    "reason": "The exam allows a second screen, to which everybody looks.",
                    "at": "2025-12-12T14:25:00.000Z",
                }
            ],
        },
    }
)
