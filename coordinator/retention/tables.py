"""Tables of retention: which coordinator erases, and how much was erased."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import Row, UtcDateTime, words
from shared.retention import Kept


class RetentionLease(Row, table=True):
    """The one coordinator that erases at present; one row."""

    __tablename__ = "retention_leases"

    tenant_id: UUID = Field(foreign_key="tenants.id", primary_key=True)
    """The installation itself."""
    held_by: UUID | None = None
    held_until_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Then another one may."""
    done_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When everything that was due had last been erased."""


class RetentionTally(Row, table=True):
    """How much of one class was erased for one institution on one day, in UTC. Names nobody."""

    __tablename__ = "retention_tallies"

    tenant_id: UUID = Field(foreign_key="tenants.id", primary_key=True)
    day: date = Field(primary_key=True)
    kept: Kept = Field(sa_type=words(Kept), primary_key=True)
    things: int = 0
    """Persons, or persons' exams, of which the class was erased."""
    keys: int = 0
    rows: int = 0
    """Removed or emptied."""
