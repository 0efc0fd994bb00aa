"""Incidents in the database: finds them, lists the queue, opens their alerts. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import During
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import concerns
from coordinator.ground.ids import NO_IDS, beginning
from coordinator.ground.keyring import Keyring
from coordinator.incidents.cursor import QueueCursor
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.cursors import cut
from shared.errors import Rejected
from shared.events.types import EventClass

AROUND: Final = timedelta(seconds=30)
SHOWN_TECHNICAL: Final = 50
SHOWN_ALERTS: Final = 200
"""Alerts of one incident in one answer; at 64 KiB each that is at most 12.5 MiB."""


@dataclass(frozen=True, slots=True)
class FoundIncident:
    """An incident with its session and candidate."""

    incident: Incident
    session: ExamSession
    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Selects incidents of an institution; merged ones only if their state is requested."""

    tenant_id: UUID
    exam_session: str | None = None
    exam: str | None = None
    candidate: str | None = None
    """The institution's own ids."""
    states: Sequence[State] = ()
    min_severity: float = 0.0
    begins_with: str | None = None
    """The beginning of their ids."""
    after: QueueCursor | None = None
    limit: int = 100


def find(db: Session, tenant_id: UUID, incident_id: UUID, *, lock: bool = False) -> FoundIncident:
    """The institution's incident; `lock` prevents other changes until the transaction ends.

    Raises `Rejected` (404 `incident-unknown`).
    """
    wanted = select(Incident).where(Incident.tenant_id == tenant_id, Incident.id == incident_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    row = db.exec(wanted).one_or_none()
    if row is None:
        raise Rejected("there is no incident with this id", code="incident-unknown", status=404)
    session = db.get_one(ExamSession, row.session_id)
    concerns(tenant_id, candidate_id=session.candidate_id, session_id=session.id)
    return FoundIncident(row, session, db.get_one(Candidate, session.candidate_id))


def page(db: Session, query: IncidentQuery) -> tuple[Sequence[FoundIncident], QueueCursor | None]:
    """Incidents in the order of the queue, and the next page's cursor, None on the last page."""
    order = (col(Incident.queue_place), col(Incident.begins_utc), col(Incident.id))
    wanted = (
        select(Incident, ExamSession, Candidate)
        .join(ExamSession, col(ExamSession.id) == col(Incident.session_id))
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .where(Incident.tenant_id == query.tenant_id, Incident.severity >= query.min_severity)
        .order_by(*order)
        .limit(query.limit + 1)
    )
    if query.exam_session is not None:
        wanted = wanted.where(ExamSession.reference == query.exam_session)
    if query.exam is not None:
        wanted = wanted.where(ExamSession.exam_reference == query.exam)
    if query.candidate is not None:
        wanted = wanted.where(Candidate.reference == query.candidate)
    if query.states:
        wanted = wanted.where(col(Incident.state).in_(query.states))
    else:
        wanted = wanted.where(Incident.state != State.MERGED)
    if query.begins_with is not None:
        wanted = wanted.where(col(Incident.id).between(*(beginning(query.begins_with) or NO_IDS)))
    if query.after is not None:
        wanted = wanted.where(tuple_(*order) > tuple(query.after))
    rows = [FoundIncident(*row) for row in db.exec(wanted)]
    if rows and query.exam_session is not None:
        concerns(query.tenant_id, candidate_id=rows[0].candidate.id, session_id=rows[0].session.id)
    elif rows and query.candidate is not None:
        concerns(query.tenant_id, candidate_id=rows[0].candidate.id)
    return cut(rows, query.limit, lambda found: _cursor(found.incident))


def of_session(db: Session, session: ExamSession) -> list[Incident]:
    """A session's unmerged incidents, by onset."""
    wanted = (
        select(Incident)
        .where(Incident.session_id == session.id, Incident.state != State.MERGED)
        .order_by(col(Incident.begins_utc), col(Incident.id))
    )
    return list(db.exec(wanted))


def homes(db: Session, session: ExamSession) -> dict[UUID, UUID]:
    """The incident of each of a session's alerts that has one."""
    wanted = (
        select(IncidentAlert.alert_id, IncidentAlert.incident_id)
        .join(Incident, col(Incident.id) == col(IncidentAlert.incident_id))
        .where(Incident.session_id == session.id)
    )
    return dict(db.exec(wanted).all())


def opened(db: Session, keyring: Keyring, incident: Incident) -> list[Stored]:
    """The first `SHOWN_ALERTS` alerts of an incident by onset, without those with a destroyed key."""
    wanted = (
        select(IncidentAlert.alert_id)
        .join(StoredAlert, col(StoredAlert.id) == col(IncidentAlert.alert_id))
        .where(IncidentAlert.incident_id == incident.id)
        .order_by(col(StoredAlert.onset_utc), col(StoredAlert.id))
        .limit(SHOWN_ALERTS)
    )
    return alerts.opened(db, keyring, list(db.exec(wanted)))


def technical_around(db: Session, keyring: Keyring, found: FoundIncident) -> list[Stored]:
    """The first `SHOWN_TECHNICAL` technical alerts of its session within `AROUND` of it, by onset."""
    incident = found.incident
    span = During(
        session=found.session,
        event_class=EventClass.TECHNICAL,
        begins_utc=incident.begins_utc - AROUND,
        ends_utc=None if incident.ends_utc is None else incident.ends_utc + AROUND,
        limit=SHOWN_TECHNICAL,
    )
    return alerts.during(db, keyring, span)


def _cursor(incident: Incident) -> QueueCursor:
    return QueueCursor(incident.queue_place, incident.begins_utc, incident.id)
