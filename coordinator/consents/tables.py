"""Table of consents: one row per consent and withdrawal, never changed afterwards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.consents import Purpose


class Consent(Row, table=True):
    """A candidate's consent to one purpose, or its withdrawal. The newest of a purpose counts."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_newest", "tenant_id", "candidate_id", "id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    purpose: Purpose = Field(sa_type=words(Purpose))
    given: bool
    """False: withdrawn."""
    text_version: str = Field(max_length=NAME_CHARS)
    """The version of the shown text."""
    language: str = Field(max_length=35)
    """BCP 47 tag of that text."""
    recorded_by: str = Field(max_length=NAME_CHARS)
    """The subject of the token that recorded it: the candidate or their representative."""
    on_paper: bool = Field(default=False)
    """The candidate said so on paper, and `recorded_by` recorded it."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
