"""The audit log over REST: pages with filters for reading, a file for keeping and checking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from coordinator.audit import lines_service as lines, service as audit
from coordinator.audit.answers import entries_out
from coordinator.audit.service import AuditQuery
from coordinator.candidates import service as candidates
from coordinator.retention import exporting
from coordinator.sessions import service as sessions
from coordinator.web_api.cursors import cut, read_cursor, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Parts, PartsDep
from coordinator.web_api.security import Auditor
from shared.api.audit import AuditPage
from shared.audit_file import first_line
from shared.fields import Reference, Utc

router = APIRouter(prefix="/audit", tags=["audit"])

LINES = "application/x-ndjson"


class PageEnd(NamedTuple):
    """The last entry of a page."""

    number: int


class AuditFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    candidate_id: Reference | None = None
    exam_session_id: Reference | None = None
    act: Annotated[str, Field(max_length=80)] | None = None
    role: Annotated[str, Field(max_length=20)] | None = None
    since: Utc | None = None
    """At this time or later."""
    until: Utc | None = None
    """Before this time."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class AuditRange(BaseModel):
    """Query parameters of a file."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, lt=2**53)] = 0
    """The number of the last entry that you already have."""


@router.get("", responses=problems(401, 403, 404))
async def list_audit(
    filters: Annotated[AuditFilters, Query()], claims: Auditor, parts: PartsDep
) -> AuditPage:
    """Who read or changed what, oldest first. An act appears about a second after it was answered."""
    after = read_cursor(filters.cursor, PageEnd)

    def work(db: Session) -> AuditPage:
        query = AuditQuery(
            tenant_id=claims.tenant_id,
            candidate_id=_candidate(db, claims.tenant_id, filters.candidate_id),
            session_id=_session(db, claims.tenant_id, filters.exam_session_id),
            act=filters.act,
            role=filters.role,
            since_utc=filters.since,
            until_utc=filters.until,
            after=after.number if after is not None else 0,
            limit=filters.limit,
        )
        rows, following = cut(audit.page(db, query), query.limit, lambda row: PageEnd(row.number or 0))
        return AuditPage(items=entries_out(db, parts.keys.keyring, rows), next_cursor=write_cursor(following))

    return await parts.reading(work)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={**problems(401, 403, 404, 410), 200: {"content": {LINES: {}}}},
)
async def export_audit(
    extent: Annotated[AuditRange, Query()], claims: Auditor, parts: PartsDep
) -> StreamingResponse:
    """The log as a file of JSON lines, with its signed checkpoints, for `proctorctl audit verify`. Names and
    addresses are sealed in it. It begins where the archives end, and has also what is archived meanwhile."""
    tenant_id = claims.tenant_id
    after, chain = await parts.reading(lambda db: lines.start(db, tenant_id, extent.after))
    successions = parts.keys.signing_keys.current.successions
    begin = first_line(tenant_id, after, chain, parts.keys.signing_text, successions)
    return StreamingResponse(_lines(parts, tenant_id, after, begin), media_type=LINES)


@router.get(
    "/checkpoints",
    response_class=StreamingResponse,
    responses={**problems(401, 403, 503), 200: {"content": {LINES: {}}}},
)
async def export_audit_checkpoints(claims: Auditor, parts: PartsDep) -> StreamingResponse:
    """The signed checkpoints as the hub has them, whatever became of the database: `proctorctl audit verify
    --earlier` holds a log to them."""
    published = parts.checkpoint_stream.published(claims.tenant_id)
    first = await anext(published, b"")  # before the answer begins, which could not say that the hub is away

    async def all_of() -> AsyncIterator[bytes]:
        yield first
        async for one in published:
            yield one

    return StreamingResponse(all_of(), media_type=LINES)


async def _lines(parts: Parts, tenant_id: UUID, after: int, begin: str) -> AsyncIterator[str]:
    yield begin
    async for text in exporting.exported(parts, tenant_id, after):
        yield text


def _candidate(db: Session, tenant_id: UUID, reference: str | None) -> UUID | None:
    return candidates.known(db, tenant_id, reference).id if reference is not None else None


def _session(db: Session, tenant_id: UUID, reference: str | None) -> UUID | None:
    return sessions.find(db, tenant_id, reference).session.id if reference is not None else None
