"""Table of parked messages."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from shared.events.types import Lane


class ParkedMessage(Row, table=True):
    """An authentic message that could not be judged, as it came. Its body stays sealed to the key of its
    candidate and exam, so it is erased together with that key."""

    __tablename__ = "parked_messages"

    node_id: UUID = Field(foreign_key="nodes.id", primary_key=True)
    outbox_id: UUID = Field(primary_key=True)
    lane: Lane = Field(sa_type=words(Lane), primary_key=True)
    sequence: int = Field(sa_type=BigInteger, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    reason: str = Field(max_length=NAME_CHARS)
    """Why it could not be judged, in one word."""
    subject: str = Field(max_length=NAME_CHARS)
    message: bytes
    size_bytes: int
    parked_utc: datetime = Field(sa_type=UtcDateTime)
