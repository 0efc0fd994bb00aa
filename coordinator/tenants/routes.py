"""Institutions over REST, for operators: create, list, disable, enable. Nothing of what is theirs is told."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.tenants import service as tenants
from coordinator.tenants.tables import Tenant
from coordinator.tokens import service as tokens
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Operator
from shared.api.tenants import TenantOut, TenantPage, TenantRequest

router = APIRouter(prefix="/tenants", tags=["tenants"])

TenantRef = Annotated[UUID, Path(description="The institution's tenant_id.")]


@router.post("", status_code=201, responses=problems(401, 403, 409))
async def create_tenant(
    body: TenantRequest, claims: Operator, asked: AskedOnce, parts: PartsDep, now: Now
) -> TenantOut:
    """Create an institution. Other replicas know it within five seconds.

    Its people come from an OpenID Connect issuer, or from its first administrator's token, which is made on
    the coordinator's own machine: an operator cannot become an administrator here.
    """
    made = await once(parts, asked, TenantOut, lambda db: _out(tenants.create(db, body.name, now)))
    await parts.verifier.refresh()
    return made


@router.get("", responses=problems(401, 403))
async def list_tenants(
    params: Annotated[PageParams, Query()], claims: Operator, parts: PartsDep
) -> TenantPage:
    """All institutions, oldest first."""
    rows, following = await parts.reading(lambda db: tenants.page(db, params.after, params.limit))
    return TenantPage(items=[_out(row) for row in rows], next_cursor=write_cursor(following))


@router.get("/{tenant_id}", responses=problems(401, 403, 404))
async def get_tenant(tenant_id: TenantRef, claims: Operator, parts: PartsDep) -> TenantOut:
    """One institution."""
    return await parts.reading(lambda db: _out(tenants.find(db, tenant_id)))


@router.post("/{tenant_id}/disable", responses=problems(401, 403, 404))
async def disable_tenant(tenant_id: TenantRef, claims: Operator, parts: PartsDep, now: Now) -> TenantOut:
    """Disable an institution: no session and no token is made for it from now on, and every token it has is
    refused, at other replicas within five seconds. Tokens that were made here stay refused for ever.

    Exams that are running go on to their end. Their candidates keep the tokens of their sessions, which die
    with these, and may still join; nobody of the institution can look at them or act on them.
    """

    def work(db: Session) -> TenantOut:
        disabled = tenants.disable(db, tenant_id, claims.subject, now)
        tokens.revoke_all(db, tenant_id, claims.subject, now)
        return _out(disabled)

    done = await parts.writing(work)
    await parts.verifier.refresh()
    return done


@router.post("/{tenant_id}/enable", responses=problems(401, 403, 404))
async def enable_tenant(tenant_id: TenantRef, claims: Operator, parts: PartsDep) -> TenantOut:
    """Let an institution work again, with new tokens and with those of its issuer."""
    done = await parts.writing(lambda db: _out(tenants.enable(db, tenant_id)))
    await parts.verifier.refresh()
    return done


def _out(row: Tenant) -> TenantOut:
    return TenantOut(
        tenant_id=str(row.id),
        name=row.name,
        created_at=row.created_utc,
        disabled_at=row.disabled_utc,
        disabled_by=row.disabled_by,
    )
