"""GET /api/v1/alerts: an institution's alerts in order of arrival."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from coordinator.alerts import paging_service as paging
from coordinator.alerts.answers import alert_out
from coordinator.alerts.paging_service import AlertQuery
from coordinator.web_api.cursors import Cursor, read_cursor, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import PartsDep
from coordinator.web_api.security import Staff
from shared.api.alerts import AlertPage
from shared.events.types import EventClass, EventType
from shared.fields import Reference, Utc

router = APIRouter(tags=["alerts"])


class AlertFilters(BaseModel):
    """Query parameters; omitted ones do not filter."""

    model_config = ConfigDict(extra="forbid")

    exam_session_id: Reference | None = None
    event_type: EventType | None = None
    event_class: EventClass | None = None
    since: Utc | None = None
    """Received at this time or later."""
    cursor: Annotated[str, Field(max_length=200)] | None = None
    """`next_cursor` of the previous page."""
    limit: Annotated[int, Field(ge=1, le=200)] = 100


@router.get("/alerts", responses=problems(401, 403))
async def list_alerts(filters: Annotated[AlertFilters, Query()], claims: Staff, parts: PartsDep) -> AlertPage:
    """Alerts in order of arrival, oldest first. Keep the last cursor to ask later for newer alerts."""
    query = AlertQuery(
        tenant_id=claims.tenant_id,
        exam_session=filters.exam_session_id,
        event_type=filters.event_type,
        event_class=filters.event_class,
        since_utc=filters.since,
        after=read_cursor(filters.cursor, Cursor),
        limit=filters.limit,
    )
    stored, following = await parts.reading(lambda db: paging.page(db, parts.keys.keyring, query))
    return AlertPage(
        items=[alert_out(one) for one in stored],
        next_cursor=write_cursor(following),
    )
