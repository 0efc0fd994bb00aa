"""Enrollments in the database: stored, read back, erased. Flushes, never commits.

Everything measured or computed from a face is sealed under the candidate's data key of the class template.
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
from coordinator.enrollments.tables import Enrollment, EnrollmentPicture, FaceTemplate
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import Key, RetentionClass
from coordinator.sessions.tables import ExamSession
from shared.api.enrollments import EnrolledImage
from shared.enrollment import bytes_of
from shared.errors import Rejected
from shared.messages import Template, encode_vector


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """What is to be stored: the pictures that passed and the mean template per recogniser."""

    exam_reference: str
    images: Sequence[EnrolledImage]
    """In the request's order; only those without a failed check."""
    templates: Mapping[str, Sequence[float]]
    details: Mapping[str, JsonValue]
    """What the caller sent along."""
    valid: timedelta
    """How long it counts."""


@dataclass(frozen=True, slots=True)
class StoredEnrollment:
    """An enrollment read back."""

    row: Enrollment
    images: list[EnrolledImage]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a node needs to verify somebody."""

    enrollment_id: UUID
    at_utc: datetime
    templates: tuple[Template, ...]


def store(
    db: Session, keyring: Keyring, candidate: Candidate, new: NewEnrollment, now_utc: datetime
) -> Enrollment:
    """Keep an enrollment; earlier ones stay until erased, and the newest counts."""
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
    )
    db.add(row)
    db.flush()
    for position, image in enumerate(new.images):
        db.add(_picture(keyring, key, row, position, image))
    for recogniser, vector in new.templates.items():
        db.add(_template(keyring, key, row, recogniser, vector))
    db.flush()
    return row


def newest(db: Session, keyring: Keyring, candidate: Candidate) -> StoredEnrollment | None:
    """The enrollment that counts, with its pictures' measures."""
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
    """The enrollment that counts and its templates, as an edge node takes them; None without one, or when it
    has expired."""
    row = _newest_row(db, candidate)
    return None if row is None or expired(row, now_utc) else templates_of(db, keyring, row)


def expired(row: Enrollment, now_utc: datetime) -> bool:
    """Whether it is too old for a session to start with."""
    return row.expires_utc is not None and row.expires_utc <= now_utc


def replaced(db: Session, row: Enrollment) -> UUID | None:
    """The enrollment that counted before this one."""
    wanted = (
        select(Enrollment.id)
        .where(Enrollment.candidate_id == row.candidate_id, Enrollment.created_utc < row.created_utc)
        .order_by(col(Enrollment.created_utc).desc(), col(Enrollment.id).desc())
        .limit(1)
    )
    return db.exec(wanted).one_or_none()


def templates_of(db: Session, keyring: Keyring, row: Enrollment) -> Enrolled:
    """One enrollment's templates, as an edge node takes them."""
    key = keys.get(db, row.tenant_id, row.data_key_id)
    stored = db.exec(
        select(FaceTemplate)
        .where(FaceTemplate.enrollment_id == row.id)
        .order_by(col(FaceTemplate.recogniser))
    ).all()
    return Enrolled(row.id, row.created_utc, tuple(vector_of(keyring, key, template) for template in stored))


def erase(db: Session, candidate: Candidate, now_utc: datetime) -> int:
    """Destroy the candidate's template keys and delete every enrollment; returns how many there were."""
    owner = Owner(candidate.tenant_id, candidate.id, RetentionClass.TEMPLATE)
    keys.destroy(db, owner, now_utc)
    ids = list(db.exec(select(Enrollment.id).where(Enrollment.candidate_id == candidate.id)).all())
    db.exec(update(ExamSession).where(col(ExamSession.enrollment_id).in_(ids)).values(enrollment_id=None))
    for table in (FaceTemplate, EnrollmentPicture):
        db.exec(delete(table).where(col(table.enrollment_id).in_(ids)))
    db.exec(delete(Enrollment).where(col(Enrollment.id).in_(ids)))
    return len(ids)


def unknown() -> Rejected:
    """The refusal where nothing is enrolled."""
    return Rejected("this candidate is not enrolled", code="enrollment-unknown", status=404)


def _newest_row(db: Session, candidate: Candidate) -> Enrollment | None:
    return db.exec(
        select(Enrollment)
        .where(Enrollment.tenant_id == candidate.tenant_id, Enrollment.candidate_id == candidate.id)
        .order_by(col(Enrollment.created_utc).desc(), col(Enrollment.id).desc())
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


def _template(
    keyring: Keyring, key: Key, row: Enrollment, recogniser: str, vector: Sequence[float]
) -> FaceTemplate:
    template_id = uuid7()
    return FaceTemplate(
        id=template_id,
        tenant_id=row.tenant_id,
        enrollment_id=row.id,
        recogniser=recogniser,
        vector_sealed=keyring.seal_field(key, _vector_place(template_id), bytes_of(vector)),
    )


def _place(picture: EnrollmentPicture) -> Place:
    return Place("enrollment_pictures", "measures_sealed", picture.id)


def _vector_place(template_id: UUID) -> Place:
    return Place("templates", "vector_sealed", template_id)


def vector_of(keyring: Keyring, key: Key, template: FaceTemplate) -> Template:
    """A stored template, as an edge node takes it."""
    vector = keyring.open_field(key, _vector_place(template.id), template.vector_sealed)
    return Template(embedding_id=template.id, recogniser=template.recogniser, vector=encode_vector(vector))


def _sealed(keyring: Keyring, key: Key, place: Place, details: Mapping[str, Any]) -> bytes:
    return keyring.seal_field(key, place, json.dumps(details).encode())
