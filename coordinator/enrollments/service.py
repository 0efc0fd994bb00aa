"""Enrollments in the database: stores, reads and erases them. Flushes, never commits.

Everything measured or computed from a face is sealed under the candidate's data key of class template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlmodel import Session, col, delete, select, update

from coordinator.candidates.tables import Candidate
from coordinator.enrollments import templates_service as templates
from coordinator.enrollments.replacing import expired, moved_expiry
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.enrollments.templates_service import Enrolled
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.tables import ExamSession
from shared.api.enrollments import EnrolledImage
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class Unlike:
    """Why a face must wait: it is not like the one in force."""

    similarity: float | None
    """The similarity of the two; None if no recogniser could compare them."""


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """An enrollment to store: the pictures that passed and the mean template per recogniser."""

    exam_reference: str
    images: Sequence[EnrolledImage]
    """In the request's order; only those without a failed check."""
    templates: Mapping[str, Sequence[float]]
    details: Mapping[str, JsonValue]
    """The caller's metadata."""
    valid: timedelta
    """How long it is valid."""
    unlike: Unlike | None = None
    """Why it must wait for an administrator; None: it is in force at once."""


@dataclass(frozen=True, slots=True)
class StoredEnrollment:
    """A stored enrollment, opened."""

    row: Enrollment
    images: list[EnrolledImage]


def store(
    db: Session, keyring: Keyring, candidate: Candidate, new: NewEnrollment, now_utc: datetime
) -> Enrollment:
    """Store an enrollment. Earlier ones stay until they are erased; the newest one in force counts.

    An enrollment that must wait replaces another one that waits.
    """
    former = waiting(db, candidate.id)
    if new.unlike is not None and former is not None:
        settle(db, former, now_utc)
    key = keys.template_data_key(db, keyring, candidate, now_utc)
    row_id = uuid7()
    row = Enrollment(
        id=row_id,
        tenant_id=candidate.tenant_id,
        candidate_id=candidate.id,
        exam_reference=new.exam_reference,
        data_key_id=key.id,
        details_sealed=_sealed(keyring, key, Place("enrollments", "details_sealed", row_id), new.details),
        created_utc=now_utc,
        expires_utc=now_utc + new.valid,
        in_force_utc=now_utc if new.unlike is None else None,
    )
    if new.unlike is not None:
        said = json.dumps({"similarity": new.unlike.similarity}).encode()
        row.review_sealed = keyring.seal_field(key, _review_place(row_id), said)
    db.add(row)
    db.flush()
    for position, image in enumerate(new.images):
        db.add(_picture(keyring, key, row, position, image))
    for recogniser, vector in new.templates.items():
        db.add(templates.row_of(keyring, key, row, recogniser, vector))
    db.flush()
    return row


def newest(db: Session, keyring: Keyring, candidate: Candidate) -> StoredEnrollment | None:
    """The newest enrollment, with its pictures' measurements."""
    row = _newest_row(db, candidate)
    if row is None:
        return None
    key = keys.get(db, candidate.tenant_id, row.data_key_id)
    pictures = db.exec(
        select(EnrollmentPicture)
        .where(EnrollmentPicture.enrollment_id == row.id)
        .order_by(col(EnrollmentPicture.position))
    ).all()
    images = [
        EnrolledImage.model_validate_json(keyring.open_field(key, _place(p), p.measures_sealed))
        for p in pictures
    ]
    return StoredEnrollment(row, images)


def enrolled(db: Session, keyring: Keyring, candidate: Candidate, now_utc: datetime) -> Enrolled | None:
    """The newest enrollment and its templates, in the form for an edge node; None if there is none or it has
    expired."""
    row = _newest_row(db, candidate)
    if row is None:
        return None
    other = waiting(db, candidate.id)
    if expired(row.expires_utc, other.created_utc if other else None, now_utc):
        return None
    return templates.templates_of(db, keyring, row)


def standards(db: Session, keyring: Keyring, candidate: Candidate) -> tuple[Enrolled, ...]:
    """The enrollments that a new face is compared with: the one in force, even if expired, and the last one
    that an administrator accepted, or the first if there is none. So many small changes cannot lead to
    another person."""
    row = _newest_row(db, candidate)
    if row is None:
        return ()
    began = db.exec(
        select(Enrollment)
        .where(Enrollment.candidate_id == candidate.id, col(Enrollment.in_force_utc).is_not(None))
        .order_by(
            col(Enrollment.decided_utc).is_(None),
            col(Enrollment.decided_utc).desc(),
            col(Enrollment.in_force_utc),
        )
        .limit(1)
    ).one()
    return tuple(
        templates.templates_of(db, keyring, one) for one in ({row.id: row, began.id: began}).values()
    )


def in_force_id(db: Session, candidate: Candidate) -> UUID | None:
    """The id of the enrollment that counts, also of an expired one."""
    row = _newest_row(db, candidate)
    return row.id if row is not None else None


def sits_now(db: Session, candidate: Candidate, now_utc: datetime) -> bool:
    """Whether a session of the candidate runs."""
    running = select(ExamSession.id).where(
        ExamSession.candidate_id == candidate.id,
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    return db.exec(running).first() is not None


def waiting(db: Session, candidate_id: UUID) -> Enrollment | None:
    """The candidate's enrollment that waits for an administrator; there is at most one."""
    wanted = select(Enrollment).where(
        Enrollment.candidate_id == candidate_id,
        col(Enrollment.in_force_utc).is_(None),
        col(Enrollment.decided_utc).is_(None),
    )
    return db.exec(wanted).one_or_none()


def settle(db: Session, row: Enrollment, now_utc: datetime, *, accepted: bool = False) -> None:
    """End the wait of an enrollment: accept it, or delete its templates and measurements.

    The expiry of both, this one and the one in force, moves by the time of the wait.
    """
    former = _newest_row(db, db.get_one(Candidate, row.candidate_id))
    if former is not None and former.in_force_utc is not None:
        waits = (row.created_utc, former.in_force_utc)
        former.expires_utc = moved_expiry(former.expires_utc, waits, now_utc)
        db.add(former)
    row.decided_utc = now_utc
    if accepted:
        row.in_force_utc = now_utc
        row.expires_utc = moved_expiry(row.expires_utc, (row.created_utc,), now_utc)
    else:
        for table in (FaceTemplate, EnrollmentPicture):
            db.exec(delete(table).where(col(table.enrollment_id) == row.id))
    db.add(row)
    db.flush()


def replaced(db: Session, row: Enrollment) -> UUID | None:
    """The enrollment before this one."""
    before = row.in_force_utc or row.created_utc
    wanted = (
        select(Enrollment.id)
        .where(Enrollment.candidate_id == row.candidate_id, col(Enrollment.in_force_utc) < before)
        .order_by(col(Enrollment.in_force_utc).desc(), col(Enrollment.id).desc())
        .limit(1)
    )
    return db.exec(wanted).one_or_none()


def erase(db: Session, candidate: Candidate, now_utc: datetime) -> int:
    """Destroy the candidate's template keys and delete every enrollment; returns the number of
    enrollments."""
    owner = Owner(candidate.tenant_id, candidate.id, RetentionClass.TEMPLATE)
    keys.destroy(db, owner, now_utc)
    ids = list(db.exec(select(Enrollment.id).where(Enrollment.candidate_id == candidate.id)).all())
    db.exec(update(ExamSession).where(col(ExamSession.enrollment_id).in_(ids)).values(enrollment_id=None))
    for table in (FaceTemplate, EnrollmentPicture):
        db.exec(delete(table).where(col(table.enrollment_id).in_(ids)))
    db.exec(delete(Enrollment).where(col(Enrollment.id).in_(ids)))
    return len(ids)


def unknown() -> Rejected:
    """The refusal if nothing is enrolled."""
    return Rejected("this candidate is not enrolled", code="enrollment-unknown", status=404)


def _newest_row(db: Session, candidate: Candidate) -> Enrollment | None:
    return db.exec(
        select(Enrollment)
        .where(
            Enrollment.tenant_id == candidate.tenant_id,
            Enrollment.candidate_id == candidate.id,
            col(Enrollment.in_force_utc).is_not(None),
        )
        .order_by(col(Enrollment.in_force_utc).desc(), col(Enrollment.id).desc())
        .limit(1)
    ).one_or_none()


def _picture(
    keyring: Keyring, key: Key, row: Enrollment, position: int, image: EnrolledImage
) -> EnrollmentPicture:
    picture = EnrollmentPicture(
        id=UUID(image.embedding_id),
        tenant_id=row.tenant_id,
        enrollment_id=row.id,
        position=position,
        selected=image.selected,
        measures_sealed=b"",
    )
    picture.measures_sealed = keyring.seal_field(key, _place(picture), image.model_dump_json().encode())
    return picture


def _review_place(enrollment_id: UUID) -> Place:
    return Place("enrollments", "review_sealed", enrollment_id)


def open_review(db: Session, keyring: Keyring, row: Enrollment) -> dict[str, Any]:
    """The similarity and the decision's words of an enrollment that had to wait; empty if its key was
    destroyed."""
    key = keys.get(db, row.tenant_id, row.data_key_id)
    if row.review_sealed is None or key.wrapped is None:
        return {}
    said: dict[str, Any] = json.loads(keyring.open_field(key, _review_place(row.id), row.review_sealed))
    return said


def seal_review(db: Session, keyring: Keyring, row: Enrollment, said: Mapping[str, Any]) -> None:
    """Store the similarity and the decision's words of an enrollment. Raises `Corrupt` if its key was
    destroyed."""
    key = keys.get(db, row.tenant_id, row.data_key_id)
    row.review_sealed = keyring.seal_field(key, _review_place(row.id), json.dumps(said).encode())


def _place(picture: EnrollmentPicture) -> Place:
    return Place("enrollment_pictures", "measures_sealed", picture.id)


def _sealed(keyring: Keyring, key: Key, place: Place, details: Mapping[str, Any]) -> bytes:
    return keyring.seal_field(key, place, json.dumps(details).encode())
