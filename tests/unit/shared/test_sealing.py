"""The envelope: whoever changes a byte, moves a header or holds another key learns and forges nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hpke
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


def test_the_form_on_the_wire_is_what_other_versions_read() -> None:
    head = b'{"kind":"alert","sequence":7}'
    signed = b"proctor-edge message v1\x00" + bytes([0, 0, 0, len(head)]) + head + b"state"
    assert pack(HEADER, b"state", SIGNER) == (
        b"PE1\n" + bytes([0, 0, 0, len(head)]) + head + SIGNER.sign(signed) + b"state"
    )
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    assert suite.decrypt(unpack(sealed()).body, READER, info=b"proctor-edge seal v1\x00" + head) == BODY


REGIONS = ("magic", "length", "header", "signature", "encapsulated key", "ciphertext")


def regions() -> dict[str, tuple[int, int]]:
    """Where the message's parts lie."""
    end = 8 + len(unpack(sealed()).header_bytes)
    places = ((0, 4), (4, 8), (8, end), (end, end + 64), (end + 64, end + 96), (end + 96, len(sealed())))
    return dict(zip(REGIONS, places, strict=True))


@pytest.mark.parametrize("region", REGIONS)
def test_a_changed_byte_in_any_region_is_noticed(region: str) -> None:
    first, last = regions()[region]
    for place in range(first, last):
        changed = bytearray(sealed())
        changed[place] ^= 0x20
        with pytest.raises(Corrupt):
            read(bytes(changed))


@pytest.mark.parametrize("region", REGIONS)
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


def test_what_just_fits_is_written_and_read() -> None:
    longest = {"text": "x" * (MAX_HEADER_BYTES - len(b'{"text":""}'))}
    parcel = unpack(pack(longest, b"", SIGNER))
    assert (parcel.header, len(parcel.header_bytes), parcel.body) == (longest, MAX_HEADER_BYTES, b"")
    largest = pack({}, bytes(MAX_MESSAGE_BYTES - len(pack({}, b"", SIGNER))), SIGNER)
    assert len(largest) == MAX_MESSAGE_BYTES
    verify(unpack(largest), SIGNER.public_key())
    with pytest.raises(Corrupt, match="not a message"):
        unpack(largest + b"\x00")


def test_a_header_beyond_its_bound_is_not_read_although_it_is_whole() -> None:
    head = b'{"text":"' + b"x" * MAX_HEADER_BYTES + b'"}'
    for length in (MAX_HEADER_BYTES + 1, len(head)):
        with pytest.raises(Corrupt, match="limit"):
            unpack(b"PE1\n" + length.to_bytes(4, "big") + head[: length - 2] + b'"}' + bytes(64))


def test_a_message_without_its_whole_signature_is_not_taken_apart() -> None:
    clear = pack(HEADER, b"", SIGNER)
    assert unpack(clear).body == b""
    for end in (*range(9), len(clear) - 64, len(clear) - 1):
        with pytest.raises(Corrupt):
            unpack(clear[:end])


def test_public_keys_survive_their_text() -> None:
    assert parse_sealing_public(sealing_public_text(READER.public_key())) == READER.public_key()
    assert parse_signing_public(signing_public_text(SIGNER.public_key())) == SIGNER.public_key()
    assert private_bytes(SIGNER) == bytes(range(32))


WHOLE = base64.b64encode(bytes(32)).decode("ascii")


@pytest.mark.parametrize("parse", [parse_sealing_public, parse_signing_public])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "rsa:AAAA",
        *(
            f"{kind}:{key}"
            for kind in ("x25519", "ed25519")
            for key in ("", "####", "AAAA", WHOLE[:9] + "!" + WHOLE[9:])
        ),
    ],
)
def test_what_is_no_key_is_corrupt(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(Corrupt):
        parse(text)


@pytest.mark.parametrize("parse", [parse_sealing_public, parse_signing_public])
def test_a_key_has_one_text_only(parse: Callable[[str], object]) -> None:
    """Keys are compared by their texts: a revoked one must not come back under another."""
    prefix = "x25519:" if parse is parse_sealing_public else "ed25519:"
    assert WHOLE.endswith("A=")
    parse(prefix + WHOLE)
    for last in "BCD":  # the same 32 bytes to a lenient reader
        with pytest.raises(Corrupt):
            parse(prefix + WHOLE.removesuffix("A=") + f"{last}=")
