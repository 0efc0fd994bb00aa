"""Examples of the bodies of `shared.api.holds`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_REASON: Final = "Case 2025/17 at the administrative court"

HOLD_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "LegalHoldRequest": {
            "candidate_id": "CAND-2024-12345",
            "reason": _REASON,
            "until": "2035-12-12T14:00:00Z",
        },
        "LegalHoldOut": {
            "hold_id": "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a69",
            "thing": "candidate",
            "candidate_id": "CAND-2024-12345",
            "exam_id": None,
            "incident_id": None,
            "reason": _REASON,
            "held_by": "dora",
            "held_at": "2025-12-12T14:00:00Z",
            "until": "2035-12-12T14:00:00Z",
            "released_by": None,
            "released_at": None,
            "in_force": True,
        },
    }
)
