"""Exams in the database. Flushes, never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select, tuple_

from coordinator.exams.tables import Exam
from coordinator.ground.database import insert_once
from coordinator.ground.ids import uuid7
from coordinator.web_api.cursors import Cursor, cut
from shared.api.exams import ExamChange, ExamRequest
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class ExamQuery:
    """Selects exams of an institution; None does not filter."""

    tenant_id: UUID
    open_at_utc: datetime | None = None
    """Open at this instant; an exam without a window is always open."""
    after: Cursor | None = None
    limit: int = 100


def create(db: Session, tenant_id: UUID, request: ExamRequest, now_utc: datetime) -> Exam:
    """Create an exam, without a policy yet. Raises `Rejected` (409 `exam-exists`)."""
    exam = Exam(
        id=uuid7(),
        tenant_id=tenant_id,
        reference=request.exam_id,
        title=request.title,
        opens_utc=request.opens_at,
        closes_utc=request.closes_at,
        region=request.region,
        details=dict(request.metadata),
        created_utc=now_utc,
        updated_utc=now_utc,
    )
    if not insert_once(db, exam):
        raise Rejected("an exam with this exam_id exists; change that one", code="exam-exists", status=409)
    return exam


def look_up(db: Session, tenant_id: UUID, reference: str) -> Exam | None:
    """The institution's exam with this exam_id, or None."""
    wanted = select(Exam).where(Exam.tenant_id == tenant_id, Exam.reference == reference)
    return db.exec(wanted).one_or_none()


def title_of(db: Session, tenant_id: UUID, reference: str) -> str:
    """An exam's title, or its id if the exam was not created."""
    exam = look_up(db, tenant_id, reference)
    return exam.title if exam else reference


def region_of(db: Session, tenant_id: UUID, reference: str) -> str | None:
    """The region of an exam's nodes, or None if it names none or was not created."""
    exam = look_up(db, tenant_id, reference)
    return exam.region if exam else None


def find(db: Session, tenant_id: UUID, reference: str, *, to_change: bool = False) -> Exam:
    """The same, but raises `Rejected` (404) if there is none; `to_change` locks it against other changes."""
    wanted = select(Exam).where(Exam.tenant_id == tenant_id, Exam.reference == reference)
    exam = db.exec(wanted.with_for_update() if to_change else wanted).one_or_none()
    if exam is None:
        raise Rejected("there is no exam with this id", code="exam-unknown", status=404)
    return exam


def change(db: Session, exam: Exam, to: ExamChange, now_utc: datetime) -> None:
    """Change an exam; its policy and its sessions stay unchanged."""
    exam.title, exam.details = to.title, dict(to.metadata)
    exam.opens_utc, exam.closes_utc, exam.region = to.opens_at, to.closes_at, to.region
    exam.updated_utc = now_utc
    db.add(exam)
    db.flush()


def page(db: Session, query: ExamQuery) -> tuple[list[Exam], Cursor | None]:
    """Exams, newest first, and the next page's cursor."""
    wanted = select(Exam).where(Exam.tenant_id == query.tenant_id)
    if query.open_at_utc is not None:
        opens, closes = col(Exam.opens_utc), col(Exam.closes_utc)
        wanted = wanted.where(
            opens.is_(None) | (opens <= query.open_at_utc), closes.is_(None) | (closes > query.open_at_utc)
        )
    place = (col(Exam.created_utc), col(Exam.id))
    if query.after is not None:
        wanted = wanted.where(tuple_(*place) < query.after)
    rows = db.exec(wanted.order_by(*(each.desc() for each in place)).limit(query.limit + 1)).all()
    shown, following = cut(rows, query.limit, lambda exam: Cursor(exam.created_utc, exam.id))
    return list(shown), following
