"""Writes unwatched seconds to the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.sessions.tables import ExamSession
from coordinator.sessions.watched.runs import with_run
from shared.unwatched import Unwatched


def note(db: Session, said: Mapping[UUID, tuple[str, Unwatched]]) -> None:
    """Record what runs of nodes report of sessions: by session, the run and its seconds."""
    wanted = select(ExamSession).where(col(ExamSession.id).in_(said), col(ExamSession.erased_utc).is_(None))
    for session in db.exec(wanted.order_by(col(ExamSession.id)).with_for_update()):
        runs = with_run(session.unwatched or {}, *said[session.id])
        if runs is not None:
            session.unwatched = runs
    db.flush()
