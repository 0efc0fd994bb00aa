"""GET /api/v1/sessions: the wall of an institution's sessions, worst first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from coordinator.nodes.fleet import Fleet
from coordinator.sessions.answers import session_out
from coordinator.sessions.listing import service as listing
from coordinator.sessions.listing.cursor import SessionCursor
from coordinator.sessions.listing.service import Listed, SessionQuery
from coordinator.sessions.presence.answers import card_of, page_out
from coordinator.web_api.cursors import read_cursor, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Staff
from shared.api.sessions import SessionListed, SessionPage, SessionStatus
from shared.fields import Reference, Unit

router = APIRouter(prefix="/sessions", tags=["sessions"])


class SessionFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    exam_id: Reference | None = None
    candidate_id: Reference | None = None
    state: Annotated[list[SessionStatus], Field(max_length=len(SessionStatus))] = []
    """May be repeated."""
    min_severity: Unit = 0.0
    begins_with: Reference | None = None
    """Only those whose id begins so."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


@router.get("", responses=problems(401, 403))
async def list_sessions(
    filters: Annotated[SessionFilters, Query()], claims: Staff, parts: PartsDep, now: Now
) -> SessionPage:
    """Sessions by the highest severity of their undismissed incidents; among equals, newest first.

    Severities change while exams run: a session that became worse between two pages may be missing on the
    next one, and is at the top when the list is requested again.
    """
    query = SessionQuery(
        tenant_id=claims.tenant_id,
        exam=filters.exam_id,
        candidate=filters.candidate_id,
        states=filters.state,
        min_severity=filters.min_severity,
        begins_with=filters.begins_with,
        after=read_cursor(filters.cursor, SessionCursor),
        limit=filters.limit,
    )
    listed, following = await parts.reading(lambda db: listing.page(db, query, now))
    items = [listed_out(parts.fleet, one, now) for one in listed]
    return SessionPage(items=items, next_cursor=write_cursor(following))


def listed_out(fleet: Fleet, listed: Listed, now_utc: datetime) -> SessionListed:
    """A session of the list in the API's form."""
    found = listed.found
    card = card_of(fleet, found.session, found.assignment.node_id, listed.opened_utc, now_utc)
    return SessionListed(
        **session_out(found, now_utc).model_dump(exclude={"page"}),
        page=page_out(card),
        worst_severity=listed.worst,
        open_incidents=listed.waiting,
        incident_count=listed.incidents,
    )
