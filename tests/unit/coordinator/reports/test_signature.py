"""The verifier's own Ed25519, against the library and against forgeries."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.reports.verify_bundle import L, signature_holds

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
MESSAGE = b"what was signed"
SIGNED = KEY.sign(MESSAGE)


@pytest.mark.parametrize("seed", range(5))
def test_good_signatures_hold(seed: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    message = bytes([seed]) * seed * 50
    assert signature_holds(key.public_key().public_bytes_raw(), key.sign(message), message)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_one_changed_bit_is_found(place: int) -> None:
    forged = bytearray(SIGNED)
    forged[place] ^= 1
    assert not signature_holds(PUBLIC, bytes(forged), MESSAGE)


def test_another_message_another_key_and_no_key_are_found() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not signature_holds(PUBLIC, SIGNED, MESSAGE + b".")
    assert not signature_holds(other, SIGNED, MESSAGE)
    assert not signature_holds(b"", SIGNED, MESSAGE)
    assert not signature_holds(PUBLIC, b"", MESSAGE)
    assert not signature_holds(b"\xff" * 32, SIGNED, MESSAGE)


def test_the_same_signature_in_other_bytes_does_not_hold() -> None:
    scalar = int.from_bytes(SIGNED[32:], "little") + L
    assert not signature_holds(PUBLIC, SIGNED[:32] + scalar.to_bytes(32, "little"), MESSAGE)
