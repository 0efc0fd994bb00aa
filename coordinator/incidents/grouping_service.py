"""Regroups incidents in the database as alerts arrive. Flushes, never commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, sql
from sqlmodel import Session, col, select, update

from coordinator.alerts.tables import StoredAlert
from coordinator.ground.ids import uuid7
from coordinator.incidents.regroup import KnownIncident, Placed, place
from coordinator.incidents.states import State, progress, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass, EventType
from shared.incidents import LONGEST_S, WITHIN_S, Span, gather

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
    since = {one.id: _since(one, changed[one.id]) for one in sessions}
    made: list[dict[str, Any]] = []
    homes: list[tuple[_Sitting, Placed, UUID]] = []
    for sitting in _load(db, sessions, _reached(db, since)):
        for placed in _placed(sitting, now_utc):
            outline = _outline(sitting, placed)
            incident_id = placed.incident_id or uuid7()
            if placed.incident_id is None:
                made.append(_made(incident_id, sitting.session, outline, now_utc))
            else:
                incident = sitting.incidents[placed.incident_id]
                _update(incident, bool(_moved(sitting, placed, incident_id)), outline, now_utc)
                for absorbed_id in placed.absorbed:
                    _merge(db, sitting.incidents[absorbed_id], incident)
            homes.append((sitting, placed, incident_id))
    if made:
        db.execute(insert(Incident), made)  # before anything refers to them
    linked = [row for one in homes for row in _link(*one)]
    if linked:
        db.execute(insert(IncidentAlert), linked)
    for session in sessions:
        session.ungrouped_utc = None
    db.flush()


def owe(db: Session, changed: Mapping[UUID, datetime]) -> None:
    """Note from when alerts of these sessions have no incident: the next `regroup` begins there."""
    for session in _lock(db, sorted(changed)):
        session.ungrouped_utc = _since(session, changed[session.id])
    db.flush()


def _placed(sitting: _Sitting, now_utc: datetime) -> list[Placed]:
    session = sitting.session
    # No alert lasts longer than its session, even if its end never arrived.
    latest = min(now_utc, session.ended_utc or session.expires_utc)
    groups = gather((one.span for one in sitting.findings.values()), latest)
    known = [KnownIncident(one.id, progress(one.state)) for one in sitting.incidents.values()]
    members = {alert_id: link.incident_id for alert_id, link in sitting.links.items()}
    return place(groups, known, members)


def _lock(db: Session, session_ids: list[UUID]) -> Sequence[ExamSession]:
    # Not plain FOR UPDATE: it would wait for every transaction that stores an alert of the session.
    wanted = (
        select(ExamSession)
        .where(col(ExamSession.id).in_(session_ids))
        .order_by(col(ExamSession.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return db.exec(wanted).all()


def _since(session: ExamSession, changed_utc: datetime) -> datetime:
    """The time from which a session must be regrouped: that of the change, or of an earlier failed
    grouping."""
    return changed_utc if session.ungrouped_utc is None else min(session.ungrouped_utc, changed_utc)


def _reached(db: Session, since: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
    """The same, moved back to the start of every incident that the change may extend, split or merge."""
    within, longest = timedelta(seconds=WITHIN_S), timedelta(seconds=LONGEST_S)
    near = (
        and_(
            col(Incident.session_id) == session_id,
            col(Incident.begins_utc) >= onset_utc - longest,  # earlier ones cannot be extended
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
    findings = _findings(db, sessions, since)
    return [_Sitting(one, findings[one.id], incidents[one.id], links[one.id]) for one in sessions]


def _findings(
    db: Session, sessions: Sequence[ExamSession], since: Mapping[UUID, datetime]
) -> defaultdict[UUID, dict[UUID, _Finding]]:
    table = StoredAlert.__table__.c  # type: ignore[attr-defined]
    # With the tenant, because the index of timelines begins with it.
    reached = or_(
        *(
            and_(
                table.tenant_id == one.tenant_id, table.session_id == one.id, table.onset_utc >= since[one.id]
            )
            for one in sessions
        )
    )
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


def _outline(sitting: _Sitting, placed: Placed) -> dict[str, Any]:
    """The columns of an incident that follow from its alerts."""
    findings = [sitting.findings[span.alert_id] for span in placed.spans]
    return {
        "severity": max(one.severity for one in findings),
        "events": list(dict.fromkeys(one.event.value for one in findings)),
        "alert_count": len(findings),
        "begins_utc": placed.spans[0].onset,
        "ends_utc": _end(placed.spans),
    }


def _made(
    incident_id: UUID, session: ExamSession, outline: dict[str, Any], now_utc: datetime
) -> dict[str, Any]:
    """The row of a new incident."""
    return {
        **outline,
        "id": incident_id,
        "tenant_id": session.tenant_id,
        "session_id": session.id,
        "state": State.OPEN,
        "queue_place": queue_place(State.OPEN, outline["severity"], changed=False),
        "created_utc": now_utc,
    }


def _update(incident: Incident, moved: bool, outline: dict[str, Any], now_utc: datetime) -> None:
    """Update a known incident's row; `moved` if it has new alerts."""
    if incident.state is not State.OPEN:
        left = incident.alert_count > outline["alert_count"]
        if moved or left or outline["severity"] > incident.severity:
            incident.changed_utc = now_utc
    for name, value in outline.items():
        setattr(incident, name, value)
    changed = incident.changed_utc is not None
    incident.queue_place = queue_place(incident.state, incident.severity, changed=changed)


def _moved(sitting: _Sitting, placed: Placed, incident_id: UUID) -> list[UUID]:
    """The alerts of a group that its incident did not have before."""
    return [span.alert_id for span in placed.spans if _home(sitting, span.alert_id) != incident_id]


def _home(sitting: _Sitting, alert_id: UUID) -> UUID | None:
    link = sitting.links.get(alert_id)
    return None if link is None else link.incident_id


def _end(spans: tuple[Span, ...]) -> datetime | None:
    ends = [span.cleared for span in spans if span.cleared is not None]
    return max(ends) if len(ends) == len(spans) else None


def _link(sitting: _Sitting, placed: Placed, incident_id: UUID) -> list[dict[str, Any]]:
    """Move the links of a group's alerts to its incident; returns the rows of those that had none."""
    made = []
    for alert_id in _moved(sitting, placed, incident_id):
        if link := sitting.links.get(alert_id):
            link.incident_id = incident_id
        else:
            tenant_id = sitting.session.tenant_id
            made.append({"alert_id": alert_id, "tenant_id": tenant_id, "incident_id": incident_id})
    return made


def _merge(db: Session, absorbed: Incident, into: Incident) -> None:
    absorbed.state, absorbed.merged_into_id = State.MERGED, into.id
    absorbed.claimed_by = absorbed.claim_expires_utc = absorbed.changed_utc = None
    absorbed.queue_place = queue_place(State.MERGED, absorbed.severity, changed=False)
    # Pointers to it are updated, so that every pointer leads to an unmerged incident in one step.
    pointing = col(Incident.merged_into_id) == absorbed.id
    db.exec(update(Incident).where(pointing).values(merged_into_id=into.id))
