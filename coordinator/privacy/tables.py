"""Tables of erasures, of the sessions that went with them, and of candidates' requests to be erased.

No row here names anybody: all ids are random.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.api.privacy import RequestRefusal
from shared.erasures import Cause
from shared.tokens import Role


class RequestState(StrEnum):
    """What became of a request to be erased."""

    WAITING = "waiting"
    GRANTED = "granted"
    REFUSED = "refused"


class Erasure(Row, table=True):
    """One erasure: an entry of the journal, and how far its steps are. The ids have no foreign key: a
    restored database may know neither person nor institution."""

    __tablename__ = "erasures"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    number: int = Field(unique=True)
    """Its place in the installation's journal."""
    tenant_id: UUID
    candidate_id: UUID = Field(unique=True)
    decided_utc: datetime = Field(sa_type=UtcDateTime)
    """In whole milliseconds, as it is hashed."""
    decided_by: Role = Field(sa_type=words(Role))
    cause: Cause = Field(sa_type=words(Cause))
    chain: bytes
    signature: str = Field(max_length=KEY_TEXT_CHARS)
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    """What was erased, by kind."""
    recipients: int = 0
    ended: list[str] = Field(default_factory=list, sa_type=JSON)
    """The sessions that ran, whose nodes must be told."""
    completed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When every step was done; None: they go on."""
    receipt: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))


class ErasedSession(Row, table=True):
    """A session of an erased person: nothing about it is accepted any more."""

    __tablename__ = "erased_sessions"

    session_id: UUID = Field(primary_key=True)
    tenant_id: UUID
    erasure_id: UUID = Field(foreign_key="erasures.id", index=True)


class ErasureRequest(Row, table=True):
    """A candidate's request to be erased, and its decision."""

    __tablename__ = "erasure_requests"
    __table_args__ = (
        Index("ix_erasure_requests_oldest", "tenant_id", "asked_utc", "id"),
        Index("ix_erasure_requests_candidate", "candidate_id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    asked_utc: datetime = Field(sa_type=UtcDateTime)
    state: RequestState = Field(sa_type=words(RequestState))
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refusal: RequestRefusal | None = Field(default=None, sa_type=words(RequestRefusal))
    """Why it was refused, as a word: nothing about the person."""
