"""The keyring: a master key that wraps every other key, and what is done with keys once unwrapped.

    master key (file or environment)
      └─ wraps  keys.wrapped: HPKE private halves, AES-256-GCM data keys   one per candidate, class and scope
                 └─ open parcels of edge nodes                └─ seal fields at rest

A `Key` whose wrapped half is gone opens nothing any more: that is how data is erased. Unwrapped keys are not
kept between calls, so a destroyed one does not live on in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from coordinator.ground import sealed_fields
from coordinator.ground.ids import uuid7
from coordinator.ground.sealed_fields import KEY_BYTES, Place
from coordinator.keys.tables import Key, KeyKind, RetentionClass
from shared.errors import ConfigError, Corrupt, Rejected
from shared.sealing import new_sealing_key, private_bytes, sealing_public_text

MASTER_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key it is and what it dies with."""

    tenant_id: UUID
    candidate_id: UUID
    retention_class: RetentionClass
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master key and what it can open. Knows no database: rows come in, rows go out."""

    master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.master) != KEY_BYTES:
            raise ConfigError(f"the master key has {len(self.master)} bytes instead of {KEY_BYTES}")

    def wrap(self, place: Place, secret: bytes) -> bytes:
        """A secret under the master key."""
        return sealed_fields.seal(self.master, place, secret)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """The secret again. Raises `Corrupt` for another master key, another place or damage."""
        return sealed_fields.open_sealed(self.master, place, wrapped)

    def new_sealing_pair(self, owner: Owner, now_utc: datetime) -> Key:
        """A fresh HPKE key pair as a row."""
        private = new_sealing_key()
        row = _new_row(KeyKind.SEALING, owner, now_utc)
        row.public_key = sealing_public_text(private.public_key())
        row.wrapped = self.wrap(_place(row), private_bytes(private))
        return row

    def new_data_key(self, owner: Owner, now_utc: datetime) -> Key:
        """A fresh data key as a row."""
        row = _new_row(KeyKind.DATA, owner, now_utc)
        row.wrapped = self.wrap(_place(row), sealed_fields.new_key())
        return row

    def open_private(self, key: Key) -> X25519PrivateKey:
        """The private half of a sealing key. Raises `Rejected` ("key-destroyed", 410) when it is gone."""
        return X25519PrivateKey.from_private_bytes(self._secret(key, KeyKind.SEALING))

    def seal_field(self, key: Key, place: Place, plain: bytes) -> bytes:
        """A field at rest under a data key. Raises `Rejected` ("key-destroyed", 410) when it is gone."""
        return sealed_fields.seal(self._secret(key, KeyKind.DATA), place, plain)

    def open_field(self, key: Key, place: Place, sealed: bytes) -> bytes:
        """The field again. Raises `Rejected` when the key is gone, `Corrupt` when the value is another's."""
        return sealed_fields.open_sealed(self._secret(key, KeyKind.DATA), place, sealed)

    def _secret(self, key: Key, kind: KeyKind) -> bytes:
        if key.kind is not kind:
            raise Corrupt(f"a {key.kind} key cannot serve as a {kind} key")
        if key.wrapped is None:
            raise Rejected(
                "the key was destroyed; what it sealed is erased", code="key-destroyed", status=410
            )
        return self.unwrap(_place(key), key.wrapped)


def _new_row(kind: KeyKind, owner: Owner, now_utc: datetime) -> Key:
    return Key(
        id=uuid7(),
        tenant_id=owner.tenant_id,
        candidate_id=owner.candidate_id,
        kind=kind,
        retention_class=owner.retention_class,
        scope=owner.scope,
        wrapped=None,
        master_version=MASTER_VERSION,
        created_utc=now_utc,
    )


def _place(key: Key) -> Place:
    return Place("keys", "wrapped", key.id, key.master_version)
