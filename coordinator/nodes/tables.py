"""Tables of edge nodes and of how far each outbox is committed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.events.types import Lane


class Node(Row, table=True):
    """One edge node that may speak; who is online is the fleet's knowledge, not this table's."""

    __tablename__ = "nodes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    region: str = Field(max_length=NAME_CHARS)
    signing_key: str = Field(max_length=KEY_TEXT_CHARS)
    """`ed25519:…`, with which its every message is checked."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    last_seen_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Of the last heartbeat, written at most once a minute."""


class CommittedLane(Row, table=True):
    """Which sequences of one outbox and lane are committed (`nodes.marks.Progress`)."""

    __tablename__ = "lane_marks"

    node_id: UUID = Field(foreign_key="nodes.id", primary_key=True)
    outbox_id: UUID = Field(primary_key=True)
    lane: Lane = Field(sa_type=words(Lane), primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    mark: int = Field(default=0, sa_type=BigInteger)
    """Everything up to here is committed."""
    beyond: list[list[int]] = Field(default_factory=list, sa_type=JSON)
    """Committed ranges [first, last] above the gap, in order."""
    updated_utc: datetime = Field(sa_type=UtcDateTime)
