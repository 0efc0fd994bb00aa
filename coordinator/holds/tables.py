"""Table of legal holds."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, REFERENCE_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.holds import HeldThing


class LegalHold(Row, table=True):
    """One legal hold. Candidate and incident without a foreign key: after the release they may be erased."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        Index("ix_legal_holds_oldest", "tenant_id", "held_utc", "id"),
        Index("ix_legal_holds_candidate", "tenant_id", "candidate_id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    thing: HeldThing = Field(sa_type=words(HeldThing))
    candidate_id: UUID | None = None
    """The person, or the candidate of the incident."""
    exam_reference: str | None = Field(default=None, max_length=REFERENCE_CHARS)
    """The exam, or that of the incident."""
    incident_id: UUID | None = None
    reason_sealed: bytes
    """Why, under the master key: it may be about a person, and must outlast that person's keys."""
    held_by: str = Field(max_length=NAME_CHARS)
    """The token's subject."""
    held_utc: datetime = Field(sa_type=UtcDateTime)
    until_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it ends by itself; None: never."""
    released_by: str | None = Field(default=None, max_length=NAME_CHARS)
    released_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
