"""Writes the moves of sessions. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.audit import service as audit
from coordinator.audit.service import Moved
from coordinator.ground.keyring import Keyring
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.assignments import Because
from coordinator.nodes.placements import Draining, Placement
from coordinator.nodes.tables import Assignment, Node
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.milestones import Subject
from coordinator.sessions.moving.deciding import ASKED_WITHIN, MOST_ASKED, SETTLED, leaves
from coordinator.sessions.moving.failover import EVENT, stays_alert
from coordinator.sessions.service import Found
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert
from shared.errors import Corrupt, Rejected
from shared.events.looks import LOWEST_LEVEL
from shared.tokens import Role

_BY: Final = {
    Because.SILENT: audit.COORDINATOR,
    Because.ASKED: Role.CANDIDATE.value,
    Because.DRAINED: Role.OPERATOR.value,
    Because.REVOKED: Role.OPERATOR.value,
    Because.LOW: audit.COORDINATOR,
}
"""Who moves a session for a reason: the coordinator itself, the candidate's page, an operator."""


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


def revoked_holders(db: Session, now_utc: datetime) -> list[UUID]:
    """The revoked nodes that still have running sessions."""
    wanted = (
        select(Assignment.node_id)
        .join(Node, col(Node.id) == col(Assignment.node_id))
        .join(ExamSession, assignments.current_of(col(ExamSession.id)))
        .where(
            col(Node.revoked_utc).is_not(None),
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
        .distinct()
    )
    return list(db.exec(wanted))


def draining_nodes(db: Session) -> list[Draining]:
    """The nodes that are being drained, in the order of ids."""
    wanted = select(Node).where(Node.placement == Placement.DRAINING, col(Node.revoked_utc).is_(None))
    rows = db.exec(wanted.order_by(col(Node.id)))
    return [Draining(row.id, row.placement_utc or row.created_utc, row.drain_running) for row in rows]


def low_ones(db: Session, levels: Mapping[UUID, int], best: int, now_utc: datetime) -> list[Found]:
    """The running sessions of these nodes whose exam accepts no level as low as their node's, but the `best`
    of all nodes. `levels`: each node's."""
    there = sessions.running_on(db, set(levels), now_utc - SETTLED, now_utc)
    return [
        found
        for found in there
        if levels[found.assignment.node_id] > found.session.policy.get("lowest_level", LOWEST_LEVEL) >= best
    ]


def may_leave(db: Session, found: Found, now_utc: datetime) -> bool:
    """Whether a session has not left too many nodes because of their level."""
    return leaves(assignments.moved_utc(db, found.session.id, Because.LOW), now_utc)


def write_down(db: Session, given: Found, because: Because, now_utc: datetime) -> None:
    """Write a move in the institution's audit log: who is behind it, and where the session is now."""
    session = given.session
    moved = Moved(
        tenant_id=session.tenant_id,
        candidate_id=session.candidate_id,
        session_id=session.id,
        node_id=given.assignment.node_id,
        role=_BY[because],
    )
    audit.write_moved(db, moved, now_utc)


def reread(db: Session, found: Found) -> Found:
    """The session as it is now, with its present assignment."""
    return sessions.find(db, found.session.tenant_id, found.session.reference)


def say_stays(db: Session, keyring: Keyring, found: Found, now_utc: datetime) -> Stored | None:
    """Tell staff that the session is not moved any more although its page asks for it; once for each move."""
    asked_utc = assignments.moved_utc(db, found.session.id, Because.ASKED)[-MOST_ASKED:]
    alert = stays_alert(
        sessions.subject_of(db, found), asked_utc[-1], MOST_ASKED, ASKED_WITHIN.total_seconds()
    )
    try:
        new = alerts.store_milestone(db, keyring, found.session, alert, now_utc)
    except (Rejected, Corrupt):
        return None  # its key was destroyed
    return Stored(alert, found.session.id, 1, now_utc) if new else None
