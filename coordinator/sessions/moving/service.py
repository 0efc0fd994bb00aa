"""Writes the moves of sessions. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.ground.keyring import Keyring
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.assignments import Because
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.milestones import Subject
from coordinator.sessions.moving.deciding import ASKED_WITHIN, MOST_ASKED
from coordinator.sessions.moving.failover import EVENT, stays_alert
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert
from shared.errors import Corrupt, Rejected


def give(
    db: Session, found: Found, node_id: UUID, because: Because, now_utc: datetime, *, back: bool = False
) -> Found:
    """Give a running session to another node, under the next epoch. `back`: to the one that it came from.

    Raises `Rejected`: 410 after its end, `nodes.service.CLOSED` for a node that gets no sessions;
    `Unavailable` ("handed-over") if another request was first.
    """
    if not back:
        nodes.check_open(db, node_id)
    session = changing.hold(db, found.session.id, now_utc)
    following = assignments.hand_over(db, found.assignment, node_id, now_utc, because)
    return Found(session, found.candidate, following)


def raise_failover(
    db: Session, keyring: Keyring, session_id: UUID, write: Callable[[Subject], Alert], now_utc: datetime
) -> Stored | None:
    """Raise the alert about a move. None if one is open already, or the exam's policy has it off."""
    session = db.get_one(ExamSession, session_id)
    try:
        if not details.effective_policy(db, keyring, session).rule(EVENT).enabled:
            return None
        return lasting.raise_one(db, keyring, session_id, write, now_utc)
    except (Rejected, Corrupt):
        return None  # its key was destroyed


def reread(db: Session, found: Found) -> Found:
    """The session as it is now, with its present assignment."""
    return sessions.find(db, found.session.tenant_id, found.session.reference)


def say_stays(db: Session, keyring: Keyring, found: Found, now_utc: datetime) -> Stored | None:
    """Tell staff that the session is not moved any more although its page asks for it; once for each move."""
    asked_utc = assignments.asked_utc(db, found.session.id)[-MOST_ASKED:]
    alert = stays_alert(
        sessions.subject_of(db, found), asked_utc[-1], MOST_ASKED, ASKED_WITHIN.total_seconds()
    )
    try:
        new = alerts.store_milestone(db, keyring, found.session, alert, now_utc)
    except (Rejected, Corrupt):
        return None  # its key was destroyed
    return Stored(alert, found.session.id, 1, now_utc) if new else None
