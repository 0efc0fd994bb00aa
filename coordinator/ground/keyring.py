"""The keyring: a master key that wraps all other keys, and the operations with unwrapped keys.

    master key (file or environment)
      └─ wraps  keys.wrapped: HPKE private halves, AES-256-GCM data keys   one per candidate, class and scope
                 └─ open parcels of edge nodes                └─ seal stored fields

A key without its wrapped half opens nothing: this is how data is erased. Unwrapped keys are not kept between
calls, so a destroyed key does not remain in memory.
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
    """The purpose of a key."""

    SEALING = "sealing"
    """An HPKE key pair; edge nodes seal to its public half."""
    DATA = "data"
    """An AES-256-GCM key for stored fields."""


class HeldKey(Protocol):
    """A stored key (`keys.tables.Key`)."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> KeyKind: ...
    @property
    def wrapped(self) -> bytes | None:
        """Its secret half under the master key; None after its destruction."""

    @property
    def master_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master key and its operations. Knows no database."""

    master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.master) != KEY_BYTES:
            raise ConfigError(f"the master key has {len(self.master)} bytes instead of {KEY_BYTES}")

    def wrap(self, place: Place, secret: bytes) -> bytes:
        """Encrypt a secret under the master key."""
        return sealed_fields.seal(self.master, place, secret)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Decrypt a secret. Raises `Corrupt` for another master key, another place or damage."""
        return sealed_fields.open_sealed(self.master, place, wrapped)

    def wrap_key(self, key_id: UUID, secret: bytes) -> bytes:
        """The secret half of a new key under the master key, for the key's own row."""
        return self.wrap(_place(key_id, MASTER_VERSION), secret)

    def open_private(self, key: HeldKey) -> X25519PrivateKey:
        """The private half of a sealing key. Raises `Rejected` ("key-destroyed", 410) if it is destroyed."""
        return X25519PrivateKey.from_private_bytes(self._secret(key, KeyKind.SEALING))

    def seal_field(self, key: HeldKey, place: Place, plain: bytes) -> bytes:
        """Seal a field under a data key. Raises `Rejected` ("key-destroyed", 410) if the key is destroyed."""
        return sealed_fields.seal(self._secret(key, KeyKind.DATA), place, plain)

    def open_field(self, key: HeldKey, place: Place, sealed: bytes) -> bytes:
        """Open a sealed field. Raises `Rejected` if the key is destroyed, `Corrupt` for a value of another
        place."""
        return sealed_fields.open_sealed(self._secret(key, KeyKind.DATA), place, sealed)

    def _secret(self, key: HeldKey, kind: KeyKind) -> bytes:
        if key.kind is not kind:
            raise Corrupt(f"a {key.kind} key cannot serve as a {kind} key")
        if key.wrapped is None:
            raise Rejected("the key was destroyed; its data is erased", code="key-destroyed", status=410)
        return self.unwrap(_place(key.id, key.master_version), key.wrapped)


def _place(key_id: UUID, master_version: int) -> Place:
    return Place("keys", "wrapped", key_id, master_version)
