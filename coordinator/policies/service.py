"""Policies in the database, one row per version. Flushes, never commits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select, tuple_

from coordinator.exams.tables import Exam
from coordinator.ground.ids import uuid7
from coordinator.policies.tables import PolicyVersion
from coordinator.web_api.cursors import Cursor, cut
from shared.errors import Rejected
from shared.policy.schema import Policy


def add(
    db: Session, exam: Exam, policy: Policy, *, changed_by: str, reason: str, now_utc: datetime
) -> PolicyVersion:
    """Put the next version in force. The caller has found the exam with `to_change`."""
    version = latest(db, exam.id) + 1
    row = PolicyVersion(
        id=uuid7(),
        tenant_id=exam.tenant_id,
        exam_id=exam.id,
        version=version,
        policy=policy.model_copy(update={"version": version}).model_dump(mode="json"),
        changed_by=changed_by,
        reason=reason,
        created_utc=now_utc,
    )
    db.add(row)
    db.flush()
    return row


def latest(db: Session, exam_id: UUID) -> int:
    """The version in force; 0 before the first."""
    wanted = select(func.max(PolicyVersion.version)).where(PolicyVersion.exam_id == exam_id)
    return db.exec(wanted).one() or 0


def get(db: Session, exam: Exam, version: int | None = None) -> PolicyVersion:
    """One version, or the one in force. Raises `Rejected` (404 `policy-unknown`)."""
    wanted = select(PolicyVersion).where(PolicyVersion.exam_id == exam.id)
    if version is not None:
        wanted = wanted.where(PolicyVersion.version == version)
    row = db.exec(wanted.order_by(col(PolicyVersion.version).desc()).limit(1)).one_or_none()
    if row is None:
        raise Rejected("the exam's policy has no such version", code="policy-unknown", status=404)
    return row


def check_based_on(db: Session, exam: Exam, version: int | None) -> None:
    """Raises `Rejected` (409 `policy-changed`) if a change is not based on the latest version."""
    now = latest(db, exam.id)
    if version is not None and version != now:
        raise Rejected(
            f"version {now} is in force; look at its changes and base yours on it",
            code="policy-changed",
            status=409,
        )


def page(
    db: Session, exam: Exam, after: Cursor | None, limit: int
) -> tuple[list[PolicyVersion], Cursor | None]:
    """Versions, newest first, and the next page's cursor."""
    wanted = select(PolicyVersion).where(PolicyVersion.exam_id == exam.id)
    place = (col(PolicyVersion.created_utc), col(PolicyVersion.id))
    if after is not None:
        wanted = wanted.where(tuple_(*place) < after)
    rows = db.exec(wanted.order_by(*(each.desc() for each in place)).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda row: Cursor(row.created_utc, row.id))
    return list(shown), following


def versions_in_force(db: Session, exam_ids: list[UUID]) -> dict[UUID, int]:
    """The version in force of each of these exams."""
    wanted = (
        select(PolicyVersion.exam_id, func.max(PolicyVersion.version))
        .where(col(PolicyVersion.exam_id).in_(exam_ids))
        .group_by(col(PolicyVersion.exam_id))
    )
    return dict(db.exec(wanted).all())
