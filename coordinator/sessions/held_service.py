"""Reads which running sessions nodes hold, for all institutions together."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.placements import HeldSession
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession


def by_node(db: Session, node_ids: Collection[UUID], now_utc: datetime) -> dict[UUID, list[HeldSession]]:
    """The sessions that each of these nodes holds and that are not over."""
    found: dict[UUID, list[HeldSession]] = {node_id: [] for node_id in node_ids}
    if not found:
        return found
    wanted = (
        select(Assignment.node_id, ExamSession.id, ExamSession.begins_utc, ExamSession.expires_utc)
        .join(ExamSession, assignments.current_of(col(ExamSession.id)))
        .where(
            col(Assignment.node_id).in_(found),
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > now_utc,
        )
    )
    for node_id, session_id, begins_utc, expires_utc in db.exec(wanted):
        found[node_id].append(
            HeldSession(session_id=session_id, begins_utc=begins_utc, expires_utc=expires_utc)
        )
    return found
