"""The envelope: whoever changes a byte, moves a header or holds another key learns and forges nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.sealing import (
    MAX_HEADER_BYTES,
    MAX_MESSAGE_BYTES,
    new_sealing_key,
    open_body,
    pack,
    parse_sealing_public,
    parse_signing_public,
    private_bytes,
    sealing_public_text,
    signing_public_text,
    unpack,
    verify,
)
from tests.support.sealed_messages import BODY, HEADER, READER, SIGNER, read, sealed


def test_what_was_sealed_is_read_and_is_not_in_the_clear() -> None:
    assert read(sealed()) == BODY
    assert unpack(sealed()).header == HEADER
    assert BODY not in sealed()


def test_an_unsealed_body_travels_clear_and_is_signed() -> None:
    parcel = unpack(pack(HEADER, b"state", SIGNER))
    verify(parcel, SIGNER.public_key())
    assert parcel.body == b"state"


def regions() -> dict[str, tuple[int, int]]:
    """Where the message's parts lie."""
    end = 8 + len(unpack(sealed()).header_bytes)
    return {
        "magic": (0, 4),
        "length": (4, 8),
        "header": (8, end),
        "signature": (end, end + 64),
        "encapsulated key": (end + 64, end + 96),
        "ciphertext": (end + 96, len(sealed())),
    }


@pytest.mark.parametrize("region", regions())
def test_a_changed_byte_in_any_region_is_noticed(region: str) -> None:
    first, last = regions()[region]
    for place in range(first, last):
        changed = bytearray(sealed())
        changed[place] ^= 0x20
        with pytest.raises(Corrupt):
            read(bytes(changed))


@pytest.mark.parametrize("region", regions())
def test_a_message_cut_in_any_region_is_noticed(region: str) -> None:
    first, last = regions()[region]
    for end in (first, (first + last) // 2, last - 1):
        with pytest.raises(Corrupt):
            read(sealed()[:end])


def test_bytes_after_the_end_are_noticed() -> None:
    with pytest.raises(Corrupt):
        read(sealed() + b"\x00")


def test_another_reader_cannot_open() -> None:
    with pytest.raises(Corrupt, match="opened"):
        open_body(unpack(sealed()), new_sealing_key())


def test_another_signer_is_not_believed() -> None:
    with pytest.raises(Corrupt, match="signature"):
        verify(unpack(sealed()), Ed25519PrivateKey.generate().public_key())


def test_a_body_moved_under_another_header_does_not_open_even_when_signed_again() -> None:
    body = unpack(sealed()).body
    moved = unpack(pack({**HEADER, "sequence": 8}, body, SIGNER))
    verify(moved, SIGNER.public_key())
    with pytest.raises(Corrupt, match="opened"):
        open_body(moved, READER)


def test_the_same_body_is_sealed_differently_each_time() -> None:
    assert pack(HEADER, BODY, SIGNER, seal_to=READER.public_key()) != sealed()


def test_a_header_that_is_not_canonical_is_refused() -> None:
    spaced = b'{"kind": "alert"}'
    body = unpack(sealed()).body
    with pytest.raises(Corrupt, match="canonical"):
        unpack(b"PE1\n" + len(spaced).to_bytes(4, "big") + spaced + bytes(64) + body)


def test_bounds_are_kept_when_writing_and_reading() -> None:
    with pytest.raises(Corrupt, match="header"):
        pack({"text": "x" * MAX_HEADER_BYTES}, b"", SIGNER)
    with pytest.raises(Corrupt, match="message"):
        pack({}, bytes(MAX_MESSAGE_BYTES), SIGNER)
    with pytest.raises(Corrupt):
        unpack(bytes(MAX_MESSAGE_BYTES + 1))


def test_public_keys_survive_their_text() -> None:
    assert parse_sealing_public(sealing_public_text(READER.public_key())) == READER.public_key()
    assert parse_signing_public(signing_public_text(SIGNER.public_key())) == SIGNER.public_key()
    assert private_bytes(SIGNER) == bytes(range(32))


@pytest.mark.parametrize("parse", [parse_sealing_public, parse_signing_public])
@pytest.mark.parametrize(
    "text",
    ["", "rsa:AAAA", "x25519:", "ed25519:", "x25519:####", "ed25519:####", "x25519:AAAA", "ed25519:AAAA"],
)
def test_what_is_no_key_is_corrupt(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(Corrupt):
        parse(text)
