"""Tables about faces besides enrollments: checks before the exam, and pairs for people to look at."""

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
    """A person's decision about two faces."""

    OPEN = "open"
    SAME = "same-person"
    DIFFERENT = "different-people"


class PracticeCheck(Row, table=True):
    """A candidate's check of camera, microphone and face, with results in words only."""

    __tablename__ = "practice_checks"
    __table_args__ = (Index("ix_practice_checks_newest", "candidate_id", "checked_utc"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    outcomes: dict[str, Any] = Field(sa_type=JSON)
    """`ok`, `advice` or `unknown` per checked part."""
    checked_utc: datetime = Field(sa_type=UtcDateTime)


class FacePair(Row, table=True):
    """Two candidates with similar enrolled faces: a question for a person, never an answer."""

    __tablename__ = "face_pairs"
    __table_args__ = (Index("ix_face_pairs_newest", "tenant_id", "found_utc", "id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id", index=True)
    """The candidate whose face was searched."""
    other_id: UUID = Field(foreign_key="candidates.id", index=True)
    """The candidate who was found."""
    details_sealed: bytes
    """JSON: similarity, recogniser, reason, and the text of the deciding person."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    """The data key (class template) of the candidate whose face was searched."""
    state: PairState = Field(sa_type=words(PairState))
    found_by: str = Field(max_length=NAME_CHARS)
    found_utc: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(default=None, max_length=NAME_CHARS)
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
