"""Examples of the bodies of `shared.api.rollouts`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_NODE: Final = {
    "node_id": "3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00",
    "region": "eu-west",
    "at_hand": True,
    "comparing": 2,
    "serving": False,
}
_EVENT: Final = {
    "event": "FACE_NOT_FOUND",
    "both": 118,
    "only_old": 2,
    "only_new": 3,
    "sessions_with_fewer": 2,
    "sessions_with_more": 3,
}
_PINNED: Final = {"head-pose": "fsanet@688590"}

ROLLOUT_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "RolloutRequest": {"network": "scrfd-2.5g@1", "region": "eu-west"},
        "RolloutDecision": {"reason": "the proctors do not like it"},
        "RolloutNode": _NODE,
        "ComparedEvent": _EVENT,
        "RolloutOut": {
            "rollout_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "task": "face-detection",
            "network": "scrfd-2.5g@1",
            "former": "scrfd-500m@1",
            "region": "eu-west",
            "stage": "shadow",
            "looks": 0,
            "reason": "",
            "waits_for": "",
            "made_by": "olga",
            "began_at": "2025-12-12T14:00:00Z",
            "stage_since": "2025-12-12T14:00:00Z",
            "compared": [_EVENT],
            "exams_old": 0,
            "exams_new": 0,
            "nodes": [_NODE],
        },
        "ExamNetworksRequest": {"networks": _PINNED},
        "ExamNetworksOut": {"exam_id": "algebra-1", "networks": _PINNED},
    }
)
