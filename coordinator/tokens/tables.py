"""Tables of the keys that sign access tokens, and of tokens for people and services."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, NAME_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from shared.tokens import Role

KID_CHARS = 64


class TokenKey(Row, table=True):
    """A signing key of one institution, or the retired state of the installation's key there.

    Until its first rotation an institution has no row, and the installation's key signs for it.
    """

    __tablename__ = "token_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "kid"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    kid: str = Field(max_length=KID_CHARS)
    public_key: str = Field(max_length=KEY_TEXT_CHARS)
    """`ed25519:…`."""
    wrapped: bytes | None
    """The private half under the master key; None for the installation's key or a revoked one."""
    master_version: int
    """The id of the master key that wrapped it."""
    created_by: str = Field(max_length=NAME_CHARS)
    created_utc: datetime = Field(sa_type=UtcDateTime)
    retired_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """From then on it signs no new tokens; those it signed stay valid until they expire."""
    revoked_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """From then on no token it signed is valid."""


class IssuedToken(Row, table=True):
    """A token for a person or a service; session tokens have no row and end with their session."""

    __tablename__ = "tokens"
    __table_args__ = (Index("ix_tokens_living", "tenant_id", "expires_utc", "id"),)

    id: UUID = Field(primary_key=True)
    """Its jti."""
    tenant_id: UUID = Field(foreign_key="tenants.id")
    subject: str = Field(max_length=NAME_CHARS)
    role: Role = Field(sa_type=words(Role))
    kid: str = Field(max_length=KID_CHARS)
    issued_by: str = Field(max_length=NAME_CHARS)
    created_utc: datetime = Field(sa_type=UtcDateTime)
    expires_utc: datetime = Field(sa_type=UtcDateTime)
    revoked_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = Field(default=None, max_length=NAME_CHARS)
