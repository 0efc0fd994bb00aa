"""Table of answers for repeated requests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import REFERENCE_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7


class KeptAnswer(Row, table=True):
    """The answer to a POST with an Idempotency-Key."""

    __tablename__ = "kept_answers"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    request_hash: bytes = Field(unique=True)
    """SHA-256 of bearer, path and key."""
    body_hash: bytes
    """SHA-256 of the request's body."""
    answer_sealed: bytes
    """The answer's JSON, under the master key."""
    candidate_reference: str | None = Field(default=None, max_length=REFERENCE_CHARS)
    """The candidate it is about; erased with that candidate's data."""
    created_utc: datetime = Field(index=True, sa_type=UtcDateTime)
