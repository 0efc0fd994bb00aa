"""GET /api/v1/incidents: the review queue, and one incident with everything needed to judge it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from coordinator.incidents import service as incidents
from coordinator.incidents.answers import incident_detail, incident_out
from coordinator.incidents.cursor import QueueCursor
from coordinator.incidents.service import IncidentQuery
from coordinator.incidents.states import Decision, State
from coordinator.reviews import reading_service as reading
from coordinator.reviews.answers import act_out
from coordinator.reviews.outcomes import rule_precision
from coordinator.web_api.cursors import read_cursor, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Staff
from shared.api.incidents import IncidentDetail, IncidentPage, RulePrecision
from shared.events.types import EventType
from shared.fields import Reference, Unit

router = APIRouter(prefix="/incidents", tags=["incidents"])
IncidentId = Annotated[UUID, Path(description="The incident's id.")]


class IncidentFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    exam_session_id: Reference | None = None
    exam_id: Reference | None = None
    candidate_id: Reference | None = None
    state: Annotated[list[State], Field(max_length=len(State))] = []
    """May be repeated. By default all states except `merged`."""
    min_severity: Unit = 0.0
    begins_with: Annotated[str, Field(min_length=1, max_length=36)] | None = None
    """Only those whose id is written so at its beginning."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class PrecisionFilters(BaseModel):
    """Query parameters."""

    model_config = ConfigDict(extra="forbid")

    exam_id: Reference | None = None


@router.get("", responses=problems(401, 403))
async def list_incidents(
    filters: Annotated[IncidentFilters, Query()], claims: Staff, parts: PartsDep
) -> IncidentPage:
    """The review queue: first incidents without a review, then those that wait for a second person or an
    appeal, then decided ones; within each the most severe first, then the oldest.

    A decided incident that has grown since its verdict is listed with those without a review.
    """
    query = IncidentQuery(
        tenant_id=claims.tenant_id,
        exam_session=filters.exam_session_id,
        exam=filters.exam_id,
        candidate=filters.candidate_id,
        states=filters.state,
        min_severity=filters.min_severity,
        begins_with=filters.begins_with,
        after=read_cursor(filters.cursor, QueueCursor),
        limit=filters.limit,
    )
    found, following = await parts.reading(lambda db: incidents.page(db, query))
    return IncidentPage(items=[incident_out(one) for one in found], next_cursor=write_cursor(following))


@router.get("/precision", responses=problems(401, 403))
async def get_precision(
    filters: Annotated[PrecisionFilters, Query()], claims: Staff, parts: PartsDep, now: Now
) -> list[RulePrecision]:
    """Per kind of event, how many of its findings were confirmed and how many dismissed."""

    def work(db: Session) -> dict[EventType, dict[Decision, int]]:
        return reading.verdicts_by_event(db, claims.tenant_id, filters.exam_id, now)

    counts = await parts.reading(work)
    return [rule_precision(event, counts[event]) for event in sorted(counts)]


@router.get("/{incident_id}", responses=problems(401, 403, 404))
async def get_incident(incident_id: IncidentId, claims: Staff, parts: PartsDep) -> IncidentDetail:
    """An incident: its first 200 alerts by onset, technical events around it, and its history."""

    def work(db: Session) -> IncidentDetail:
        found, keyring = incidents.find(db, claims.tenant_id, incident_id), parts.keys.keyring
        stored = incidents.opened(db, keyring, found.incident)
        technical = incidents.technical_around(db, keyring, found)
        history = [act_out(one) for one in reading.of_incident(db, keyring, found)]
        return incident_detail(found, stored, technical, history)

    return await parts.reading(work)
