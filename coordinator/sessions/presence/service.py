"""Reads and writes the states of sessions' pages in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.tables import Assignment
from coordinator.sessions.presence.cards import CAME
from coordinator.sessions.tables import Device, ExamSession
from shared.api.sessions import CameraTrouble


@dataclass(frozen=True, slots=True)
class Stored:
    """A session, its node, and when its page was opened."""

    session: ExamSession
    node_id: UUID
    opened_utc: datetime | None


def note(db: Session, phases: Mapping[UUID, str], now_utc: datetime) -> None:
    """Store what nodes report about the pages of sessions."""
    wanted = select(ExamSession).where(col(ExamSession.id).in_(phases), col(ExamSession.ended_utc).is_(None))
    for session in db.exec(wanted.order_by(col(ExamSession.id)).with_for_update(key_share=True)):
        phase = phases[session.id]
        if session.page != phase:
            session.page, session.page_since_utc = phase, now_utc
        if phase in CAME:
            session.page_came_utc = session.page_came_utc or now_utc
            session.camera_trouble = session.camera_trouble_utc = None
    db.flush()


def note_camera(session: ExamSession, trouble: CameraTrouble | None, now_utc: datetime) -> None:
    """Store what a locked session's page reports about its camera; None: it could be turned on."""
    if session.camera_trouble != trouble:
        session.camera_trouble, session.camera_trouble_utc = trouble, now_utc if trouble else None


def stored(db: Session, tenant_id: UUID, references: Sequence[str]) -> list[Stored]:
    """The institution's sessions with these ids. Ids without a session are left out."""
    wanted = (
        select(ExamSession, Assignment.node_id)
        .join(Assignment, assignments.current_of(col(ExamSession.id)))
        .where(ExamSession.tenant_id == tenant_id, col(ExamSession.reference).in_(references))
    )
    rows = db.exec(wanted).all()
    opened = opened_utc(db, [session.id for session, _ in rows])
    return [Stored(session, node_id, opened.get(session.id)) for session, node_id in rows]


def opened_utc(db: Session, session_ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """By session, when a device first opened it by its link. Sessions that no device has opened are left out,
    and so are those whose exam does not bind devices."""
    wanted = (
        select(Device.session_id, func.min(Device.bound_utc))
        .where(col(Device.session_id).in_(list(session_ids)), col(Device.bound_utc).is_not(None))
        .group_by(col(Device.session_id))
    )
    return {session_id: bound for session_id, bound in db.exec(wanted) if bound is not None}
