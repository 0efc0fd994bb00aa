"""Tables of what comes of faces beside enrollments: checks before the exam, and pairs that people look at."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7


class PairState(StrEnum):
    """What a person says of two faces."""

    OPEN = "open"
    SAME = "same-person"
    DIFFERENT = "different-people"


class PracticeCheck(Row, table=True):
    """That a candidate tried its camera, microphone and face, and how that went: words only."""

    __tablename__ = "practice_checks"
    __table_args__ = (Index("ix_practice_checks_newest", "candidate_id", "checked_utc"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    outcomes: dict[str, Any] = Field(sa_type=JSON)
    """`ok`, `advice` or `unknown` by what was tried."""
    checked_utc: datetime = Field(sa_type=UtcDateTime)


class FacePair(Row, table=True):
    """Two candidates whose enrolled faces are alike: a question to a person, never an answer."""

    __tablename__ = "face_pairs"
    __table_args__ = (Index("ix_face_pairs_newest", "tenant_id", "found_utc", "id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id", index=True)
    """Whose face was searched for."""
    other_id: UUID = Field(foreign_key="candidates.id", index=True)
    """Who was found."""
    details_sealed: bytes
    """JSON: similarity, recogniser, reason, and what the deciding person wrote."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    """Data key (class template) of the candidate searched for."""
    state: PairState = Field(sa_type=words(PairState))
    found_by: str = Field(max_length=NAME_CHARS)
    found_utc: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=NAME_CHARS)
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
