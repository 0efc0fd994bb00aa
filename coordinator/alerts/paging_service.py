"""Reads an institution's alerts page by page, in order of arrival. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.acting import concerns
from coordinator.ground.keyring import Keyring
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.cursors import Cursor, cut
from shared.events.types import EventClass, EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Selects an institution's alerts, in order of arrival."""

    tenant_id: UUID
    exam_session: str | None = None
    """The institution's exam_session_id."""
    event_type: EventType | None = None
    event_class: EventClass | None = None
    since_utc: datetime | None = None
    """Received at this time or later."""
    after: Cursor | None = None
    """Received after this alert."""
    limit: int = 100


def page(db: Session, keyring: Keyring, query: AlertQuery) -> tuple[list[Stored], Cursor | None]:
    """Alerts in order of arrival, and the next page's cursor, None on the last page."""
    wanted = select(StoredAlert).where(StoredAlert.tenant_id == query.tenant_id)
    if query.exam_session is not None:
        wanted = wanted.join(ExamSession, col(ExamSession.id) == col(StoredAlert.session_id)).where(
            ExamSession.tenant_id == query.tenant_id, ExamSession.reference == query.exam_session
        )
    if query.event_type is not None:
        wanted = wanted.where(StoredAlert.event_type == query.event_type)
    if query.event_class is not None:
        wanted = wanted.where(StoredAlert.event_class == query.event_class)
    if query.since_utc is not None:
        wanted = wanted.where(StoredAlert.received_utc >= query.since_utc)
    if query.after is not None:
        wanted = wanted.where(tuple_(col(StoredAlert.received_utc), col(StoredAlert.id)) > query.after)
    order = (col(StoredAlert.received_utc), col(StoredAlert.id))
    rows = db.exec(wanted.order_by(*order).limit(query.limit + 1)).all()
    shown, following = cut(rows, query.limit, lambda row: Cursor(row.received_utc, row.id))
    if query.exam_session is not None and rows:
        session = db.get_one(ExamSession, rows[0].session_id)
        concerns(query.tenant_id, candidate_id=session.candidate_id, session_id=session.id)
    return alerts.opened_rows(db, keyring, shown), following
