"""The part of the client for institutions."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.tenants import AcknowledgementRule, OwnTenantOut, TenantOut, TenantPage, TenantRequest


class TenantCalls:
    """Calls about institutions, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create(self, request: TenantRequest) -> TenantOut:
        return self._calls.one("POST", path_of("tenants"), TenantOut, body=request)

    def listed(self, most: int | None) -> list[TenantOut]:
        """Institutions, the oldest first."""
        return self._calls.pages(path_of("tenants"), TenantPage, most)

    def disable(self, tenant_id: str) -> TenantOut:
        return self._calls.one("POST", path_of("tenants", tenant_id, "disable"), TenantOut)

    def enable(self, tenant_id: str) -> TenantOut:
        return self._calls.one("POST", path_of("tenants", tenant_id, "enable"), TenantOut)

    def own(self) -> OwnTenantOut:
        return self._calls.one("GET", path_of("tenant"), OwnTenantOut)

    def set_acknowledgement(self, purpose: str, rule: AcknowledgementRule) -> OwnTenantOut:
        path = path_of("tenant", "acknowledgements", purpose)
        return self._calls.one("PUT", path, OwnTenantOut, body=rule)
