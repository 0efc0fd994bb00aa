"""The table of used tickets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import Row, UtcDateTime


class UsedTicket(Row, table=True):
    """A ticket that opened a socket; kept until it would have expired anyway."""

    __tablename__ = "used_tickets"

    id: UUID = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    expires_utc: datetime = Field(sa_type=UtcDateTime, index=True)
