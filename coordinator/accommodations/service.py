"""Accommodations in the database, sealed, one row per change. Flushes, never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, func, select, tuple_

from coordinator.accommodations.tables import AccommodationVersion
from coordinator.candidates.tables import Candidate
from coordinator.exams.tables import Exam
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.web_api.cursors import Cursor, cut
from shared.errors import Rejected
from shared.policy.terms import Accommodation


class Terms(BaseModel):
    """The agreed terms, in the form that is sealed."""

    model_config = ConfigDict(frozen=True)

    accommodation: Accommodation = Accommodation()
    extra_minutes: int = 0


NO_TERMS: Final = Terms()


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms in force for one candidate and exam."""

    row: AccommodationVersion
    candidate: Candidate
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change and its author; `terms` None withdraws the accommodation."""

    terms: Terms | None
    changed_by: str
    now_utc: datetime


def record(db: Session, keyring: Keyring, exam: Exam, candidate: Candidate, change: Change) -> Agreed:
    """Record a change; the caller has found the exam with `to_change`."""
    key = keys.exam_data_key(db, keyring, candidate, exam.reference, change.now_utc)
    row_id = uuid7()
    sealed = None
    if change.terms is not None:
        sealed = keyring.seal_field(key, _place(row_id), change.terms.model_dump_json().encode())
    row = AccommodationVersion(
        id=row_id,
        tenant_id=exam.tenant_id,
        exam_id=exam.id,
        candidate_id=candidate.id,
        version=_latest(db, exam.id, candidate.id) + 1,
        data_key_id=key.id,
        terms_sealed=sealed,
        changed_by=change.changed_by,
        created_utc=change.now_utc,
    )
    db.add(row)
    db.flush()
    return Agreed(row, candidate, change.terms or NO_TERMS)


def find(db: Session, keyring: Keyring, exam: Exam, candidate: Candidate | None) -> Agreed:
    """The terms in force. Raises `Rejected` (404 `accommodation-unknown`)."""
    found = candidate and look_up(db, keyring, exam, candidate)
    if not found:
        raise Rejected(
            "nothing is agreed with this candidate for this exam", code="accommodation-unknown", status=404
        )
    return found


def look_up(db: Session, keyring: Keyring, exam: Exam, candidate: Candidate) -> Agreed | None:
    """The terms in force; None if there are none or their key was destroyed with the candidate's data."""
    row = db.exec(
        select(AccommodationVersion)
        .where(
            AccommodationVersion.exam_id == exam.id,
            AccommodationVersion.candidate_id == candidate.id,
        )
        .order_by(col(AccommodationVersion.version).desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _opened(db, keyring, row, candidate)


def page(
    db: Session, keyring: Keyring, exam: Exam, after: Cursor | None, limit: int
) -> tuple[list[Agreed], Cursor | None]:
    """The accommodations of an exam in the order of their last change, and the next page's cursor."""
    newest = (
        select(AccommodationVersion.candidate_id, func.max(AccommodationVersion.version))
        .where(AccommodationVersion.exam_id == exam.id)
        .group_by(col(AccommodationVersion.candidate_id))
    )
    place = (col(AccommodationVersion.created_utc), col(AccommodationVersion.id))
    wanted = (
        select(AccommodationVersion, Candidate)
        .join(Candidate, col(Candidate.id) == col(AccommodationVersion.candidate_id))
        .where(
            AccommodationVersion.exam_id == exam.id,
            col(AccommodationVersion.terms_sealed).is_not(None),
            tuple_(col(AccommodationVersion.candidate_id), col(AccommodationVersion.version)).in_(newest),
        )
    )
    if after is not None:
        wanted = wanted.where(tuple_(*place) > after)
    rows = db.exec(wanted.order_by(*place).limit(limit + 1)).all()
    shown, following = cut(rows, limit, lambda found: Cursor(found[0].created_utc, found[0].id))
    opened = (_opened(db, keyring, row, candidate) for row, candidate in shown)
    return [one for one in opened if one is not None], following


def _opened(db: Session, keyring: Keyring, row: AccommodationVersion, candidate: Candidate) -> Agreed | None:
    if row.terms_sealed is None:
        return None
    key = keys.get(db, row.tenant_id, row.data_key_id)
    if key.wrapped is None:
        return None
    plain = keyring.open_field(key, _place(row.id), row.terms_sealed)
    return Agreed(row, candidate, Terms.model_validate_json(plain))


def _latest(db: Session, exam_id: UUID, candidate_id: UUID) -> int:
    wanted = select(func.max(AccommodationVersion.version)).where(
        AccommodationVersion.exam_id == exam_id, AccommodationVersion.candidate_id == candidate_id
    )
    return db.exec(wanted).one() or 0


def _place(row_id: UUID) -> Place:
    return Place("accommodations", "terms_sealed", row_id)
