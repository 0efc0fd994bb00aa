"""Tables of join tokens and of nodes' certificates."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from coordinator.ground.columns import NAME_CHARS, Row, UtcDateTime
from coordinator.ground.ids import uuid7

HASH_CHARS = 64
SERIAL_CHARS = 40
HUB_KEY_CHARS = 56


class IssuedJoinToken(Row, table=True):
    """A token with which one node may join, without its secret. Nodes serve every institution; the rows
    belong to the installation."""

    __tablename__ = "join_tokens"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    secret_hash: str = Field(max_length=HASH_CHARS, unique=True)
    region: str = Field(max_length=NAME_CHARS)
    name: str | None = Field(default=None, max_length=NAME_CHARS)
    made_by: str = Field(max_length=NAME_CHARS)
    made_utc: datetime = Field(sa_type=UtcDateTime)
    used_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    node_id: UUID | None = Field(default=None, foreign_key="nodes.id")
    """The node that joined with it."""


class NodeCertificate(Row, table=True):
    """A certificate that a node got, with the hub JWT of the same lifetime."""

    __tablename__ = "node_certificates"
    __table_args__ = (Index("ix_node_certificates_ends", "ends_utc", "id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    node_id: UUID = Field(foreign_key="nodes.id", index=True)
    serial: str = Field(max_length=SERIAL_CHARS, unique=True)
    """Hexadecimal."""
    hub_key: str = Field(max_length=HUB_KEY_CHARS, index=True)
    """The node's public key at the hub, `U…`."""
    begins_utc: datetime = Field(sa_type=UtcDateTime)
    ends_utc: datetime = Field(sa_type=UtcDateTime)
