"""Reads and decides enrollments that wait for an administrator, in the database. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.enrollments import service as enrollments
from coordinator.enrollments.tables import Enrollment
from coordinator.ground.acting import concerns
from coordinator.ground.keyring import Keyring
from coordinator.web_api.cursors import Cursor, cut
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class Waiting:
    """An enrollment that waits or has waited, with its candidate."""

    row: Enrollment
    candidate: Candidate
    in_force_id: UUID | None
    said: dict[str, Any]
    """Its similarity and the words of the decision; empty if its key was destroyed."""


def page(
    db: Session, keyring: Keyring, tenant_id: UUID, after: Cursor | None, limit: int
) -> tuple[list[Waiting], Cursor | None]:
    """A page of an institution's waiting enrollments, the longest wait first, with the next page's cursor."""
    place = (col(Enrollment.created_utc), col(Enrollment.id))
    wanted = select(Enrollment).where(
        Enrollment.tenant_id == tenant_id,
        col(Enrollment.in_force_utc).is_(None),
        col(Enrollment.decided_utc).is_(None),
    )
    if after is not None:
        wanted = wanted.where(tuple_(*place) > after)
    rows: Sequence[Enrollment] = db.exec(wanted.order_by(*place).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row.created_utc, row.id))
    return [_opened(db, keyring, row) for row in shown], following


def find(db: Session, keyring: Keyring, tenant_id: UUID, enrollment_id: UUID) -> Waiting:
    """An enrollment that waits or has waited, with its candidate locked. Raises `Rejected` (404
    `enrollment-unknown`)."""
    wanted = select(Enrollment).where(
        Enrollment.tenant_id == tenant_id,
        Enrollment.id == enrollment_id,
        col(Enrollment.review_sealed).is_not(None),
    )
    row = db.exec(wanted).one_or_none()
    if row is None:
        raise Rejected("no enrollment with this id waits", code="enrollment-unknown", status=404)
    concerns(tenant_id, candidate_id=row.candidate_id)
    candidates.lock(db, db.get_one(Candidate, row.candidate_id))
    db.refresh(row)  # read again under the lock: now nobody else can enroll or decide
    return _opened(db, keyring, row)


def decide(
    db: Session, keyring: Keyring, found: Waiting, by: str, text: str, now_utc: datetime, *, accepted: bool
) -> None:
    """Accept or refuse an enrollment, once. Raises `Rejected` (409 `decided-already`)."""
    row = found.row
    if row.decided_utc is not None:
        raise Rejected("this has already been decided", code="decided-already", status=409)
    found.said["text"] = text
    enrollments.seal_review(db, keyring, row, found.said)
    row.decided_by = by
    enrollments.settle(db, row, now_utc, accepted=accepted)


def _opened(db: Session, keyring: Keyring, row: Enrollment) -> Waiting:
    candidate = db.get_one(Candidate, row.candidate_id)
    in_force = enrollments.in_force_id(db, candidate)
    return Waiting(row, candidate, in_force, enrollments.open_review(db, keyring, row))
