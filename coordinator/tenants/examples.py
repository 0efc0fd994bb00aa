"""Examples of the bodies of `shared.api.tenants`, for the API description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_ID: Final = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70"
_TENANT: Final = {
    "tenant_id": _ID,
    "name": "University of the North",
    "created_at": "2025-12-01T09:00:00Z",
    "disabled_at": None,
    "disabled_by": None,
}
_BASIS: Final = "Examination regulations, section 12; data protection assessment of 2025-11-20"
_RULE: Final = {
    "purpose": "camera-monitoring",
    "required": False,
    "basis": _BASIS,
    "recorded_by": "alice",
    "recorded_at": "2025-12-01T10:00:00Z",
}

TENANT_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "TenantRequest": {"name": "University of the North"},
        "TenantOut": _TENANT,
        "TenantPage": {"items": [_TENANT], "next_cursor": None},
        "AcknowledgementRule": {"required": False, "basis": _BASIS},
        "AcknowledgementRuleOut": _RULE,
        "OwnTenantOut": {"tenant_id": _ID, "name": "University of the North", "acknowledgements": [_RULE]},
    }
)
