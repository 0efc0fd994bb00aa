"""A picture opens with the evidence key, for its own alert, and with nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.evidence import (
    MAX_PICTURE_BYTES,
    EvidenceHeader,
    data_url,
    from_data_url,
    onset_picture,
    open_picture,
    picture_id,
    read_picture,
    seal_picture,
)
from shared.sealing import new_sealing_key, pack

SIGNING = Ed25519PrivateKey.generate()
KEY = new_sealing_key()
ALERT = UUID(int=1)
PICTURE = onset_picture(ALERT, b"\xff\xd8 a face")
HEADER = EvidenceHeader(
    evidence_id=PICTURE.ref.id,
    alert_id=ALERT,
    session_id=UUID(int=2),
    tenant_id=UUID(int=3),
    node_id=UUID(int=4),
    key_id=UUID(int=5),
)


def sealed(jpeg: bytes = PICTURE.jpeg) -> bytes:
    return seal_picture(jpeg, HEADER, SIGNING, KEY.public_key())


def test_a_picture_comes_out_as_it_went_in_and_says_nothing_in_between() -> None:
    message = sealed()
    read = read_picture(message, SIGNING.public_key())
    assert read.header == HEADER
    assert open_picture(read, PICTURE.ref, KEY) == PICTURE
    assert b"face" not in message
    assert PICTURE.ref.sha256.encode() not in message


def test_the_same_alert_gives_its_picture_the_same_id_and_another_alert_another() -> None:
    assert PICTURE.ref.id == onset_picture(ALERT, b"another").ref.id == picture_id(ALERT, "onset")
    assert PICTURE.ref.id != picture_id(ALERT, "end")
    assert PICTURE.ref.id != onset_picture(UUID(int=9), PICTURE.jpeg).ref.id


def test_another_key_another_picture_and_another_alerts_reference_open_nothing() -> None:
    read = read_picture(sealed(), SIGNING.public_key())
    with pytest.raises(Corrupt):
        open_picture(read, PICTURE.ref, new_sealing_key())
    for ref in (onset_picture(ALERT, b"another").ref, onset_picture(UUID(int=9), PICTURE.jpeg).ref):
        with pytest.raises(Corrupt):
            open_picture(read, ref, KEY)


def test_what_its_node_did_not_sign_is_not_read() -> None:
    message = bytearray(sealed())
    with pytest.raises(Corrupt):
        read_picture(bytes(message), Ed25519PrivateKey.generate().public_key())
    message[-1] ^= 1
    for wrong in (bytes(message), b"", b"junk", pack({"kind": "alert"}, b"", SIGNING)):
        with pytest.raises(Corrupt):
            read_picture(wrong, SIGNING.public_key())


def test_what_is_larger_than_a_picture_may_be_is_neither_sealed_nor_opened() -> None:
    large = bytes(MAX_PICTURE_BYTES + 1)
    with pytest.raises(Corrupt, match="exceeds"):
        sealed(large)
    parcel = pack(HEADER.model_dump(mode="json"), large, SIGNING, seal_to=KEY.public_key())
    with pytest.raises(Corrupt, match="exceeds"):
        open_picture(read_picture(parcel, SIGNING.public_key()), onset_picture(ALERT, large).ref, KEY)


def test_a_data_url_comes_back_and_anything_else_is_none() -> None:
    assert from_data_url(data_url(PICTURE.jpeg)) == PICTURE.jpeg
    for wrong in ("", "javascript:alert(1)", "data:image/png;base64,AAAA", "data:image/jpeg;base64,?"):
        with pytest.raises(ValueError, match=r".*"):
            from_data_url(wrong)
