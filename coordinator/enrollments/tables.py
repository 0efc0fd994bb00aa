"""Tables of enrollments, their pictures' measurements and their templates. Pictures are not stored."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, REFERENCE_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7


class Enrollment(Row, table=True):
    """One enrollment of a candidate. Of those in force, the newest counts.

    One that is unlike the one in force waits until an administrator decides about it, or until a newer one
    replaces it.
    """

    __tablename__ = "enrollments"
    __table_args__ = (Index("ix_enrollments_newest", "tenant_id", "candidate_id", "created_utc"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    exam_reference: str = Field(max_length=REFERENCE_CHARS)
    """The exam it was first made for."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    """Data key (class template) of every sealed column of this enrollment, its pictures and templates."""
    details_sealed: bytes
    """JSON: the caller's metadata."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    expires_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """From then on no session starts with it, because faces change. None: made before enrollments expired."""
    in_force_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it came into force; None if it waits or was refused."""
    review_sealed: bytes | None = None
    """JSON, for an enrollment that had to wait: its similarity to the former one, and the words of the
    decision."""
    decided_by: str | None = Field(default=None, max_length=NAME_CHARS)
    """The token's subject of the person who decided; None if a newer enrollment replaced it."""
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EnrollmentPicture(Row, table=True):
    """The measurements of one picture; its id is the picture's embedding_id."""

    __tablename__ = "enrollment_pictures"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    enrollment_id: UUID = Field(foreign_key="enrollments.id", index=True)
    position: int
    """Place in the request, from 0."""
    selected: bool
    """Whether it is one of the pictures averaged into the template."""
    measures_sealed: bytes
    """JSON: sharpness, illumination variance, pose, box, quality, capture time, device."""


class FaceTemplate(Row, table=True):
    """The mean embedding of one recogniser; its id is the template's embedding_id."""

    __tablename__ = "templates"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    enrollment_id: UUID = Field(foreign_key="enrollments.id", index=True)
    recogniser: str = Field(max_length=NAME_CHARS)
    """`name@version`."""
    vector_sealed: bytes
    """Little-endian float32, L2-normalised."""
