"""The keyring: a master key that wraps every other key, and what is done with keys once unwrapped.

    master key (file or environment)
      └─ wraps  keys.wrapped: HPKE private halves, AES-256-GCM data keys   one per candidate, class and scope
                 └─ open parcels of edge nodes                └─ seal fields at rest

A key whose wrapped half is gone opens nothing any more: that is how data is erased. Unwrapped keys are not
kept between calls, so a destroyed one does not live on in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from coordinator.ground import sealed_fields
from coordinator.ground.sealed_fields import KEY_BYTES, Place
from shared.errors import ConfigError, Corrupt, Rejected

MASTER_VERSION: Final = 1


class KeyKind(StrEnum):
    """What a key is for."""

    SEALING = "sealing"
    """An HPKE key pair; edges seal to its public half."""
    DATA = "data"
    """An AES-256-GCM key for fields at rest."""


class HeldKey(Protocol):
    """A key as it is stored (`keys.tables.Key`)."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> KeyKind: ...
    @property
    def wrapped(self) -> bytes | None:
        """Its secret half under the master key; None once destroyed."""

    @property
    def master_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master key and what it can open. Knows no database."""

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

    def wrap_key(self, key_id: UUID, secret: bytes) -> bytes:
        """The secret half of a new key under the master key, for the key's own row."""
        return self.wrap(_place(key_id, MASTER_VERSION), secret)

    def open_private(self, key: HeldKey) -> X25519PrivateKey:
        """The private half of a sealing key. Raises `Rejected` ("key-destroyed", 410) when it is gone."""
        return X25519PrivateKey.from_private_bytes(self._secret(key, KeyKind.SEALING))

    def seal_field(self, key: HeldKey, place: Place, plain: bytes) -> bytes:
        """A field at rest under a data key. Raises `Rejected` ("key-destroyed", 410) when it is gone."""
        return sealed_fields.seal(self._secret(key, KeyKind.DATA), place, plain)

    def open_field(self, key: HeldKey, place: Place, sealed: bytes) -> bytes:
        """The field again. Raises `Rejected` when the key is gone, `Corrupt` when the value is another's."""
        return sealed_fields.open_sealed(self._secret(key, KeyKind.DATA), place, sealed)

    def _secret(self, key: HeldKey, kind: KeyKind) -> bytes:
        if key.kind is not kind:
            raise Corrupt(f"a {key.kind} key cannot serve as a {kind} key")
        if key.wrapped is None:
            raise Rejected(
                "the key was destroyed; what it sealed is erased", code="key-destroyed", status=410
            )
        return self.unwrap(_place(key.id, key.master_version), key.wrapped)


def _place(key_id: UUID, master_version: int) -> Place:
    return Place("keys", "wrapped", key_id, master_version)
