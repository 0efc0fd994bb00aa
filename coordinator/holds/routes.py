"""Legal holds over REST: data protection officers place and release them, administrators read them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.holds import service as holds
from coordinator.holds.answers import holds_out
from coordinator.holds.service import HoldQuery
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Auditor, Dpo
from shared.api.holds import LegalHoldOut, LegalHoldPage, LegalHoldRequest
from shared.fields import Reference

router = APIRouter(prefix="/legal-holds", tags=["privacy"])

HoldRef = Annotated[UUID, Path(description="The hold's hold_id.")]


class HoldFilters(PageParams):
    """Query parameters; omitted ones do not filter."""

    candidate_id: Reference | None = None
    """Holds that keep something of this person."""
    ended: bool = False
    """Also those that have ended or were released."""


@router.get("", responses=problems(401, 403, 404))
async def list_legal_holds(
    filters: Annotated[HoldFilters, Query()], claims: Auditor, parts: PartsDep, now: Now
) -> LegalHoldPage:
    """List legal holds, oldest first."""

    def work(db: Session) -> LegalHoldPage:
        name = filters.candidate_id
        query = HoldQuery(
            tenant_id=claims.tenant_id,
            candidate_id=candidates.known(db, claims.tenant_id, name).id if name is not None else None,
            in_force_utc=None if filters.ended else now,
            after=filters.after,
            limit=filters.limit,
        )
        rows, following = holds.page(db, query)
        items = holds_out(db, parts.keys.keyring, rows, now)
        return LegalHoldPage(items=items, next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.post("", status_code=201, responses=problems(401, 403, 404, 409))
async def place_legal_hold(
    body: LegalHoldRequest, claims: Dpo, asked: AskedOnce, parts: PartsDep, now: Now
) -> LegalHoldOut:
    """Keep a person, an exam or an incident from being erased, by a date or on request."""
    keyring = parts.keys.keyring

    def work(db: Session) -> LegalHoldOut:
        row = holds.place(db, keyring, claims, body, now)
        return holds_out(db, keyring, [row], now)[0]

    return await once(parts, asked, LegalHoldOut, work, lambda made: made.candidate_id or "")


@router.post("/{hold_id}/release", responses=problems(401, 403, 404))
async def release_legal_hold(hold_id: HoldRef, claims: Dpo, parts: PartsDep, now: Now) -> LegalHoldOut:
    """End a hold. What is overdue is erased within the hour."""

    def work(db: Session) -> LegalHoldOut:
        row = holds.release(db, claims.tenant_id, hold_id, claims.subject, now)
        return holds_out(db, parts.keys.keyring, [row], now)[0]

    return await parts.writing(work)
