"""Tables of incidents and of their alerts. The only person named in them is the reviewer of a claim."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.incidents.states import State


class Incident(Row, table=True):
    """One incident of a session. Its id stays when findings join it later; a merged one points to its
    target."""

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
    """Smaller comes first (`states.queue_place`)."""
    severity: float
    """The highest severity of its alerts."""
    events: list[str] = Field(sa_type=JSON)
    """The kinds of its events, once each, in the order of their first onset."""
    alert_count: int
    begins_utc: datetime = Field(sa_type=UtcDateTime)
    ends_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """None while one of its alerts lasts."""
    claimed_by: str | None = Field(default=None, max_length=NAME_CHARS)
    """The subject of the reviewer who has claimed it."""
    claim_expires_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the verdict in force was given."""
    effective_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the latest verdict or first confirmation takes effect; None: it is in effect, or there is none."""
    verdict_id: UUID | None = None
    """The act (`review_acts`) of the latest verdict; its findings are what the verdict is about."""
    changed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When something was added after a verdict; None: the verdict covers everything."""
    merged_into_id: UUID | None = Field(default=None, foreign_key="incidents.id", index=True)
    created_utc: datetime = Field(sa_type=UtcDateTime)


class IncidentAlert(Row, table=True):
    """The incident of an alert; at most one."""

    __tablename__ = "incident_alerts"

    alert_id: UUID = Field(foreign_key="alerts.id", primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    incident_id: UUID = Field(foreign_key="incidents.id", index=True)
