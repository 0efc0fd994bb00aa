"""Table of keys: HPKE pairs and data keys, each for one candidate, retention class and scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from coordinator.ground.columns import KEY_TEXT_CHARS, REFERENCE_CHARS, Row, UtcDateTime, words
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import KeyKind


class RetentionClass(StrEnum):
    """A class of data that is kept and destroyed together."""

    TEMPLATE = "template"
    """Per candidate: templates and the measurements of enrollment pictures. Scope is empty."""
    EXAM = "exam"
    """Per candidate and exam: alerts, session details. Scope is the exam's reference."""
    EVIDENCE = "evidence"
    """Per candidate and exam: the pictures of its alerts. Scope is the exam's reference."""
    FEATURES = "features"
    """Per candidate and exam: the log of features. Scope is the exam's reference."""
    TRANSCRIPT = "transcript"
    """Per session: speech excerpts. Scope is the session's id."""


class Key(Row, table=True):
    """One key, its secret half wrapped by the master key, or destroyed.

    There is at most one usable key of a kind per candidate, class and scope; the row of a destroyed one stays
    as proof.
    """

    __tablename__ = "keys"
    __table_args__ = (
        Index(
            "uq_keys_living",
            "tenant_id",
            "candidate_id",
            "kind",
            "retention_class",
            "scope",
            unique=True,
            sqlite_where=text("destroyed_utc IS NULL"),
            postgresql_where=text("destroyed_utc IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    candidate_id: UUID = Field(foreign_key="candidates.id")
    kind: KeyKind = Field(sa_type=words(KeyKind))
    retention_class: RetentionClass = Field(sa_type=words(RetentionClass))
    scope: str = Field(default="", max_length=REFERENCE_CHARS)
    public_key: str | None = Field(default=None, max_length=KEY_TEXT_CHARS)
    """`x25519:…` of a sealing key. The public half of a hybrid one is too long for it, and is made from the
    private half."""
    wrapped: bytes | None
    """The secret bytes under the master key (of a sealing key `shared.hybrid.Opener`); None after
    destruction."""
    master_version: int
    """The id of the master key that wrapped it."""
    created_utc: datetime = Field(sa_type=UtcDateTime)
    destroyed_utc: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FormerMaster(Row, table=True):
    """A master key that was replaced: a coordinator that would wrap with it does not start."""

    __tablename__ = "former_masters"

    key_id: bytes = Field(primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenants.id")
    """The installation."""
    replaced_utc: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class Half:
    """The secret half of a stored key, without what it belongs to: what `Keyring` takes of it (`HeldKey`).

    A batch of alerts reads four for each session; as whole rows they were a twelfth of storing it.
    """

    id: UUID
    kind: KeyKind
    wrapped: bytes | None
    master_version: int


_COLUMNS: Final[Any] = Key.__table__.c  # type: ignore[attr-defined]
HALF_COLUMNS: Final = (_COLUMNS.id, _COLUMNS.kind, _COLUMNS.wrapped, _COLUMNS.master_version)
"""The columns that make one, in this order."""
