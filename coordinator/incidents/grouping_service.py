"""Regroups incidents in the database as alerts arrive. Flushes, never commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, insert, sql
from sqlmodel import Session, col, select, update

from coordinator.alerts.tables import StoredAlert
from coordinator.ground.ids import uuid7
from coordinator.ground.instants import instants_table
from coordinator.incidents.regroup import KnownIncident, Placed, place
from coordinator.incidents.states import State, progress, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass, EventType
from shared.incidents import LONGEST_S, WITHIN_S, Span, gather

SUSPICIONS = (EventClass.CONDUCT, EventClass.IDENTITY)
_WITHIN: Final = timedelta(seconds=WITHIN_S)
_LONGEST: Final = timedelta(seconds=LONGEST_S)
"""An incident that began longer before cannot be extended."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """The clear columns of a stored alert that grouping needs."""

    span: Span
    event: EventType
    severity: float


@dataclass(frozen=True, slots=True)
class _Locked:
    """A session whose incidents nobody else groups until the transaction ends."""

    id: UUID
    tenant_id: UUID
    ended_utc: datetime | None
    expires_utc: datetime
    ungrouped_utc: datetime | None

    def since(self, changed_utc: datetime) -> datetime:
        """The time from which it must be regrouped: that of the change, or of an earlier failed grouping."""
        return changed_utc if self.ungrouped_utc is None else min(self.ungrouped_utc, changed_utc)


@dataclass(frozen=True, slots=True)
class _Sitting:
    """A session's findings and their former incidents."""

    session: _Locked
    findings: Mapping[UUID, _Finding]
    incidents: Mapping[UUID, Incident]
    homes: Mapping[UUID, UUID]
    """The incident of each alert that has one."""


@dataclass(frozen=True, slots=True)
class _Changes:
    """What is written of all sessions together."""

    made: list[dict[str, Any]] = field(default_factory=list)
    """Rows of new incidents."""
    moved: list[tuple[UUID, UUID]] = field(default_factory=list)
    """Alerts that belonged to other incidents, each with its present one."""
    linked: list[dict[str, Any]] = field(default_factory=list)
    """Rows of alerts that belonged to none."""


def regroup(db: Session, changed: Mapping[UUID, datetime], now_utc: datetime) -> None:
    """Update incidents for new or changed alerts, in the transaction that stores them: per session, from the
    earliest onset of these alerts.

    Repeating it changes nothing. The sessions are locked, so that two replicas that store alerts of one
    session at the same time group one after the other, and the second sees the alerts of both. Earlier
    incidents out of reach of the change are not read again, so a long exam costs no more than a short one.
    """
    sessions, changes = _lock(db, changed), _Changes()
    for sitting in _load(db, sessions, {one.id: one.since(changed[one.id]) for one in sessions}):
        for placed in _placed(sitting, now_utc):
            _settle(db, sitting, placed, changes, now_utc)
    _write(db, changes)
    if owing := [one.id for one in sessions if one.ungrouped_utc is not None]:
        db.exec(update(ExamSession).where(col(ExamSession.id).in_(owing)).values(ungrouped_utc=None))
    db.flush()


def owe(db: Session, changed: Mapping[UUID, datetime]) -> None:
    """Note from when alerts of these sessions have no incident: the next `regroup` begins there."""
    for one in _lock(db, changed):
        since_utc = one.since(changed[one.id])
        db.exec(update(ExamSession).where(col(ExamSession.id) == one.id).values(ungrouped_utc=since_utc))


def _settle(db: Session, sitting: _Sitting, placed: Placed, changes: _Changes, now_utc: datetime) -> None:
    """Update the incident of a group, or note the new one and the alerts that join it."""
    outline, session = _outline(sitting, placed), sitting.session
    incident_id = placed.incident_id or uuid7()
    joining = _joining(sitting, placed, incident_id)
    if placed.incident_id is None:
        changes.made.append(_made(incident_id, session, outline, now_utc))
    else:
        incident = sitting.incidents[placed.incident_id]
        _update(incident, bool(joining), outline, now_utc)
        for absorbed_id in placed.absorbed:
            _merge(db, sitting.incidents[absorbed_id], incident)
    for each in joining:
        if each in sitting.homes:
            changes.moved.append((each, incident_id))
        else:
            link = {"alert_id": each, "tenant_id": session.tenant_id, "incident_id": incident_id}
            changes.linked.append(link)


def _write(db: Session, changes: _Changes) -> None:
    if changes.made:  # before anything refers to them
        table = Incident.__table__  # type: ignore[attr-defined]
        db.connection().execute(insert(table), changes.made)
    for alert_id, incident_id in changes.moved:
        link = col(IncidentAlert.alert_id) == alert_id
        db.exec(update(IncidentAlert).where(link).values(incident_id=incident_id))
    if changes.linked:
        table = IncidentAlert.__table__  # type: ignore[attr-defined]
        db.connection().execute(insert(table), changes.linked)


def _placed(sitting: _Sitting, now_utc: datetime) -> list[Placed]:
    session = sitting.session
    # No alert lasts longer than its session, even if its end never arrived.
    latest = min(now_utc, session.ended_utc or session.expires_utc)
    groups = gather((one.span for one in sitting.findings.values()), latest)
    known = [KnownIncident(one.id, progress(one.state)) for one in sitting.incidents.values()]
    return place(groups, known, sitting.homes)


def _lock(db: Session, session_ids: Collection[UUID]) -> list[_Locked]:
    table = ExamSession.__table__.c  # type: ignore[attr-defined]
    # Not plain FOR UPDATE: it would wait for every transaction that stores an alert of the session.
    wanted = (
        sql.select(table.id, table.tenant_id, table.ended_utc, table.expires_utc, table.ungrouped_utc)
        .where(table.id.in_(session_ids))
        .order_by(table.id)
        .with_for_update(key_share=True)
    )
    return [_Locked(*row) for row in db.connection().execute(wanted)]


def _load(db: Session, sessions: Sequence[_Locked], since: Mapping[UUID, datetime]) -> list[_Sitting]:
    near = _near(db, since)
    reached = dict(since)
    for incident in near:
        if incident.ends_utc is None or incident.ends_utc >= since[incident.session_id] - _WITHIN:
            reached[incident.session_id] = min(reached[incident.session_id], incident.begins_utc)
    incidents: defaultdict[UUID, dict[UUID, Incident]] = defaultdict(dict)
    for incident in near:
        if incident.begins_utc >= reached[incident.session_id]:
            incidents[incident.session_id][incident.id] = incident
    homes = _homes(db, [each for held in incidents.values() for each in held])
    findings = _findings(db, reached)
    return [_Sitting(one, findings[one.id], incidents[one.id], homes) for one in sessions]


def _near(db: Session, since: Mapping[UUID, datetime]) -> Sequence[Incident]:
    """The incidents that a change from then on may extend, split or merge, and those after them, by id."""
    starts = instants_table(db, {one: at_utc - _LONGEST for one, at_utc in since.items()})
    wanted = (
        select(Incident)
        .join(starts, and_(col(Incident.session_id) == starts.c.id, Incident.begins_utc >= starts.c.at_utc))
        .where(Incident.state != State.MERGED)
        .order_by(col(Incident.id))
        .with_for_update(of=Incident)
        .execution_options(populate_existing=True)
    )
    return db.exec(wanted).all()


def _homes(db: Session, incident_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The incidents of their alerts."""
    table = IncidentAlert.__table__.c  # type: ignore[attr-defined]
    wanted = sql.select(table.alert_id, table.incident_id).where(table.incident_id.in_(incident_ids))
    return dict(db.connection().execute(wanted).all())


def _findings(db: Session, since: Mapping[UUID, datetime]) -> defaultdict[UUID, dict[UUID, _Finding]]:
    table, starts = StoredAlert.__table__.c, instants_table(db, since)  # type: ignore[attr-defined]
    sessions = ExamSession.__table__  # type: ignore[attr-defined]
    times = (table.onset_utc, table.raised_utc, table.cleared_utc)
    wanted = (
        sql.select(
            table.session_id, table.id, *times, table.event_type, table.severity_score, table.event_class
        )
        .join(starts, and_(table.session_id == starts.c.id, table.onset_utc >= starts.c.at_utc))
        # With the session's tenant, because the index of timelines begins with it; and without the class or
        # a tenant from elsewhere, or SQLite goes through the alerts of the whole institution.
        .join(sessions, and_(sessions.c.id == starts.c.id, sessions.c.tenant_id == table.tenant_id))
    )
    found: defaultdict[UUID, dict[UUID, _Finding]] = defaultdict(dict)
    for session_id, alert_id, *span, event, severity, kind in db.connection().execute(wanted):
        if kind in SUSPICIONS:
            found[session_id][alert_id] = _Finding(Span(alert_id, *span), event, severity)
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


def _made(incident_id: UUID, session: _Locked, outline: dict[str, Any], now_utc: datetime) -> dict[str, Any]:
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
    """Update a known incident's row; `moved`: it has new alerts."""
    if incident.state is not State.OPEN:
        left = incident.alert_count > outline["alert_count"]
        if moved or left or outline["severity"] > incident.severity:
            incident.changed_utc = now_utc
    for name, value in outline.items():
        setattr(incident, name, value)
    changed = incident.changed_utc is not None
    incident.queue_place = queue_place(incident.state, incident.severity, changed=changed)


def _joining(sitting: _Sitting, placed: Placed, incident_id: UUID) -> list[UUID]:
    """The alerts of a group that its incident did not have before."""
    return [each.alert_id for each in placed.spans if sitting.homes.get(each.alert_id) != incident_id]


def _end(spans: tuple[Span, ...]) -> datetime | None:
    ends = [span.cleared for span in spans if span.cleared is not None]
    return max(ends) if len(ends) == len(spans) else None


def _merge(db: Session, absorbed: Incident, into: Incident) -> None:
    absorbed.state, absorbed.merged_into_id = State.MERGED, into.id
    absorbed.claimed_by = absorbed.claim_expires_utc = absorbed.changed_utc = None
    absorbed.queue_place = queue_place(State.MERGED, absorbed.severity, changed=False)
    # Pointers to it are updated, so that every pointer leads to an unmerged incident in one step.
    pointing = col(Incident.merged_into_id) == absorbed.id
    db.exec(update(Incident).where(pointing).values(merged_into_id=into.id))
