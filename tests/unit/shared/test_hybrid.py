"""The hybrid suite beside the plain one: each opens what was sealed in its time, and nothing else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.hybrid import HybridPrivate, Opener, new_hybrid, parse_hybrid_public, read_opener
from shared.sealing import (
    SealingPublic,
    new_sealing_key,
    open_body,
    pack,
    parse_sealing_public,
    sealing_public_text,
    unpack,
    verify,
)

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PLAIN, HYBRID = new_sealing_key(), new_hybrid()
BOTH = Opener(PLAIN, HYBRID)
HEADER = {"kind": "test"}


def sealed(to: SealingPublic) -> bytes:
    return pack(HEADER, b"face", SIGNER, seal_to=to)


def test_a_key_with_both_halves_opens_what_was_sealed_to_either() -> None:
    for public in (PLAIN.public_key(), HYBRID.public_key()):
        parcel = unpack(sealed(public))
        verify(parcel, SIGNER.public_key())
        assert open_body(parcel, BOTH) == b"face"
        assert open_body(parcel, read_opener(BOTH.private_bytes())) == b"face"


def test_a_key_of_before_goes_on_with_the_former_suite() -> None:
    former = read_opener(Opener(PLAIN).private_bytes())
    assert former.hybrid is None
    assert open_body(unpack(sealed(PLAIN.public_key())), former) == b"face"
    with pytest.raises(Corrupt, match="hybrid"):
        open_body(unpack(sealed(HYBRID.public_key())), former)
    with pytest.raises(Corrupt, match="hybrid"):
        open_body(unpack(sealed(HYBRID.public_key())), PLAIN)


def test_the_plain_suite_is_on_the_wire_as_it_always_was() -> None:
    assert sealed(PLAIN.public_key()).startswith(b"PE1\n")
    assert pack(HEADER, b"", SIGNER).startswith(b"PE1\n")
    assert sealed(HYBRID.public_key()).startswith(b"PE2\n")


def test_a_private_half_does_not_show_when_printed() -> None:
    assert repr(HYBRID.raw)[2:20] not in repr(BOTH)


def test_another_hybrid_key_opens_nothing() -> None:
    parcel = unpack(sealed(HYBRID.public_key()))
    with pytest.raises(Corrupt, match="cannot be opened"):
        open_body(parcel, Opener(PLAIN, new_hybrid()))


def test_neither_half_of_the_hybrid_alone_opens_it() -> None:
    parcel, other = unpack(sealed(HYBRID.public_key())), new_hybrid()
    for raw in (HYBRID.raw[:64] + other.raw[64:], other.raw[:64] + HYBRID.raw[64:]):
        with pytest.raises(Corrupt, match="cannot be opened"):
            open_body(parcel, Opener(PLAIN, HybridPrivate(raw)))


def test_the_suite_is_signed() -> None:
    for message in (sealed(PLAIN.public_key()), sealed(HYBRID.public_key()), pack(HEADER, b"", SIGNER)):
        other = b"PE2\n" if message.startswith(b"PE1\n") else b"PE1\n"
        with pytest.raises(Corrupt, match="signature"):
            verify(unpack(other + message[4:]), SIGNER.public_key())


def test_a_public_half_as_text_and_back() -> None:
    text = HYBRID.public_key().text
    assert text.startswith("mlkem768-x25519:")
    assert len(text) == 1_640
    again = parse_sealing_public(text)
    assert sealing_public_text(again) == text
    assert open_body(unpack(sealed(again)), BOTH) == b"face"
    assert sealing_public_text(parse_sealing_public(sealing_public_text(PLAIN.public_key()))) == (
        sealing_public_text(PLAIN.public_key())
    )


@pytest.mark.parametrize(
    "text",
    [
        "mlkem768-x25519:",
        "mlkem768-x25519:AAAA",
        HYBRID.public_key().text[:-4],
        HYBRID.public_key().text + "AAAA",
        HYBRID.public_key().text + "\n",
        "mlkem768-x25519:!" + HYBRID.public_key().text[17:],
    ],
)
def test_another_text_is_no_hybrid_key(text: str) -> None:
    with pytest.raises(Corrupt):
        parse_hybrid_public(text)
    with pytest.raises(Corrupt):
        parse_sealing_public(text)


@pytest.mark.parametrize("length", [0, 31, 33, 96, 127, 129])
def test_a_private_half_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Corrupt, match="is not one of a sealing key"):
        read_opener(bytes(length))
