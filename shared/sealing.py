"""Signs messages between nodes and coordinator, and seals personal ones.

A message on the wire is

    b"PE1\\n" or b"PE2\\n" · length of the header (4 bytes, big endian) · header · signature (64 bytes) · body

The header is canonical JSON in clear text. The body is empty, clear bytes, or an HPKE ciphertext (RFC 9180,
base mode) with the header as `info`: a body cannot be moved under another header. The signature (Ed25519, RFC
8032) covers a context string, the header and the body as sent, so it is checked before anything is opened.
HPKE decides who can read, the signature proves who wrote.

PE2 is sealed to a hybrid key (`shared.hybrid`), PE1 to an X25519 key or not at all. Who was given an X25519
key seals to it, so programs of before go on with PE1.

Keys are sent as text: `x25519:<base64>`, `mlkem768-x25519:<base64>` and `ed25519:<base64>`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.hybrid import (
    HYBRID_PREFIX,
    PLAIN_PREFIX,
    HybridPublic,
    Opener,
    parse_hybrid_public,
    plain_text,
)

MAGIC: Final = b"PE1\n"
HYBRID_MAGIC: Final = b"PE2\n"
SIGNATURE_CONTEXT: Final = b"proctor-edge message v1\x00"
HYBRID_SIGNATURE_CONTEXT: Final = b"proctor-edge message v2\x00"
SEAL_CONTEXT: Final = b"proctor-edge seal v1\x00"
MAX_HEADER_BYTES: Final = 786_432
"""Enough for a heartbeat with 500 sessions, some of which compare two versions of a network."""
MAX_MESSAGE_BYTES: Final = 1_048_576
"""JetStream's and NATS' default max_payload."""
_SIGNATURE_BYTES: Final = 64
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_HYBRID_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

SealingPublic = X25519PublicKey | HybridPublic
SealingPrivate = X25519PrivateKey | Opener


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parsed message that is not trusted yet: call `verify` first, then open the body."""

    header: dict[str, Any]
    header_bytes: bytes
    signature: bytes
    body: bytes
    hybrid: bool = False
    """Sealed to a hybrid key."""


class Signs(Protocol):
    """A private signing key, or what has one."""

    def sign(self, data: bytes, /) -> bytes:
        """The Ed25519 signature."""


def pack(
    header: dict[str, Any],
    body: bytes,
    signing_key: Signs,
    *,
    seal_to: SealingPublic | None = None,
) -> bytes:
    """Encode one message; with a key the body is sealed, otherwise it stays clear.

    Raises `Corrupt` if header or message exceed their limits.
    """
    head = canonical_json(header)
    if len(head) > MAX_HEADER_BYTES:
        raise Corrupt(f"a header of {len(head)} bytes exceeds {MAX_HEADER_BYTES}")
    magic, body = _sealed(head, body, seal_to)
    signature = signing_key.sign(_signed(head, body, hybrid=magic == HYBRID_MAGIC))
    message = magic + len(head).to_bytes(4, "big") + head + signature + body
    if len(message) > MAX_MESSAGE_BYTES:
        raise Corrupt(f"a message of {len(message)} bytes exceeds {MAX_MESSAGE_BYTES}")
    return message


def unpack(message: bytes) -> Parcel:
    """Parse a message without trusting it. Raises `Corrupt` for anything malformed."""
    if len(message) > MAX_MESSAGE_BYTES or not message.startswith((MAGIC, HYBRID_MAGIC)):
        raise Corrupt("not a message of this protocol")
    end = 8 + int.from_bytes(message[4:8], "big")
    if end > 8 + MAX_HEADER_BYTES or len(message) < end + _SIGNATURE_BYTES:
        raise Corrupt("the message's header is longer than the message or the limit")
    head = message[8:end]
    header = parse_json(head)
    if not isinstance(header, dict) or canonical_json(header) != head:
        raise Corrupt("the message's header is not a canonical JSON object")
    signature, body = message[end : end + _SIGNATURE_BYTES], message[end + _SIGNATURE_BYTES :]
    return Parcel(header, head, signature, body, message.startswith(HYBRID_MAGIC))


def verify(parcel: Parcel, signer: Ed25519PublicKey) -> None:
    """Raises `Corrupt` unless `signer` signed exactly this header and body."""
    try:
        signer.verify(parcel.signature, _signed(parcel.header_bytes, parcel.body, hybrid=parcel.hybrid))
    except InvalidSignature as error:
        raise Corrupt("the message's signature is not valid") from error


def verify_by_one(parcel: Parcel, signers: Iterable[Ed25519PublicKey]) -> None:
    """Raises `Corrupt` unless one of these signed exactly this header and body."""
    for one in signers:
        try:
            verify(parcel, one)
        except Corrupt:
            continue
        return
    raise Corrupt("the message's signature is not valid")


def open_body(parcel: Parcel, key: SealingPrivate) -> bytes:
    """The plain body of a sealed parcel. Raises `Corrupt` for another key, another header or damage."""
    opener, info = key if isinstance(key, Opener) else Opener(key), SEAL_CONTEXT + parcel.header_bytes
    if parcel.hybrid and opener.hybrid is None:
        raise Corrupt("the message's body is sealed to a hybrid key, and this key has no such half")
    try:
        if parcel.hybrid and opener.hybrid is not None:
            return _HYBRID_SUITE.decrypt(parcel.body, opener.hybrid.both, info=info)
        return _SUITE.decrypt(parcel.body, opener.x25519, info=info)
    except (InvalidTag, ValueError) as error:
        raise Corrupt("the message's body cannot be opened with this key") from error


def _sealed(head: bytes, body: bytes, seal_to: SealingPublic | None) -> tuple[bytes, bytes]:
    """How the message begins, and its body."""
    if isinstance(seal_to, HybridPublic):
        return HYBRID_MAGIC, _HYBRID_SUITE.encrypt(body, seal_to.both, info=SEAL_CONTEXT + head)
    return MAGIC, body if seal_to is None else _SUITE.encrypt(body, seal_to, info=SEAL_CONTEXT + head)


def _signed(head: bytes, body: bytes, *, hybrid: bool) -> bytes:
    context = HYBRID_SIGNATURE_CONTEXT if hybrid else SIGNATURE_CONTEXT
    return context + len(head).to_bytes(4, "big") + head + body


def new_sealing_key() -> X25519PrivateKey:
    """Create an HPKE key pair (X25519)."""
    return X25519PrivateKey.generate()


def sealing_public_text(key: SealingPublic) -> str:
    """The public key as text, `x25519:<base64>` or `mlkem768-x25519:<base64>`."""
    return key.text if isinstance(key, HybridPublic) else plain_text(key)


def parse_sealing_public(text: str) -> SealingPublic:
    """Parse a key from this text form. Raises `Corrupt` for anything else."""
    if text.startswith(HYBRID_PREFIX):
        return parse_hybrid_public(text)
    return parse_plain_public(text)


def parse_plain_public(text: str) -> X25519PublicKey:
    """Parse an X25519 key from its text form. Raises `Corrupt` for anything else, also for a hybrid key."""
    return X25519PublicKey.from_public_bytes(_raw_key(text, PLAIN_PREFIX))


def signing_public_text(key: Ed25519PublicKey) -> str:
    """The public key as text, `ed25519:<base64>`."""
    return "ed25519:" + base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode("ascii")


def parse_signing_public(text: str) -> Ed25519PublicKey:
    """Parse a key from this text form. Raises `Corrupt` for anything else."""
    return Ed25519PublicKey.from_public_bytes(_raw_key(text, "ed25519:"))


def private_bytes(key: X25519PrivateKey | Ed25519PrivateKey) -> bytes:
    """The 32 raw private bytes, for wrapping or a 0600 file."""
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def _raw_key(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise Corrupt(f"a key text must begin with {prefix}")
    try:
        raw = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt("the key text is not base64") from error
    if len(raw) != 32:
        raise Corrupt(f"the key has {len(raw)} bytes instead of 32")
    if prefix + base64.b64encode(raw).decode("ascii") != text:
        # The last letter has bits that say nothing. With them a key would have several texts, and a node that
        # was revoked under one of them would come back under another.
        raise Corrupt("the key text is not in its canonical form")
    return raw
