"""Templates of faces: sealed in the database, and opened in the form for an edge node. Flushes, never
commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.enrollments.tables import Enrollment, FaceTemplate
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from shared.enrollment import bytes_of
from shared.messages.faces import Template, encode_vector


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a node needs to verify a person."""

    enrollment_id: UUID
    at_utc: datetime
    templates: tuple[Template, ...]


def templates_of(db: Session, keyring: Keyring, row: Enrollment) -> Enrolled:
    """One enrollment's templates, in the form for an edge node."""
    key = keys.get(db, row.tenant_id, row.data_key_id)
    stored = db.exec(
        select(FaceTemplate)
        .where(FaceTemplate.enrollment_id == row.id)
        .order_by(col(FaceTemplate.recogniser))
    ).all()
    return Enrolled(row.id, row.created_utc, tuple(vector_of(keyring, key, template) for template in stored))


def row_of(
    keyring: Keyring, key: Key, row: Enrollment, recogniser: str, vector: Sequence[float]
) -> FaceTemplate:
    """A new template of an enrollment, sealed."""
    template_id = uuid7()
    return FaceTemplate(
        id=template_id,
        tenant_id=row.tenant_id,
        enrollment_id=row.id,
        recogniser=recogniser,
        vector_sealed=keyring.seal_field(key, _vector_place(template_id), bytes_of(vector)),
    )


def _vector_place(template_id: UUID) -> Place:
    return Place("templates", "vector_sealed", template_id)


def vector_of(keyring: Keyring, key: Key, template: FaceTemplate) -> Template:
    """A stored template, in the form for an edge node."""
    vector = keyring.open_field(key, _vector_place(template.id), template.vector_sealed)
    return Template(embedding_id=template.id, recogniser=template.recogniser, vector=encode_vector(vector))
