"""Examples of the bodies of `shared.api.node_settings`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_GIVEN: Final = {"rating": 6, "level": "L2"}
_WEIGHTS: Final = {"head-pose": "fsanet@688590"}

DESIRED_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "SettingsRequest": {"settings": _GIVEN, "weights": _WEIGHTS, "reason": "a loud hall"},
        "GivenSettingsOut": {
            "version": 7,
            "scope": "region",
            "target": "eu-west",
            "settings": _GIVEN,
            "weights": _WEIGHTS,
            "reason": "a loud hall",
            "made_by": "olga",
            "made_at": "2025-12-12T14:00:00Z",
        },
        "NodeSettingsOut": {
            "node_id": "3f1d2c4b-5a69-4c4e-9b6e-0193a5f05a00",
            "version": 7,
            "settings": _GIVEN,
            "weights": _WEIGHTS,
            "origins": {"rating": "all", "level": "region", "head-pose": "region"},
            "state": "pending",
            "reason": "it needs a restart and waits until the node has no session",
            "reported_version": 7,
            "version_in_force": 5,
        },
    }
)
