"""Regroups incidents in the database as alerts arrive. Flushes, never commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, sql
from sqlmodel import Session, col, select, update

from coordinator.alerts.tables import StoredAlert
from coordinator.ground.ids import uuid7
from coordinator.incidents.regroup import Known, Placed, place
from coordinator.incidents.states import State, progress, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass, EventType
from shared.incidents import WITHIN_S, Span, gather

SUSPICIONS = (EventClass.CONDUCT, EventClass.IDENTITY)


@dataclass(frozen=True, slots=True)
class _Finding:
    """The clear columns of a stored alert that grouping needs."""

    span: Span
    event: EventType
    severity: float


@dataclass(frozen=True, slots=True)
class _Sitting:
    """A session's findings and their former incidents."""

    session: ExamSession
    findings: Mapping[UUID, _Finding]
    incidents: Mapping[UUID, Incident]
    links: Mapping[UUID, IncidentAlert]
    """By the alert's id."""


def regroup(db: Session, changed: Mapping[UUID, datetime], now_utc: datetime) -> None:
    """Update incidents for new or changed alerts, in the transaction that stores them: per session, from the
    earliest onset of these alerts.

    Repeating it changes nothing. The sessions are locked, so that two replicas that store alerts of one
    session at the same time group one after the other, and the second sees the alerts of both. Earlier
    incidents out of reach of the change are not read again, so a long exam costs no more than a short one.
    """
    sessions = _lock(db, sorted(changed))
    db.flush()
    for sitting in _load(db, sessions, _reached(db, _since(db, changed))):
        session, findings = sitting.session, sitting.findings
        # No alert lasts longer than its session, even if its end never arrived.
        latest = min(now_utc, session.ended_utc or session.expires_utc)
        groups = gather((one.span for one in findings.values()), latest)
        known = [Known(one.id, progress(one.state)) for one in sitting.incidents.values()]
        members = {alert_id: link.incident_id for alert_id, link in sitting.links.items()}
        for placed in place(groups, known, members):
            _write(db, sitting, placed, now_utc)
    db.flush()


def _lock(db: Session, session_ids: list[UUID]) -> Sequence[ExamSession]:
    # Not plain FOR UPDATE: it would wait for every transaction that stores an alert of the session.
    wanted = (
        select(ExamSession)
        .where(col(ExamSession.id).in_(session_ids))
        .order_by(col(ExamSession.id))
        .with_for_update(key_share=True)
    )
    return db.exec(wanted).all()


def _since(db: Session, changed: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
    """The time from which each session must be regrouped: that of the change, or of an earlier alert without
    an incident because grouping had failed."""
    wanted = (
        select(StoredAlert.session_id, func.min(StoredAlert.onset_utc))
        .join(IncidentAlert, col(IncidentAlert.alert_id) == col(StoredAlert.id), isouter=True)
        .where(
            col(StoredAlert.session_id).in_(changed),
            col(StoredAlert.event_class).in_(SUSPICIONS),
            col(IncidentAlert.alert_id).is_(None),
        )
        .group_by(col(StoredAlert.session_id))
    )
    since = dict(changed)
    for session_id, onset_utc in db.exec(wanted):
        since[session_id] = min(since[session_id], onset_utc)
    return since


def _reached(db: Session, since: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
    """The same, moved back to the start of every incident that the change may extend, split or merge."""
    within = timedelta(seconds=WITHIN_S)
    near = (
        and_(
            col(Incident.session_id) == session_id,
            or_(col(Incident.ends_utc).is_(None), col(Incident.ends_utc) >= onset_utc - within),
        )
        for session_id, onset_utc in since.items()
    )
    wanted = (
        select(Incident.session_id, func.min(Incident.begins_utc))
        .where(or_(*near), Incident.state != State.MERGED)
        .group_by(col(Incident.session_id))
    )
    reached = dict(since)
    for session_id, begins_utc in db.exec(wanted):
        reached[session_id] = min(reached[session_id], begins_utc)
    return reached


def _load(db: Session, sessions: Sequence[ExamSession], since: Mapping[UUID, datetime]) -> list[_Sitting]:
    reached = or_(
        *(and_(col(Incident.session_id) == one, col(Incident.begins_utc) >= at) for one, at in since.items())
    )
    incidents: defaultdict[UUID, dict[UUID, Incident]] = defaultdict(dict)
    wanted = (
        select(Incident)
        .where(reached, Incident.state != State.MERGED)
        .order_by(col(Incident.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in db.exec(wanted):
        incidents[row.session_id][row.id] = row
    links: defaultdict[UUID, dict[UUID, IncidentAlert]] = defaultdict(dict)
    joined = (
        select(IncidentAlert, Incident.session_id)
        .join(Incident, col(Incident.id) == col(IncidentAlert.incident_id))
        .where(reached)
    )
    for link, session_id in db.exec(joined):
        links[session_id][link.alert_id] = link
    findings = _findings(db, since)
    return [_Sitting(one, findings[one.id], incidents[one.id], links[one.id]) for one in sessions]


def _findings(db: Session, since: Mapping[UUID, datetime]) -> defaultdict[UUID, dict[UUID, _Finding]]:
    table = StoredAlert.__table__.c  # type: ignore[attr-defined]
    reached = or_(*(and_(table.session_id == one, table.onset_utc >= at) for one, at in since.items()))
    instants = (table.onset_utc, table.raised_utc, table.cleared_utc)
    rows = db.connection().execute(
        sql.select(table.session_id, table.id, *instants, table.event_type, table.severity_score).where(
            reached, table.event_class.in_(SUSPICIONS)
        )
    )
    found: defaultdict[UUID, dict[UUID, _Finding]] = defaultdict(dict)
    for session_id, alert_id, onset, raised, cleared, event, severity in rows:
        found[session_id][alert_id] = _Finding(Span(alert_id, onset, raised, cleared), event, severity)
    return found


def _write(db: Session, sitting: _Sitting, placed: Placed, now_utc: datetime) -> None:
    findings = [sitting.findings[span.alert_id] for span in placed.spans]
    severity = max(one.severity for one in findings)
    known = sitting.incidents.get(placed.incident_id) if placed.incident_id is not None else None
    incident = known or _new(sitting.session, now_utc)
    moved = [span.alert_id for span in placed.spans if _home(sitting, span.alert_id) != incident.id]
    if known is not None and known.state is not State.OPEN:
        left = known.alert_count + len(moved) > len(findings)
        if moved or left or severity > known.severity:
            known.changed_utc = now_utc
    incident.severity = severity
    incident.events = list(dict.fromkeys(one.event.value for one in findings))
    incident.alert_count = len(findings)
    incident.begins_utc = placed.spans[0].onset
    incident.ends_utc = _end(placed.spans)
    incident.queue_place = queue_place(incident.state, severity, changed=incident.changed_utc is not None)
    if known is None:
        db.add(incident)
        db.flush()
    _link(db, sitting, incident, moved)
    for absorbed_id in placed.absorbed:
        _merge(db, sitting.incidents[absorbed_id], incident)


def _new(session: ExamSession, now_utc: datetime) -> Incident:
    return Incident(
        id=uuid7(),
        tenant_id=session.tenant_id,
        session_id=session.id,
        state=State.OPEN,
        queue_place=0,
        severity=0.0,
        events=[],
        alert_count=0,
        begins_utc=now_utc,
        created_utc=now_utc,
    )


def _home(sitting: _Sitting, alert_id: UUID) -> UUID | None:
    link = sitting.links.get(alert_id)
    return None if link is None else link.incident_id


def _end(spans: tuple[Span, ...]) -> datetime | None:
    ends = [span.cleared for span in spans if span.cleared is not None]
    return max(ends) if len(ends) == len(spans) else None


def _link(db: Session, sitting: _Sitting, incident: Incident, moved: list[UUID]) -> None:
    for alert_id in moved:
        if link := sitting.links.get(alert_id):
            link.incident_id = incident.id
        else:
            db.add(IncidentAlert(alert_id=alert_id, tenant_id=incident.tenant_id, incident_id=incident.id))


def _merge(db: Session, absorbed: Incident, into: Incident) -> None:
    absorbed.state, absorbed.merged_into_id = State.MERGED, into.id
    absorbed.claimed_by = absorbed.claim_expires_utc = absorbed.changed_utc = None
    absorbed.queue_place = queue_place(State.MERGED, absorbed.severity, changed=False)
    # Pointers to it are updated, so that every pointer leads to an unmerged incident in one step.
    pointing = col(Incident.merged_into_id) == absorbed.id
    db.exec(update(Incident).where(pointing).values(merged_into_id=into.id))
