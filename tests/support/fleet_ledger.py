"""What the database of a fleet has of its sessions, beside what the nodes' outboxes have kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlmodel import select

from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.arriving.tables import ParkedMessage
from coordinator.ground.database import Database
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass, EventType
from tests.support.fleet_node import Kept
from tests.support.fleet_pages import EMPTY_S


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the database has of the sessions."""

    alerts: Mapping[UUID, StoredAlert]
    refused: Mapping[tuple[str, str, int], str]
    """Reasons, by place in an outbox."""
    parked: Mapping[tuple[str, str, int], str]
    held: Mapping[UUID, list[Assignment]]
    """By session, in the order of epochs."""
    names: Mapping[UUID, str]


def ledger(database: Database) -> Ledger:
    with database.read() as db:
        assignments = db.exec(select(Assignment).order_by(Assignment.epoch)).all()  # type: ignore[arg-type]
        held: dict[UUID, list[Assignment]] = {}
        for one in assignments:
            held.setdefault(one.session_id, []).append(one)
        return Ledger(
            {one.id: one for one in db.exec(select(StoredAlert))},
            {_place(one): one.reason for one in db.exec(select(RefusedAlert))},
            {_place(one): one.reason for one in db.exec(select(ParkedMessage))},
            held,
            {one.id: one.reference for one in db.exec(select(ExamSession))},
        )


def _place(one: RefusedAlert | ParkedMessage) -> tuple[str, str, int]:
    return (str(one.outbox_id), one.lane.value, one.sequence)


def lacking(kept: list[Kept], known: Ledger) -> list[Kept]:
    """What outboxes have kept, and the coordinators do not have."""
    return [
        one
        for one in kept
        if one.place not in known.refused
        and one.place not in known.parked
        and (one.alert_id not in known.alerts or known.alerts[one.alert_id].revision < one.revision)
    ]


def lasting(known: Ledger) -> list[StoredAlert]:
    """Alerts that are open; milestones never end."""
    milestone = EventClass.MILESTONE
    return [one for one in known.alerts.values() if one.cleared_utc is None and one.event_class != milestone]


def stale(kept: list[Kept], known: Ledger) -> list[str]:
    """Alerts of which an older revision, or the same one of an older epoch, stands for a newer one."""
    newest: dict[UUID, tuple[int, int]] = {}
    for one in kept:
        if one.place not in known.refused and one.place not in known.parked:
            newest[one.alert_id] = max(newest.get(one.alert_id, (0, 0)), (one.revision, one.epoch))
    return [
        f"{alert_id}: {known.alerts[alert_id].revision, known.alerts[alert_id].epoch} for {wanted}"
        for alert_id, wanted in newest.items()
        if alert_id in known.alerts
        and (known.alerts[alert_id].revision, known.alerts[alert_id].epoch or 0) < wanted
    ]


def doubled(known: Ledger) -> list[str]:
    """Absences that two alerts tell of, although the second one's node could know the first."""
    absences: dict[UUID, list[StoredAlert]] = {}
    for one in sorted(known.alerts.values(), key=lambda each: each.onset_utc):
        if one.event_type is EventType.FACE_NOT_FOUND:
            absences.setdefault(one.session_id, []).append(one)
    found = []
    for session_id, alerts in absences.items():
        for first, second in pairwise(alerts):
            apart_s = (second.onset_utc - first.onset_utc).total_seconds()
            if apart_s < EMPTY_S and first.received_utc < _since(known, second):
                found.append(f"{known.names[session_id]}: {first.id} and {second.id}, {apart_s:.2f} s apart")
    return found


def _since(known: Ledger, alert: StoredAlert) -> datetime:
    """When the node that raised an alert got its session."""
    return next(one.from_utc for one in known.held[alert.session_id] if one.epoch == alert.epoch)
