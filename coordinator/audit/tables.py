"""Tables of the audit log. Only `chaining_service` changes an entry after its insertion, once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import KeyKind


class AuditKey(Row, table=True):
    """The data key of one institution's entries of one year; destroyed when they have been archived."""

    __tablename__ = "audit_keys"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    year: int
    kind: KeyKind = Field(default=KeyKind.DATA, sa_type=words(KeyKind))
    wrapped: bytes | None
    master_version: int
    created_utc: datetime = Field(sa_type=UtcDateTime)
    destroyed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        Index(
            "uq_audit_keys_living",
            "tenant_id",
            "year",
            unique=True,
            sqlite_where=text("destroyed_utc IS NULL"),
            postgresql_where=text("destroyed_utc IS NULL"),
        ),
    )


class AuditEntry(Row, table=True):
    """One act. Candidates and sessions by id without a foreign key: their rows may be erased."""

    __tablename__ = "audit_entries"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    at_utc: datetime = Field(sa_type=UtcDateTime)
    """In whole milliseconds, as it is hashed."""
    request_id: UUID
    """Entries of one request have one."""
    act: str = Field(max_length=80)
    role: str = Field(max_length=20)
    """Of a token, or `link`, `node`, `coordinator`."""
    actor_sealed: bytes | None
    """Staff: the token's subject and the address."""
    key_id: UUID | None = Field(default=None, foreign_key="audit_keys.id")
    """Seals the actor."""
    node_id: UUID | None = None
    candidate_id: UUID | None = None
    session_id: UUID | None = None
    destination_id: UUID | None = None
    """The institution's system to which something was sent."""
    outcome: str = Field(max_length=40)
    amount: int = 1
    """How many things it was about: alerts stored together."""
    number: int | None = Field(default=None, sa_type=BigInteger)
    """Its place in the chain; None until shortly after its commit."""
    leaf: bytes | None = None
    chain: bytes | None = None

    __table_args__ = (
        Index("uq_audit_entries_number", "tenant_id", "number", unique=True),
        Index("ix_audit_entries_candidate", "tenant_id", "candidate_id", "number"),
        Index("ix_audit_entries_session", "tenant_id", "session_id", "number"),
        Index(
            "ix_audit_entries_unnumbered",
            "tenant_id",
            sqlite_where=text("number IS NULL"),
            postgresql_where=text("number IS NULL"),
        ),
    )


class AuditHead(Row, table=True):
    """The end of an institution's chain. Its row is the lock of who numbers entries."""

    __tablename__ = "audit_heads"

    tenant_id: UUID = Field(foreign_key="tenants.id", primary_key=True)
    number: int = Field(default=0, sa_type=BigInteger)
    chain: bytes
    archived: int = Field(default=0, sa_type=BigInteger)
    """The last entry that is in an archive; 0: none is. Those up to it go, or have gone."""
    archived_chain: bytes | None = None
    """The chain value there, with which the log goes on here."""


class AuditCheckpoint(Row, table=True):
    """A signed chain value."""

    __tablename__ = "audit_checkpoints"
    __table_args__ = (
        Index(
            "ix_audit_checkpoints_unpublished",
            "at_utc",
            sqlite_where=text("published_utc IS NULL"),
            postgresql_where=text("published_utc IS NULL"),
        ),
    )

    tenant_id: UUID = Field(foreign_key="tenants.id", primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    chain: bytes
    at_utc: datetime = Field(sa_type=UtcDateTime)
    signed_by: str = Field(max_length=KEY_TEXT_CHARS)
    """`ed25519:…` of the coordinator's signing key."""
    signature: str = Field(max_length=KEY_TEXT_CHARS)
    published_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the hub had it; None: not yet."""
