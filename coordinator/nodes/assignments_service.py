"""Reads and writes the assignments of sessions to nodes in the database. Flushes, never commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, sql
from sqlmodel import Session, col, select, update

from coordinator.nodes.assignments import FIRST_EPOCH, Because, Held
from coordinator.nodes.tables import Assignment
from shared.errors import Unavailable


def current_of(session_id: Any) -> ColumnElement[bool]:
    """The SQL condition that joins a session's id column to its current assignment."""
    return and_(col(Assignment.session_id) == session_id, col(Assignment.to_utc).is_(None))


def held(db: Session, session_ids: Collection[UUID]) -> dict[UUID, list[Held]]:
    """All assignments of these sessions, by session in the order of epochs."""
    table = Assignment.__table__.c  # type: ignore[attr-defined]
    wanted = (
        sql.select(table.session_id, table.epoch, table.node_id, table.from_utc, table.to_utc)
        .where(table.session_id.in_(session_ids))
        .order_by(table.epoch)
    )
    found: defaultdict[UUID, list[Held]] = defaultdict(list)
    for session_id, epoch, node_id, from_utc, to_utc in db.execute(wanted):
        found[session_id].append(Held(epoch=epoch, node_id=node_id, from_utc=from_utc, to_utc=to_utc))
    return dict(found)


def holder(db: Session, session_id: UUID) -> UUID:
    """The node that has a session, or had it last."""
    return db.exec(select(Assignment.node_id).where(current_of(session_id))).one()


def value_of(row: Assignment) -> Held:
    """The assignment as a value."""
    return Held(epoch=row.epoch, node_id=row.node_id, from_utc=row.from_utc, to_utc=row.to_utc)


def moved_utc(db: Session, session_id: UUID, because: Because) -> list[datetime]:
    """When the session came to another node for this reason, the latest last."""
    wanted = select(Assignment.from_utc).where(
        Assignment.session_id == session_id, Assignment.because == because
    )
    return sorted(db.exec(wanted))


def settled(assignment: Assignment) -> bool:
    """Whether the node's address and what it was told are noted. A coordinator may die before."""
    return assignment.epoch == FIRST_EPOCH or assignment.handed_utc is not None


def note_handed(db: Session, session_id: UUID, epoch: int, told_utc: datetime) -> None:
    """Note that a node was told what was stored of its session's former nodes by this instant."""
    own = (col(Assignment.session_id) == session_id) & (col(Assignment.epoch) == epoch)
    db.exec(update(Assignment).where(own).values(handed_utc=told_utc))


def hand_over(
    db: Session, former: Assignment, node_id: UUID, now_utc: datetime, because: Because = Because.SILENT
) -> Assignment:
    """Give a session to the next node, under the next epoch, from now on; `former` ends then.

    Commit it before the next node is told, because an alert under an epoch that is not recorded has to wait.
    Raises `Unavailable` ("handed-over") when `former` is no longer the current assignment.
    """
    at_utc = max(now_utc, former.from_utc)  # the clocks of two coordinators may differ a little
    ended = db.exec(
        update(Assignment)
        .where(current_of(former.session_id), col(Assignment.epoch) == former.epoch)
        .values(to_utc=at_utc)
    )
    if ended.rowcount != 1:
        raise Unavailable(
            "the session has just been handed over to another node; try again", code="handed-over"
        )
    following = Assignment(
        session_id=former.session_id,
        epoch=former.epoch + 1,
        tenant_id=former.tenant_id,
        node_id=node_id,
        from_utc=at_utc,
        because=because,
    )
    db.add(following)
    db.flush()
    return following
