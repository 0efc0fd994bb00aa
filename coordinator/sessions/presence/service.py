"""Pages of sessions in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.tables import Assignment
from coordinator.sessions.presence.cards import CAME
from coordinator.sessions.tables import ExamSession, JoinCode


@dataclass(frozen=True, slots=True)
class Stored:
    """A session, its node, and when its page was opened."""

    session: ExamSession
    node_id: UUID
    opened_utc: datetime | None


def note(db: Session, phases: Mapping[UUID, str], now_utc: datetime) -> None:
    """Write down what nodes say of the pages of sessions."""
    wanted = select(ExamSession).where(col(ExamSession.id).in_(phases), col(ExamSession.ended_utc).is_(None))
    for session in db.exec(wanted.order_by(col(ExamSession.id)).with_for_update(key_share=True)):
        phase = phases[session.id]
        if session.page != phase:
            session.page, session.page_since_utc = phase, now_utc
        if phase in CAME and session.page_came_utc is None:
            session.page_came_utc = now_utc
    db.flush()


def stored(db: Session, tenant_id: UUID, references: Sequence[str]) -> list[Stored]:
    """The institution's sessions with these ids, of those that there are."""
    wanted = (
        select(ExamSession, Assignment.node_id)
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
        .where(ExamSession.tenant_id == tenant_id, col(ExamSession.reference).in_(references))
    )
    rows = db.exec(wanted).all()
    opened = opened_utc(db, [session.id for session, _ in rows])
    return [Stored(session, node_id, opened.get(session.id)) for session, node_id in rows]


def opened_utc(db: Session, session_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When the page of each session was first opened; those that nobody opened are missing."""
    wanted = (
        select(JoinCode.session_id, func.min(JoinCode.used_utc))
        .where(col(JoinCode.session_id).in_(list(session_ids)), col(JoinCode.used_utc).is_not(None))
        .group_by(col(JoinCode.session_id))
    )
    return {session_id: used for session_id, used in db.exec(wanted) if used is not None}
