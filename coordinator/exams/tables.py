"""Table of exams."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, REFERENCE_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7


class Exam(Row, table=True):
    """One exam of an institution. Sessions name it by its reference, also if it was not created."""

    __tablename__ = "exams"
    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        Index("ix_exams_newest", "tenant_id", "created_utc", "id"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    reference: str = Field(max_length=REFERENCE_CHARS)
    """The institution's exam_id."""
    title: str = Field(max_length=NAME_CHARS)
    """The title shown to candidates."""
    opens_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closes_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Sessions end at this time, except for a candidate's extra time."""
    region: str | None = Field(default=None, max_length=NAME_CHARS)
    """Of the nodes that come first for its sessions; None: no region comes first."""
    details: dict[str, Any] = Field(sa_type=JSON)
    """The institution's own data about it; must not be about persons."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    updated_utc: datetime = Field(sa_type=UtcDateTime)
