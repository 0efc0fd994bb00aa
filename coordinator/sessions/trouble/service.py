"""Reads the sessions of nodes that have a problem, and writes their alerts. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.candidates.tables import Candidate
from coordinator.ground.keyring import Keyring
from coordinator.nodes import service as nodes
from coordinator.nodes.marks import Lost
from coordinator.nodes.tables import Assignment
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.trouble.wrong import lost_alert, together
from shared.errors import Corrupt, Rejected
from shared.events.types import EventType

MAX_TOLD = 500
"""The most sessions that get an alert about one loss."""


def of_nodes(db: Session, since_utc: Mapping[UUID, datetime], now_utc: datetime) -> dict[UUID, UUID]:
    """The running sessions that these nodes have, or had since an instant, each with such a node."""
    wanted = (
        select(ExamSession.id, Assignment.node_id, Assignment.to_utc)
        .join(Assignment, col(Assignment.session_id) == col(ExamSession.id))
        .where(
            col(Assignment.node_id).in_(since_utc),
            col(Assignment.from_utc) < now_utc,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
        .order_by(col(Assignment.epoch))
    )
    return {
        session_id: node_id
        for session_id, node_id, to_utc in db.exec(wanted)
        if to_utc is None or to_utc >= since_utc[node_id]
    }


def tells(db: Session, keyring: Keyring, session_id: UUID, event: EventType) -> bool:
    """Whether the session's policy has this event on and its alerts can be stored."""
    session = db.get(ExamSession, session_id)
    return session is not None and _tells(db, keyring, session, event)


def say_lost(db: Session, keyring: Keyring, node_id: UUID, now_utc: datetime) -> list[Stored]:
    """Take a node's losses, and write an alert for every session that it may have sent alerts about since the
    last one that arrived, also for one that has moved on."""
    return [
        stored
        for lost in together(nodes.take_losses(db, node_id))
        for stored in _said_of(db, keyring, lost, now_utc)
    ]


def _said_of(db: Session, keyring: Keyring, lost: Lost, now_utc: datetime) -> list[Stored]:
    wanted = (
        select(ExamSession, Candidate, Assignment)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Assignment, col(Assignment.session_id) == col(ExamSession.id))
        .where(
            Assignment.node_id == lost.node_id,
            col(Assignment.from_utc) < now_utc,
            or_(col(Assignment.to_utc).is_(None), col(Assignment.to_utc) > lost.since_utc),
            or_(col(ExamSession.ended_utc).is_(None), col(ExamSession.ended_utc) > lost.since_utc),
            col(ExamSession.expires_utc) > lost.since_utc,
        )
        .order_by(col(ExamSession.started_utc).desc())
        .limit(MAX_TOLD)
    )
    told = []
    for row in db.exec(wanted).all():
        found = Found(*row)
        if not _tells(db, keyring, found.session, EventType.ALERT_GAP):
            continue
        alert = lost_alert(sessions.subject_of(db, found), lost, now_utc)
        if alerts.store_milestone(db, keyring, found.session, alert, now_utc):
            told.append(Stored(alert, found.session.id, 1, now_utc))
    return told


def _tells(db: Session, keyring: Keyring, session: ExamSession, event: EventType) -> bool:
    try:
        return details.effective_policy(db, keyring, session).rule(event).enabled
    except (Rejected, Corrupt):
        return False  # its key was destroyed
