"""Ed25519 keys as NATS writes them: base32 of a kind, the key and a check sum. Pure.

    public   [kind] key crc                           O… operator, A… account, U… user
    seed     [seed kind, of which kind] seed crc      SO…, SA…, SU…

A NATS client logs in with its seed, and never sends it.
"""

from __future__ import annotations

import base64
import binascii
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.errors import Corrupt
from shared.sealing import private_bytes

_SEED: Final = 18 << 3
_KEY_BYTES: Final = 32
_SUM_BYTES: Final = 2


class KeyKind(IntEnum):
    """Whose key it is; the value gives the first letter of its text."""

    OPERATOR = 14 << 3
    ACCOUNT = 0
    USER = 20 << 3


def public_text(kind: KeyKind, key: Ed25519PublicKey) -> str:
    """A public key, 56 characters."""
    return _text(bytes([kind]) + key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def seed_text(kind: KeyKind, key: Ed25519PrivateKey) -> str:
    """A private key, 58 characters."""
    return _text(_seed_of(kind) + private_bytes(key))


def parse_public(kind: KeyKind, text: str) -> Ed25519PublicKey:
    """Raises `Corrupt` if this is not a public key of this kind."""
    return Ed25519PublicKey.from_public_bytes(_key(text, bytes([kind]), kind))


def parse_seed(kind: KeyKind, text: str) -> Ed25519PrivateKey:
    """Raises `Corrupt`, without the text, if this is not a private key of this kind."""
    return Ed25519PrivateKey.from_private_bytes(_key(text, _seed_of(kind), kind))


def _key(text: str, head: bytes, kind: KeyKind) -> bytes:
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise Corrupt("this is not a NATS key") from error
    body, check = raw[:-_SUM_BYTES], raw[-_SUM_BYTES:]
    if len(body) != len(head) + _KEY_BYTES or not body.startswith(head) or check != _sum(body):
        raise Corrupt(f"this is not a NATS key of kind {kind.name.lower()}")
    return body[len(head) :]


def _seed_of(kind: KeyKind) -> bytes:
    return bytes([_SEED | kind >> 5, (kind & 31) << 3])


def _text(body: bytes) -> str:
    return base64.b32encode(body + _sum(body)).rstrip(b"=").decode()


def _sum(body: bytes) -> bytes:
    """CRC-16/XMODEM, little endian."""
    return binascii.crc_hqx(body, 0).to_bytes(_SUM_BYTES, "little")
