"""The keyring: a master key that wraps all other keys, and the operations with unwrapped keys.

    master key (`master_keys`)
      └─ wraps  keys.wrapped: HPKE private halves, AES-256-GCM data keys   one per candidate, class and scope
                 └─ open parcels of edge nodes                └─ seal stored fields

A key without its wrapped half opens nothing: this is how data is erased. Unwrapped keys are not kept between
calls, or for one batch of alerts at most (`for_one_batch`), so a destroyed key does not remain in memory.

    what is wrapped is    version (1 byte, 2) · the master key's id (8 bytes) · what the master key made of it

so it names the key that opens it, and one master key can take over from another value by value. Version 1 is
of before and names none: every key that is held is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coordinator.ground import sealed_fields
from coordinator.ground.master_keys import ID_BYTES, MasterKey, MasterKeys
from coordinator.ground.sealed_fields import Place
from shared.errors import Corrupt, Rejected
from shared.hybrid import Opener, read_opener

MASTER_VERSION: Final = 1
"""Of the rows of keys, which are bound to it. Always 1: what is wrapped names its master key itself."""
_NAMED: Final = b"\x02"


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
    """The master keys and their operations. Knows no database."""

    masters: MasterKeys
    hybrid: bool = False
    """Whether new sealing keys get a hybrid half too."""
    _secrets: dict[tuple[UUID, bytes], bytes] | None = field(default=None, repr=False)
    """What was unwrapped so far; None: nothing is kept."""
    _openers: dict[bytes, Opener] = field(default_factory=dict, repr=False)
    """What was made of it."""

    def for_one_batch(self) -> Keyring:
        """The same keys, each unwrapped once. Forget it when its transaction ends."""
        return replace(self, _secrets={}, _openers={})

    @property
    def master_ids(self) -> tuple[str, ...]:
        """The ids of the master keys; the one that wraps comes first."""
        return tuple(one.key_id.hex() for one in self.masters.held)

    @property
    def mark(self) -> bytes:
        """The first bytes of everything that the present master key wraps."""
        return mark_of(self.masters.held[0])

    def wrap(self, place: Place, secret: bytes) -> bytes:
        """Encrypt a secret under the master key."""
        first = self.masters.held[0]
        return mark_of(first) + first.wrap(place, secret)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Decrypt a secret. Raises `Corrupt` for another master key, another place or damage."""
        held = self.masters.held
        if not wrapped.startswith(_NAMED):
            return _tried(held, place, wrapped)
        for master in held:
            if wrapped.startswith(mark_of(master)):
                return master.unwrap(place, wrapped[len(_NAMED) + ID_BYTES :])
        named = wrapped[len(_NAMED) :][:ID_BYTES].hex()
        raise Corrupt(f"{place.table}.{place.column} needs the master key {named}, which is not here")

    def wrap_key(self, key_id: UUID, secret: bytes) -> bytes:
        """The secret half of a new key under the master key, for the key's own row."""
        return self.wrap(_place(key_id, MASTER_VERSION), secret)

    def open_private(self, key: HeldKey) -> Opener:
        """The private halves of a sealing key.

        Raises `Rejected` ("key-destroyed", 410) if it is destroyed.
        """
        secret = self._secret(key, KeyKind.SEALING)
        opener = self._openers.get(secret) or read_opener(secret)
        if self._secrets is not None:
            self._openers[secret] = opener
        return opener

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
        known = None if self._secrets is None else self._secrets.get((key.id, key.wrapped))
        if known is not None:
            return known
        secret = self.unwrap(_place(key.id, key.master_version), key.wrapped)
        if self._secrets is not None:
            self._secrets[key.id, key.wrapped] = secret
        return secret


def mark_of(master: MasterKey) -> bytes:
    """The first bytes of everything that this master key has wrapped."""
    return _NAMED + master.key_id


def _tried(held: Sequence[MasterKey], place: Place, wrapped: bytes) -> bytes:
    for master in held[:-1]:
        with suppress(Corrupt):
            return master.unwrap(place, wrapped)
    return held[-1].unwrap(place, wrapped)


def _place(key_id: UUID, master_version: int) -> Place:
    return Place("keys", "wrapped", key_id, master_version)
