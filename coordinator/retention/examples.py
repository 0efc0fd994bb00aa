"""Examples of the bodies of `shared.api.retention`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_CLASS: Final = {
    "kept": "templates",
    "due": 2,
    "held": 1,
    "under_review": 0,
    "later": 310,
    "next_due_at": "2026-03-12T14:00:00Z",
}
_ITEM: Final = {
    "kept": "templates",
    "candidate_id": "CAND-2024-12345",
    "exam_id": None,
    "due_at": "2026-03-11T14:00:00Z",
    "kept_back": ["legal-hold"],
}
_ERASED: Final = {"kept": "templates", "things": 2, "keys": 4, "rows": 2}

RETENTION_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "RetentionRunRequest": {"persons": 200},
        "RetentionClassOut": _CLASS,
        "RetentionItemOut": _ITEM,
        "RetentionPlanOut": {
            "at": "2026-03-11T15:00:00Z",
            "classes": [_CLASS],
            "items": [_ITEM],
            "more": False,
        },
        "RetentionErasedOut": _ERASED,
        "RetentionRunOut": {"erased": [_ERASED], "more": False},
        "RetentionReportOut": {
            "done_at": "2026-03-11T15:00:00Z",
            "running": False,
            "days": [{"day": "2026-03-11", **_ERASED}],
        },
    }
)
