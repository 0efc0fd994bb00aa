"""Seals a stream of any length to one public key, in chunks, so that memory is bounded.

    b"PEB1\n" · content key, HPKE-sealed (80 bytes) · chunks
    b"PEB2\n" · the same, sealed to a hybrid key (1,168 bytes) · chunks

The content key is random, used once, and sealed (RFC 9180, base mode) with what the stream is about as
`info`: a stream cannot be given out as another one. Each chunk is AES-256-GCM with its number as nonce, and
the last one says so: a chunk that is missing, moved, changed or cut off is noticed. That is the construction
STREAM of Hoang, Reyhanitabar, Rogaway and Vizár. Who seals proves nothing about itself: sign what the stream
is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Corrupt
from shared.hybrid import HybridPublic, Opener
from shared.sealing import SealingPrivate, SealingPublic

MAGIC: Final = b"PEB1\n"
HYBRID_MAGIC: Final = b"PEB2\n"
CHUNK_BYTES: Final = 1_048_576
"""Of what is sealed; the last chunk may be shorter or empty."""
_CONTEXT: Final = b"proctor-edge stream v1\x00"
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_HYBRID_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_KEY_BYTES: Final = {MAGIC: 80, HYBRID_MAGIC: 1_168}
_TAG_BYTES: Final = 16


def sealed(plain: Iterable[bytes], to: SealingPublic, about: bytes) -> Iterator[bytes]:
    """Seal a stream, piece by piece."""
    content_key = AESGCM.generate_key(256)
    if isinstance(to, HybridPublic):
        yield HYBRID_MAGIC + _HYBRID_SUITE.encrypt(content_key, to.both, info=_CONTEXT + about)
    else:
        yield MAGIC + _SUITE.encrypt(content_key, to, info=_CONTEXT + about)
    cipher = AESGCM(content_key)
    for number, (chunk, last) in enumerate(_chunks(plain, CHUNK_BYTES)):
        yield cipher.encrypt(_nonce(number, last=last), chunk, None)


def opened(stream: Iterable[bytes], key: SealingPrivate, about: bytes) -> Iterator[bytes]:
    """Open a sealed stream, piece by piece; changed, missing and added pieces are found.

    Raises `Corrupt` for another key, another stream, and any change: use nothing before it has ended.
    """
    pieces = iter(stream)
    head = b""
    while len(head) < len(MAGIC) + max(_KEY_BYTES.values()) and (piece := next(pieces, b"")):
        head += piece
    magic = head[: len(MAGIC)]
    if magic not in _KEY_BYTES:
        raise Corrupt("this is not a sealed stream")
    begin = len(MAGIC) + _KEY_BYTES[magic]
    sealed_key, rest = head[len(MAGIC) : begin], head[begin:]
    cipher = AESGCM(_content_key(magic, sealed_key, key, _CONTEXT + about))
    for number, (chunk, last) in enumerate(_chunks(_joined(rest, pieces), CHUNK_BYTES + _TAG_BYTES)):
        try:
            yield cipher.decrypt(_nonce(number, last=last), chunk, None)
        except (InvalidTag, ValueError) as error:
            raise Corrupt("the stream was changed, or its end is missing") from error


def _content_key(magic: bytes, sealed_key: bytes, key: SealingPrivate, info: bytes) -> bytes:
    opener = key if isinstance(key, Opener) else Opener(key)
    if magic == HYBRID_MAGIC and opener.hybrid is None:
        raise Corrupt("the stream is sealed to a hybrid key, and this key has no such half")
    try:
        if magic == HYBRID_MAGIC and opener.hybrid is not None:
            return _HYBRID_SUITE.decrypt(sealed_key, opener.hybrid.both, info=info)
        return _SUITE.decrypt(sealed_key, opener.x25519, info=info)
    except (InvalidTag, ValueError) as error:
        raise Corrupt("the stream was not sealed to this key, or not as this stream") from error


def _joined(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _chunks(pieces: Iterable[bytes], size_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in chunks of one size, and whether a chunk is the last one."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > size_bytes:
            yield bytes(held[:size_bytes]), False
            del held[:size_bytes]
    yield bytes(held), True


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
