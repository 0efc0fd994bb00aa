"""The chain of an institution's audit log: each entry is hashed together with all before it. Pure.

    leaf   = SHA-256(0x00 · entry)             entry: canonical JSON
    chain  = SHA-256(0x01 · chain before · leaf)        32 zero bytes before the first

One entry changed, dropped or moved changes every chain value after it (RFC 6962, 2.1, separates leaves from
inner values in the same way). A checkpoint signs one chain value and with it every entry up to its number.
Personal parts of an entry are sealed before they are hashed, so the chain can be checked after an erasure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.canonical import canonical_json
from shared.fields import format_utc

BEGINNING: Final = bytes(32)
"""The chain value before the first entry."""
_CONTEXT: Final = b"proctor audit checkpoint v1\x00"
_OF_AN_ENTRY: Final = b"\x00"
_OF_A_LINK: Final = b"\x01"


def leaf_of(entry: Mapping[str, Any]) -> bytes:
    """The hash of one entry's content."""
    return hashlib.sha256(_OF_AN_ENTRY + canonical_json(entry)).digest()


def linked(before: bytes, leaf: bytes) -> bytes:
    """The chain value of an entry that follows the chain value `before`."""
    return hashlib.sha256(_OF_A_LINK + before + leaf).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All entries of an institution up to a number, as they were at an instant."""

    tenant_id: UUID
    number: int
    chain: bytes
    at_utc: datetime

    @property
    def signed_bytes(self) -> bytes:
        content = {
            "tenant": str(self.tenant_id),
            "number": self.number,
            "chain": self.chain.hex(),
            "at": format_utc(self.at_utc),
        }
        return _CONTEXT + canonical_json(content)


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signature in base64."""
    return base64.b64encode(key.sign(checkpoint.signed_bytes)).decode("ascii")


def is_signed(checkpoint: Checkpoint, signature: str, key: Ed25519PublicKey) -> bool:
    """Whether a checkpoint was signed by this key."""
    try:
        key.verify(base64.b64decode(signature, validate=True), checkpoint.signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True
