"""A sealed stream opens whole with its key, and not at all otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.errors import Corrupt
from shared.hybrid import Opener, new_hybrid
from shared.sealed_stream import CHUNK_BYTES, MAGIC, opened, sealed
from shared.sealing import SealingPrivate

KEY = X25519PrivateKey.generate()
ABOUT = b"database/2026-11-30T021500Z/database"
HEAD = len(MAGIC) + 80
WHOLE = CHUNK_BYTES + 16
"""A sealed chunk that is not the last."""


def sealed_bytes(plain: bytes) -> bytes:
    return b"".join(sealed([plain], KEY.public_key(), ABOUT))


THREE = sealed_bytes(b"a" * CHUNK_BYTES + b"b" * CHUNK_BYTES + b"c")


def opened_bytes(stream: bytes, key: SealingPrivate = KEY, about: bytes = ABOUT) -> bytes:
    return b"".join(opened([stream], key, about))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_what_was_sealed_opens(size: int) -> None:
    plain = bytes(size)
    assert opened_bytes(sealed_bytes(plain)) == plain


@pytest.mark.parametrize("piece", [1, 84, 86, 1_000])
def test_how_the_bytes_come_makes_no_difference(piece: int) -> None:
    stream = sealed_bytes(b"something")
    pieces = [stream[begin : begin + piece] for begin in range(0, len(stream), piece)]
    assert b"".join(opened(pieces, KEY, ABOUT)) == b"something"
    assert (
        b"".join(opened(sealed([b"some", b"", b"thing"], KEY.public_key(), ABOUT), KEY, ABOUT))
        == b"something"
    )


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing is left": lambda stream: b"",
    "another beginning": lambda stream: b"X" + stream[1:],
    "the head alone": lambda stream: stream[:HEAD],
    "half a head": lambda stream: stream[: HEAD - 1],
    "another sealed key": lambda stream: stream[:40] + bytes([stream[40] ^ 1]) + stream[41:],
    "a changed chunk": lambda stream: (
        stream[: HEAD + 9] + bytes([stream[HEAD + 9] ^ 1]) + stream[HEAD + 10 :]
    ),
    "the last chunk is missing": lambda stream: stream[: HEAD + 2 * WHOLE],
    "two chunks are missing": lambda stream: stream[: HEAD + WHOLE],
    "the first chunk is missing": lambda stream: stream[:HEAD] + stream[HEAD + WHOLE :],
    "a byte is missing": lambda stream: stream[:-1],
    "a byte too many": lambda stream: stream + b"x",
    "a chunk twice": lambda stream: stream[: HEAD + WHOLE] + stream[HEAD:],
    "chunks in another order": lambda stream: (
        stream[:HEAD]
        + stream[HEAD + WHOLE : HEAD + 2 * WHOLE]
        + stream[HEAD : HEAD + WHOLE]
        + stream[HEAD + 2 * WHOLE :]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Corrupt):
        opened_bytes(change(THREE))


def test_another_key_and_another_name_are_refused() -> None:
    with pytest.raises(Corrupt):
        opened_bytes(THREE, key=X25519PrivateKey.generate())
    with pytest.raises(Corrupt):
        opened_bytes(THREE, about=b"database/2026-11-29T021500Z/database")


def test_no_more_than_a_chunk_or_two_is_held() -> None:
    given = 0

    def plain() -> Iterator[bytes]:
        nonlocal given
        for _ in range(64):
            given += CHUNK_BYTES // 4
            yield bytes(CHUNK_BYTES // 4)

    out = 0
    for piece in opened(sealed(plain(), KEY.public_key(), ABOUT), KEY, ABOUT):
        out += len(piece)
        assert given - out <= 3 * CHUNK_BYTES
    assert out == 16 * CHUNK_BYTES


def test_a_key_with_both_halves_opens_what_is_sealed_to_either_and_a_plain_one_does_not() -> None:
    both = Opener(KEY, new_hybrid())
    assert both.hybrid is not None
    hybrid = b"".join(sealed([b"some", b"thing"], both.hybrid.public_key(), ABOUT))
    assert opened_bytes(hybrid, both) == b"something"
    assert opened_bytes(sealed_bytes(b"of before"), both) == b"of before"
    with pytest.raises(Corrupt, match="sealed to a hybrid key"):
        opened_bytes(hybrid)
    with pytest.raises(Corrupt, match="not sealed to this key"):
        opened_bytes(hybrid, Opener(KEY, new_hybrid()))
    with pytest.raises(Corrupt):
        opened_bytes(hybrid[:900], both)
