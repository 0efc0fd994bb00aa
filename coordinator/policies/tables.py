"""Table of policies: one row per version, never changed afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7

REASON_CHARS = 2_000


class PolicyVersion(Row, table=True):
    """One version of an exam's policy; the highest is in force for sessions that start from then on."""

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("exam_id", "version"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    exam_id: UUID = Field(foreign_key="exams.id")
    version: int
    """Counts up from 1 within the exam."""
    policy: dict[str, Any] = Field(sa_type=JSON)
    """The whole policy, as `shared.policy.schema.Policy` dumps it."""
    changed_by: str = Field(max_length=NAME_CHARS)
    """The subject of the token that changed it."""
    reason: str = Field(max_length=REASON_CHARS)
    created_utc: datetime = Field(sa_type=UtcDateTime)
