"""Institutions over REST, for operators: create, list, disable, enable. Their data is never shown."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.destinations import service as destinations
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
    """Create an institution. Other replicas know about it within five seconds.

    Its staff log in through an OpenID Connect issuer, or use tokens that its first administrator creates. The
    first administrator's token is created on the coordinator's machine, so that no operator can become an
    administrator through the API.
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
    """Disable an institution: from now on it gets no new session or token, and all its tokens are refused, at
    other replicas within five seconds. Tokens created by this coordinator stay invalid even if it is enabled
    again.

    Running exams continue to their end. Their candidates may still join, and their tokens stay valid until
    the session ends. Staff of the institution can neither see these exams nor act on them.
    """

    def work(db: Session) -> TenantOut:
        disabled = tenants.disable(db, tenant_id, claims.subject, now)
        tokens.revoke_all(db, tenant_id, claims.subject, now)
        return _out(disabled)

    done = await parts.writing(work)
    await parts.verifier.refresh()
    return done


@router.post("/{tenant_id}/enable", responses=problems(401, 403, 404))
async def enable_tenant(tenant_id: TenantRef, claims: Operator, parts: PartsDep, now: Now) -> TenantOut:
    """Enable an institution again. It needs new tokens, or those of its OpenID Connect issuer."""

    def work(db: Session) -> TenantOut:
        destinations.go_on(db, tenant_id, now)
        return _out(tenants.enable(db, tenant_id))

    done = await parts.writing(work)
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
