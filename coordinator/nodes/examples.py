"""Examples of the bodies of `shared.api.nodes`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_ID: Final = "3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00"
_HOUR: Final = {
    "node_id": _ID,
    "at": ["2025-12-12T14:00:00Z", "2025-12-12T14:01:00Z"],
    "sessions": [5, 6],
    "lag_p95_s": [0.12, 0.14],
    "level": [1, 1],
    "cpu": [0.55, 0.61],
    "outbox": [0, 3],
}

NODE_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "PlacementRequest": {"reason": "its fan is loud"},
        "DrainRequest": {"reason": "a new kernel", "deadline_at": "2025-12-12T18:00:00Z"},
        "NodeOut": {
            "node_id": _ID,
            "region": "eu-west",
            "name": "hall 3",
            "joined_at": "2025-11-01T08:00:00Z",
            "revoked_at": None,
            "status": "online",
            "health": 10,
            "reasons": [],
            "clock_skew_s": 0.0,
            "refused_commands": {},
            "level": 1,
            "device": "cpu-openvino",
            "models": {"faces": "scrfd@1"},
            "sessions": 6,
            "rating": 8,
            "last_seen_at": "2025-12-12T14:01:05Z",
            "state": "draining",
            "why": [
                {
                    "reason": "draining",
                    "text": "It gets no new sessions; its running exams go on until they end.",
                    "fix": "Wait, or run `proctorctl nodes uncordon` to end the drain.",
                }
            ],
            "placement": "draining",
            "placement_since": "2025-12-12T14:00:30Z",
            "placement_reason": "a new kernel",
            "drain_deadline_at": "2025-12-12T18:00:00Z",
            "left": {"waiting": 1, "running": 5, "until": "2025-12-12T16:30:00Z"},
            "outbox_waiting": 3,
            "measures": {
                "product": "0.1.0",
                "lag_p95_s": 0.14,
                "cpu": 0.61,
                "memory": 0.4,
                "disk_free_bytes": 51_539_607_552,
                "clock_offset_s": 0.01,
                "certificate_begins_at": "2025-12-12T08:00:00Z",
                "certificate_ends_at": "2025-12-13T08:05:00Z",
            },
            "policy_versions": {"1": 4, "2": 2},
            "settings": {"version": 7, "state": "applied", "reason": ""},
        },
        "NodeHistoryOut": {"since": "2025-12-12T13:59:58Z", "nodes": [_HOUR]},
    }
)
