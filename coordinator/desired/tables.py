"""Table of what is given to nodes: one row per version, never changed afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index
from sqlmodel import Field

from coordinator.desired.layers import Scope
from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime, words


class GivenSettings(Row, table=True):
    """What some nodes are to have; the highest version for a scope and target counts."""

    __tablename__ = "node_settings"
    __table_args__ = (Index("ix_node_settings_target", "scope", "target", "version"),)

    version: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    """Counts up from 1 over all scopes."""
    tenant_id: UUID = Field(foreign_key="tenants.id")
    """Nodes belong to no institution; it is that of the first."""
    scope: Scope = Field(sa_type=words(Scope))
    target: str = Field(max_length=NAME_CHARS)
    """The region, or the node's id; empty for all."""
    settings: dict[str, Any] = Field(sa_type=JSON)
    """What was given of `shared.node_settings.NodeSettings`."""
    weights: dict[str, str] = Field(sa_type=JSON)
    """The network of a task, as name@version."""
    reason: str | None = Field(default=None, max_length=NAME_CHARS)
    made_by: str = Field(max_length=NAME_CHARS)
    made_utc: datetime = Field(sa_type=UtcDateTime)
