"""Sessions in the database: finds, reads and ends them, adds milestones. Flushes, never commits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select

from coordinator.alerts import service as alerts
from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import concerns
from coordinator.ground.keyring import Keyring
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Held
from coordinator.nodes.tables import Assignment, Node
from coordinator.sessions.milestones import Subject, milestone
from coordinator.sessions.tables import ExamSession
from shared.alerts import Alert
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.messages.sessions import SessionAccepted
from shared.tokens import Claims, invalid, moved

MAX_OWN_RUNNING: Final = 2
"""The most running sessions that a candidate may start itself: the present one, and one that was never ended.
More would let one token fill every node."""


@dataclass(frozen=True, slots=True)
class Found:
    """A session, its candidate, and its present assignment."""

    session: ExamSession
    candidate: Candidate
    assignment: Assignment
    """The present one."""


def select_found() -> Select[ExamSession, Candidate, Assignment]:
    """Select sessions with everything for a `Found`."""
    return (
        select(ExamSession, Candidate, Assignment)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
    )


def find(db: Session, tenant_id: UUID, reference: str) -> Found:
    """The institution's session of this exam_session_id. Raises `Rejected` (404 `session-unknown`)."""
    row = db.exec(
        select_found().where(ExamSession.tenant_id == tenant_id, ExamSession.reference == reference)
    ).one_or_none()
    if row is None:
        raise unknown()
    found = Found(*row)
    concerns(tenant_id, candidate_id=found.candidate.id, session_id=found.session.id)
    return found


def unknown() -> Rejected:
    """The refusal of an exam_session_id that no session has."""
    return Rejected("there is no session with this id", code="session-unknown", status=404)


def as_now(db: Session, found: Found, now_utc: datetime) -> Found:
    """A session as it is now, at the assignment that it was found with.

    Raises `Rejected` (404, 410) if it is over, `Unavailable` ("handed-over") if it has moved on.
    """
    now = find(db, found.session.tenant_id, found.session.reference)
    check_running(now.session, now_utc)
    if now.assignment.epoch != found.assignment.epoch:
        raise Unavailable("the session has just moved on to another node", code="handed-over")
    return now


def check_free(db: Session, tenant_id: UUID, reference: str) -> None:
    """Raises `Rejected` (409 `session-exists`) if the institution has already used this exam_session_id."""
    used = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id, ExamSession.reference == reference
    )
    if db.exec(used).first() is not None:
        raise taken()


def taken() -> Rejected:
    """The refusal of an exam_session_id that is in use."""
    return Rejected(
        "this exam_session_id is already used; choose another or leave it out",
        code="session-exists",
        status=409,
    )


def check_running(session: ExamSession, now_utc: datetime) -> None:
    """Raises `Rejected` (410) if a session has ended or expired."""
    if session.ended_utc is not None:
        raise ended()
    if session.expires_utc <= now_utc:
        raise Rejected("the session has expired", code="session-expired", status=410)


def ended() -> Rejected:
    """The refusal of a session that has ended."""
    return Rejected("the session has ended", code="session-ended", status=410)


def check_token(db: Session, claims: Claims, now_utc: datetime) -> None:
    """Check a session's token. Raises `Rejected` (401) if the session is over or does not exist, or if the
    token belongs to a device that another has replaced."""
    wanted = select(ExamSession).where(
        ExamSession.id == claims.session_id, ExamSession.tenant_id == claims.tenant_id
    )
    session = db.exec(wanted).one_or_none()
    if session is None:
        raise invalid()
    try:
        check_running(session, now_utc)
    except Rejected as over:
        raise Rejected(f"{over}; its token is no longer valid", code=over.code, status=401) from over
    if claims.device is not None and claims.device < session.device:
        raise moved()


def check_not_terminated(db: Session, candidate_id: UUID, exam_reference: str) -> None:
    """Raises `Rejected` (409 `exam-terminated`) when a proctor has terminated a session of the candidate in
    this exam."""
    wanted = select(ExamSession.id).where(
        ExamSession.candidate_id == candidate_id,
        ExamSession.exam_reference == exam_reference,
        col(ExamSession.terminated_utc).is_not(None),
    )
    if db.exec(wanted).first() is not None:
        raise Rejected(
            "a proctor has terminated this exam for you; only your institution's staff can start it again",
            code="exam-terminated",
            status=409,
        )


def siblings(db: Session, session: ExamSession, now_utc: datetime) -> list[Found]:
    """The other running sessions of the same candidate in the same exam."""
    rows = db.exec(
        select_found().where(
            ExamSession.candidate_id == session.candidate_id,
            ExamSession.exam_reference == session.exam_reference,
            ExamSession.id != session.id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    )
    return [Found(*row) for row in rows]


def active_count(db: Session, candidate_id: UUID, now_utc: datetime) -> int:
    """The number of a candidate's running sessions."""
    wanted = select(ExamSession.id).where(
        ExamSession.candidate_id == candidate_id,
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    return len(db.exec(wanted).all())


def check_own_share(db: Session, candidate_id: UUID, now_utc: datetime) -> None:
    """Raises `Rejected` (409 `too-many-sessions`) if a candidate has reached its limit of running
    sessions."""
    if active_count(db, candidate_id, now_utc) >= MAX_OWN_RUNNING:
        raise Rejected(
            f"{MAX_OWN_RUNNING} of your sessions are running; end one, or let the exam platform start it",
            code="too-many-sessions",
            status=409,
        )


def mark_ended(db: Session, session: ExamSession, now_utc: datetime, *, terminated: bool) -> datetime:
    """End a session; returns the time of its end, which is earlier if it had already ended."""
    wanted = col(ExamSession.id) == session.id
    db.exec(
        update(ExamSession)
        .where(wanted, col(ExamSession.ended_utc).is_(None))
        .values(ended_utc=now_utc, terminated_utc=now_utc if terminated else None)
    )
    return db.exec(select(ExamSession.ended_utc).where(wanted)).one() or now_utc


def add_milestone(db: Session, keyring: Keyring, found: Found, event: EventType, at_utc: datetime) -> Alert:
    """Put a milestone on a session's timeline. After the commit it may be sent to the session's live
    sockets."""
    made = milestone(subject_of(db, found), event, at_utc)
    alerts.store_milestone(db, keyring, found.session, made, at_utc)
    return made


def subject_of(db: Session, found: Found) -> Subject:
    """The session's data for the coordinator's own alerts."""
    session = found.session
    node = db.get_one(Node, found.assignment.node_id)
    return Subject(
        session_id=session.id,
        exam_session_id=session.reference,
        candidate_id=found.candidate.reference,
        exam_id=session.exam_reference,
        started_utc=session.started_utc,
        node_id=node.id,
        region=node.region,
        policy_version=session.policy_version,
    )


def running_on(
    db: Session, node_ids: set[UUID], assigned_before_utc: datetime, now_utc: datetime
) -> list[Found]:
    """The sessions assigned to these nodes since before an instant, oldest first."""
    rows = db.exec(
        select_found()
        .where(
            col(Assignment.node_id).in_(node_ids),
            col(Assignment.from_utc) < assigned_before_utc,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
        .order_by(col(ExamSession.started_utc))
    )
    return [Found(*row) for row in rows]


def running_by_node(db: Session, tenant_id: UUID, now_utc: datetime) -> Counter[UUID]:
    """How many running sessions of an institution each node holds."""
    wanted = (
        select(Assignment.node_id)
        .join(ExamSession, assignments.current_of(col(ExamSession.id)))
        .where(
            ExamSession.tenant_id == tenant_id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    )
    return Counter(db.exec(wanted))


def note_address(db: Session, found: Found, accepted: SessionAccepted, now_utc: datetime) -> bool:
    """Note where pages reach the session's node. False if the session has ended or moved on meanwhile."""
    current = select(Assignment.epoch).where(assignments.current_of(found.session.id))
    if db.exec(current).one_or_none() != found.assignment.epoch:
        return False
    done = db.exec(
        update(ExamSession)
        .where(
            col(ExamSession.id) == found.session.id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
        .values(signaling_url=accepted.signaling_url, whip_url=accepted.whip_url)
    )
    return done.rowcount == 1


def held_now(db: Session, session_ids: set[UUID], now_utc: datetime) -> dict[UUID, Held | None]:
    """The node that holds each known session among these; None: the session is over."""
    rows = db.exec(
        select(ExamSession, Assignment)
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
        .where(col(ExamSession.id).in_(session_ids))
    )
    return {
        session.id: assignments.value_of(assignment)
        if session.ended_utc is None and session.expires_utc > now_utc
        else None
        for session, assignment in rows
    }
