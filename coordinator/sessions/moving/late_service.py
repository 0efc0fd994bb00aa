"""Finds open alerts that no node will end, and ends them. Flushes, never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, or_, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Fate, Written
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.keyring import Keyring
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import FIRST_EPOCH
from coordinator.nodes.tables import Assignment
from coordinator.sessions.lasting.service import LONGEST_SESSION
from coordinator.sessions.moving.late import OVER_FOR, PATIENCE, WORDS, WORDS_OVER, ended_late
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass


@dataclass(frozen=True, slots=True)
class Late:
    """An open alert, when its session left its node or was over, and the words that say so."""

    alert_id: UUID
    left_utc: datetime
    words: str


def late_ones(db: Session, now_utc: datetime, limit: int) -> list[Late]:
    """Open alerts that were first stored after the session's present node had been told what its former nodes
    said, the oldest first."""
    former = aliased(Assignment)
    told_utc = func.coalesce(col(Assignment.handed_utc), col(Assignment.from_utc))
    wanted = (
        select(StoredAlert.id, former.to_utc)
        .join(ExamSession, col(ExamSession.id) == col(StoredAlert.session_id))
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
        .join(
            former,
            (col(former.session_id) == col(StoredAlert.session_id))
            & (col(former.epoch) == col(StoredAlert.epoch)),
        )
        .where(
            ExamSession.started_utc > now_utc - LONGEST_SESSION,
            StoredAlert.tenant_id == ExamSession.tenant_id,
            col(Assignment.epoch) > FIRST_EPOCH,
            col(former.to_utc).is_not(None),
            col(StoredAlert.cleared_utc).is_(None),
            col(StoredAlert.received_utc) >= told_utc,
            StoredAlert.received_utc < now_utc - PATIENCE,
        )
        .order_by(col(StoredAlert.received_utc), col(StoredAlert.id))
        .limit(limit)
    )
    return [Late(alert_id, left_utc, WORDS) for alert_id, left_utc in db.exec(wanted) if left_utc is not None]


def left_open(db: Session, now_utc: datetime, limit: int) -> list[Late]:
    """Open alerts of nodes in sessions that were over long ago, the oldest first."""
    over_utc = now_utc - OVER_FOR
    wanted = (
        select(StoredAlert.id, ExamSession.ended_utc, ExamSession.expires_utc)
        .join(ExamSession, col(ExamSession.id) == col(StoredAlert.session_id))
        .where(
            ExamSession.started_utc > now_utc - LONGEST_SESSION,
            or_(col(ExamSession.ended_utc) < over_utc, col(ExamSession.expires_utc) < over_utc),
            StoredAlert.tenant_id == ExamSession.tenant_id,
            col(StoredAlert.cleared_utc).is_(None),
            col(StoredAlert.node_id).is_not(None),
            StoredAlert.event_class != EventClass.MILESTONE,
            StoredAlert.received_utc < now_utc - PATIENCE,
        )
        .order_by(col(StoredAlert.received_utc), col(StoredAlert.id))
        .limit(limit)
    )
    return [
        Late(alert_id, min(ended_utc or expires_utc, expires_utc), WORDS_OVER)
        for alert_id, ended_utc, expires_utc in db.exec(wanted)
    ]


def end_one(db: Session, keyring: Keyring, one: Late, now_utc: datetime) -> Stored | None:
    """End it, unless it has ended meanwhile or its key was destroyed."""
    row = db.get(StoredAlert, one.alert_id)
    before = next(iter(alerts.opened(db, keyring, [one.alert_id])), None)
    if row is None or before is None or before.alert.cleared is not None:
        return None
    session = db.get_one(ExamSession, row.session_id)
    alert = ended_late(before.alert, one.left_utc, one.words)
    # Under no epoch: what any node writes as its end stands against this.
    written = Written(session=session, alert=alert, revision=2, node_id=row.node_id, epoch=None)
    [fate] = alerts.store(db, keyring, [written], now_utc)
    if fate is not Fate.NEW:
        return None
    return Stored(alert, session.id, 2, now_utc, before.jpeg, before.picture)
