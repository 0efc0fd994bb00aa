"""The list of enrolled candidates, from the database. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.candidates.tables import Candidate
from coordinator.enrollments.replacing import expired
from coordinator.enrollments.tables import Enrollment
from coordinator.web_api.cursors import Cursor, cut


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledQuery:
    """Selects enrollments in force of an institution."""

    tenant_id: UUID
    exam: str | None = None
    """Those that were made for this exam."""
    after: Cursor | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """An enrollment in force, and whether another one waits."""

    row: Enrollment
    candidate: Candidate
    expired: bool
    pending_id: UUID | None


def page(db: Session, query: EnrolledQuery, now_utc: datetime) -> tuple[list[Listed], Cursor | None]:
    """The candidates' enrollments in force, expired ones too, oldest first, and the next page's cursor."""
    place = (col(Enrollment.created_utc), col(Enrollment.id))
    in_force = (
        select(Enrollment.id)
        .where(Enrollment.candidate_id == Candidate.id, col(Enrollment.in_force_utc).is_not(None))
        .order_by(col(Enrollment.in_force_utc).desc(), col(Enrollment.id).desc())
        .limit(1)
        .correlate(Candidate)
        .scalar_subquery()
    )
    wanted = (
        select(Enrollment, Candidate)
        .join(Candidate, col(Candidate.id) == col(Enrollment.candidate_id))
        .where(Enrollment.tenant_id == query.tenant_id, col(Enrollment.id) == in_force)
    )
    if query.exam is not None:
        wanted = wanted.where(Enrollment.exam_reference == query.exam)
    if query.after is not None:
        wanted = wanted.where(tuple_(*place) > query.after)
    rows = db.exec(wanted.order_by(*place).limit(query.limit + 1)).all()
    shown, following = cut(rows, query.limit, lambda row: Cursor(row[0].created_utc, row[0].id))
    waits = _waiting(db, [candidate.id for _, candidate in shown])
    return [_listed(row, candidate, waits.get(candidate.id), now_utc) for row, candidate in shown], following


def _waiting(db: Session, candidate_ids: list[UUID]) -> dict[UUID, Enrollment]:
    """The enrollment that waits, of each of these candidates who has one."""
    wanted = select(Enrollment).where(
        col(Enrollment.candidate_id).in_(candidate_ids),
        col(Enrollment.in_force_utc).is_(None),
        col(Enrollment.decided_utc).is_(None),
    )
    return {row.candidate_id: row for row in db.exec(wanted)}


def _listed(row: Enrollment, candidate: Candidate, other: Enrollment | None, now_utc: datetime) -> Listed:
    over = expired(row.expires_utc, other.created_utc if other else None, now_utc)
    return Listed(row, candidate, over, other.id if other else None)
