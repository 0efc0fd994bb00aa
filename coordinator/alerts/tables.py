"""Tables of stored alerts and of refused messages.

Clear columns are those that queries need; the whole alert is sealed under the data key of its candidate and
exam.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from shared.events.types import EventClass, EventType, Lane


class StoredAlert(Row, table=True):
    """One alert in its highest revision; the id is its event_id."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_timeline", "tenant_id", "session_id", "onset_utc"),
        Index("ix_alerts_received", "tenant_id", "received_utc", "id"),
        Index("ix_alerts_kind", "tenant_id", "event_type", "received_utc", "id"),
        Index("ix_alerts_class", "tenant_id", "event_class", "received_utc", "id"),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id")
    revision: int
    """1 raised, 2 cleared."""
    event_type: EventType = Field(sa_type=words(EventType))
    event_class: EventClass = Field(sa_type=words(EventClass))
    severity_score: float
    onset_utc: datetime = Field(sa_type=UtcDateTime)
    raised_utc: datetime = Field(sa_type=UtcDateTime)
    cleared_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    node_id: UUID | None = Field(default=None, foreign_key="nodes.id")
    """The node that raised it; None: the coordinator itself (milestones)."""
    epoch: int | None = None
    """The epoch of the node's assignment; None for the coordinator's own alerts."""
    data_key_id: UUID = Field(foreign_key="keys.id")
    body_sealed: bytes
    """The alert as canonical JSON."""
    received_utc: datetime = Field(sa_type=UtcDateTime)
    """When it was first stored; a later revision does not change it."""


class RefusedAlert(Row, table=True):
    """An authentic message that could not become an alert: which one and why, never its content."""

    __tablename__ = "refused_alerts"

    node_id: UUID = Field(foreign_key="nodes.id", primary_key=True)
    outbox_id: UUID = Field(primary_key=True)
    lane: Lane = Field(sa_type=words(Lane), primary_key=True)
    sequence: int = Field(sa_type=BigInteger, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    alert_id: UUID
    reason: str = Field(max_length=NAME_CHARS)
    refused_utc: datetime = Field(sa_type=UtcDateTime)
