"""Tables of candidates and of what is kept of former names: theirs, and those of their sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import REFERENCE_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7


class Candidate(Row, table=True):
    """One person of one institution, known only by the institution's own identifier."""

    __tablename__ = "candidates"
    __table_args__ = (UniqueConstraint("tenant_id", "reference"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    reference: str = Field(max_length=REFERENCE_CHARS)
    """The institution's candidate_id."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    erased_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the person was erased. The row stays, without a name, so that nothing about it is accepted."""


class FormerReference(Row, table=True):
    """A name of a candidate or of one of its sessions that was corrected, as a hash: alerts that were written
    before still have it."""

    __tablename__ = "former_references"
    __table_args__ = (UniqueConstraint("candidate_id", "reference_hash"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    session_id: UUID | None = Field(default=None, foreign_key="sessions.id", index=True)
    """The session that had it; None: the candidate itself had it."""
    reference_hash: bytes
    """See `former`."""
    corrected_utc: datetime = Field(sa_type=UtcDateTime)
    """When it was corrected last: a name may come back."""
