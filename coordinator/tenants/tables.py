"""Table of institutions."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7

DEFAULT_TENANT_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The institution of an installation that serves only one; created by the first migration."""


class Tenant(Row, table=True):
    """One institution. All its data carries its id, and no query reads data of two institutions.

    One row represents the installation itself (`institutions.INSTALLATION_ID`): operators' tokens and keys
    belong to it.
    """

    __tablename__ = "tenants"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str = Field(max_length=NAME_CHARS, unique=True)
    created_utc: datetime = Field(sa_type=UtcDateTime)
    disabled_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_by: str | None = Field(default=None, max_length=NAME_CHARS)
    other_bases: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=JSON)
    """Purposes that need no acknowledgement here: the lawful basis instead, who recorded it and when."""
