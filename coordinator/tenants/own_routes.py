"""The caller's own institution over REST, and which acknowledgements it requires."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session

from coordinator.tenants import service as tenants
from coordinator.tenants.answers import rules_out
from coordinator.tenants.tables import Tenant
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Admin, Privacy
from shared.api.tenants import AcknowledgementRule, OwnTenantOut
from shared.consents import OF_SESSIONS, Purpose
from shared.errors import Rejected

router = APIRouter(prefix="/tenant", tags=["tenants"])


@router.get("", responses=problems(401, 403))
async def get_own_tenant(claims: Privacy, parts: PartsDep) -> OwnTenantOut:
    """The caller's own institution, and which purposes its candidates must acknowledge."""
    return await parts.reading(lambda db: _out(tenants.find(db, claims.tenant_id)))


@router.put("/acknowledgements/{purpose}", responses=problems(401, 403))
async def put_acknowledgement_rule(
    purpose: Annotated[Purpose, Path()], body: AcknowledgementRule, claims: Admin, parts: PartsDep, now: Now
) -> OwnTenantOut:
    """Set whether the institution's candidates must acknowledge a purpose before data is used for it.

    By default they must. This setting, or an exam's policy (`without_acknowledgement`), can change that. A
    withdrawal always counts. The setting applies to enrollments and sessions that begin from now on.
    """
    if purpose not in OF_SESSIONS:
        raise Rejected(
            f"{purpose} always requires the candidate's own consent", code="own-consent-needed", status=422
        )

    def work(db: Session) -> OwnTenantOut:
        tenant = tenants.find(db, claims.tenant_id, to_change=True)
        tenants.set_rule(db, tenant, purpose, body, claims.subject, now)
        return _out(tenant)

    return await parts.writing(work)


def _out(row: Tenant) -> OwnTenantOut:
    return OwnTenantOut(tenant_id=str(row.id), name=row.name, acknowledgements=rules_out(row))
