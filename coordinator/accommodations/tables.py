"""Table of accommodations: one row per change, so that the terms of any time are known."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7


class AccommodationVersion(Row, table=True):
    """The terms agreed with a candidate for an exam; the highest version is in force.

    The terms are sealed: muted detectors may reveal a person's health.
    """

    __tablename__ = "accommodations"
    __table_args__ = (UniqueConstraint("exam_id", "candidate_id", "version"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    exam_id: UUID = Field(foreign_key="exams.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    version: int
    """Counts up from 1 within exam and candidate."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    """Data key (class exam) of `terms_sealed`."""
    terms_sealed: bytes | None
    """JSON: accommodation and extra time; None: withdrawn."""
    changed_by: str = Field(max_length=NAME_CHARS)
    """The subject of the token that changed it."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
