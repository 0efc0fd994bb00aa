"""Keys of the hybrid post-quantum suite: ML-KEM-768 together with X25519 (HPKE's `MLKEM768_X25519`).

What is sealed to such a key stays closed while either of the two stands. A stored key that has a hybrid half
has a plain X25519 half beside it, for nodes of before: `Opener` opens what was sealed to either.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.errors import Corrupt

PLAIN_PREFIX: Final = "x25519:"
HYBRID_PREFIX: Final = "mlkem768-x25519:"
PLAIN_BYTES: Final = 32
_SEED_BYTES: Final = 64
_ALL_BYTES: Final = PLAIN_BYTES + _SEED_BYTES + PLAIN_BYTES
_MLKEM_PUBLIC_BYTES: Final = 1_184


@dataclass(frozen=True, slots=True)
class HybridPublic:
    """The public half; its text is `mlkem768-x25519:<base64 of both>`."""

    mlkem: MLKEM768PublicKey
    x25519: X25519PublicKey

    @property
    def text(self) -> str:
        """How it is sent."""
        both = self.mlkem.public_bytes_raw() + self.x25519.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return HYBRID_PREFIX + base64.b64encode(both).decode("ascii")

    @property
    def both(self) -> MLKEM768X25519PublicKey:
        """As HPKE takes it."""
        return MLKEM768X25519PublicKey(self.mlkem, self.x25519)


@dataclass(frozen=True, slots=True)
class HybridPrivate:
    """The private half: the seed of ML-KEM and the X25519 key. It is read when it is used, which costs more
    than opening something with X25519."""

    raw: bytes = field(repr=False)

    @property
    def both(self) -> MLKEM768X25519PrivateKey:
        """As HPKE takes it."""
        return MLKEM768X25519PrivateKey(self._mlkem, self._x25519)

    def public_key(self) -> HybridPublic:
        """Its public half."""
        return HybridPublic(self._mlkem.public_key(), self._x25519.public_key())

    @property
    def _mlkem(self) -> MLKEM768PrivateKey:
        return MLKEM768PrivateKey.from_seed_bytes(self.raw[:_SEED_BYTES])

    @property
    def _x25519(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.raw[_SEED_BYTES:])


@dataclass(frozen=True, slots=True)
class Opener:
    """The private halves of one key pair; opens what is sealed to any of them."""

    x25519: X25519PrivateKey
    hybrid: HybridPrivate | None = None

    def public_key(self) -> X25519PublicKey:
        """The plain public half, which every node knows."""
        return self.x25519.public_key()

    def public_text(self, *, hybrid: bool) -> str:
        """The public half for who seals to it: the hybrid one if it is wanted and there is one."""
        if hybrid and self.hybrid is not None:
            return self.hybrid.public_key().text
        return plain_text(self.public_key())

    def private_bytes(self) -> bytes:
        """All halves, for wrapping: 32 bytes, or 128 with a hybrid one."""
        plain = _raw(self.x25519)
        return plain if self.hybrid is None else plain + self.hybrid.raw


def plain_text(key: X25519PublicKey) -> str:
    """An X25519 key as text, `x25519:<base64>`."""
    return PLAIN_PREFIX + base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode("ascii")


def new_hybrid() -> HybridPrivate:
    """Create a hybrid key pair."""
    return HybridPrivate(
        MLKEM768PrivateKey.generate().private_bytes_raw() + _raw(X25519PrivateKey.generate())
    )


def read_opener(secret: bytes) -> Opener:
    """The halves of `Opener.private_bytes`. Raises `Corrupt` for another length."""
    if len(secret) not in (PLAIN_BYTES, _ALL_BYTES):
        raise Corrupt(f"a private half of {len(secret)} bytes is not one of a sealing key")
    own, hybrid = X25519PrivateKey.from_private_bytes(secret[:PLAIN_BYTES]), secret[PLAIN_BYTES:]
    return Opener(own, HybridPrivate(hybrid) if hybrid else None)


def parse_hybrid_public(text: str) -> HybridPublic:
    """Parse a public half from its text. Raises `Corrupt` for anything else."""
    try:
        raw = base64.b64decode(text.removeprefix(HYBRID_PREFIX), validate=True)
        made = HybridPublic(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC_BYTES:]),
        )
    except (binascii.Error, ValueError) as error:
        raise Corrupt("the key text is no hybrid key") from error
    if made.text != text:
        raise Corrupt("the key text is not the usual one of its key")
    return made


def _raw(key: X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
