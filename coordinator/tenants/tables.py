"""Table of institutions."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7

DEFAULT_TENANT_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The institution of an installation that serves only one; created by the first migration."""


class Tenant(Row, table=True):
    """One institution. All its rows have its id, and no query reads rows of two institutions."""

    __tablename__ = "tenants"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str = Field(max_length=NAME_CHARS, unique=True)
    created_utc: datetime = Field(sa_type=UtcDateTime)
