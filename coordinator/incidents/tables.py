"""Tables of incidents and of the alerts each is made of. Nothing in them names a person but the claim's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.incidents.states import State


class Incident(Row, table=True):
    """One incident of a session. Its id stays when findings join it later; a merged one points on."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index("ix_incidents_queue", "tenant_id", "queue_place", "begins_utc", "id"),
        Index("ix_incidents_session", "session_id", "begins_utc"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id")
    state: State = Field(sa_type=words(State))
    queue_place: int
    """Smaller is sooner (`states.queue_place`)."""
    severity: float
    """The worst of its alerts."""
    events: list[str] = Field(sa_type=JSON)
    """Kinds, each once, in the order of their first onset."""
    alert_count: int
    begins_utc: datetime = Field(sa_type=UtcDateTime)
    ends_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None while any of its alerts lasts."""
    claimed_by: str | None = Field(default=None, max_length=NAME_CHARS)
    """The subject of whoever looks at it now."""
    claim_expires_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the verdict that stands was given."""
    changed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When something came to it after a person's verdict; None: that verdict saw it all."""
    merged_into_id: UUID | None = Field(default=None, foreign_key="incidents.id", index=True)
    created_utc: datetime = Field(sa_type=UtcDateTime)


class IncidentAlert(Row, table=True):
    """Which incident an alert belongs to; one at most."""

    __tablename__ = "incident_alerts"

    alert_id: UUID = Field(foreign_key="alerts.id", primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    incident_id: UUID = Field(foreign_key="incidents.id", index=True)
