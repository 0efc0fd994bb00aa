"""Encrypts stored fields with AES-256-GCM (NIST SP 800-38D), bound to their place.

A sealed field is version (1 byte, 1) · nonce (12 bytes, random) · ciphertext and tag

with `table|column|row id|key version` as associated data: a value copied to another row, column or table
cannot be opened there. Random nonces are good for 2**32 values under one key; a key here serves one
candidate.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Corrupt

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a sealed value."""

    table: str
    column: str
    row_id: UUID
    key_version: int = 1

    @property
    def associated_data(self) -> bytes:
        return f"{self.table}|{self.column}|{self.row_id}|{self.key_version}".encode()


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, place: Place, plain: bytes) -> bytes:
    """Seal bytes for this place."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, place.associated_data)


def open_sealed(key: bytes, place: Place, sealed: bytes) -> bytes:
    """Open sealed bytes. Raises `Corrupt` for another key, another place or damage."""
    if not sealed.startswith(_VERSION) or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
        raise Corrupt(f"{place.table}.{place.column} does not contain a sealed value")
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, place.associated_data)
    except InvalidTag as error:
        raise Corrupt(f"a sealed value of {place.table}.{place.column} cannot be opened here") from error
