"""A sealed message under fixed keys, and the careful reader it is meant for."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.sealing import open_body, pack, unpack, verify

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
READER = X25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
HEADER = {"kind": "alert", "sequence": 7}
BODY = b"who sat there, and what was seen"


@functools.cache
def sealed() -> bytes:
    return pack(HEADER, BODY, SIGNER, seal_to=READER.public_key())


def read(message: bytes) -> bytes:
    """What a careful reader does: take apart, verify, open."""
    parcel = unpack(message)
    verify(parcel, SIGNER.public_key())
    return open_body(parcel, READER)
