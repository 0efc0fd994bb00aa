"""Table of pictures, each sealed under the evidence data key of its candidate and exam."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import Row, UtcDateTime


class Evidence(Row, table=True):
    """One picture of an alert; the id is the one its alert names."""

    __tablename__ = "evidence"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    alert_id: UUID = Field(foreign_key="alerts.id", index=True)
    data_key_id: UUID = Field(foreign_key="keys.id")
    body_sealed: bytes
    """The JPEG."""
    received_utc: datetime = Field(sa_type=UtcDateTime)
