"""What a node asks that joins or renews, as the coordinator reads it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.memberships.asking import node_refused, read_join, read_renewal, token_refused
from edge.membership.asking import Authority
from shared.certificates import ca_certificate, ca_fingerprint
from shared.errors import Rejected
from shared.join_tokens import SECRET_BYTES, JoinToken
from shared.nats_keys import KeyKind, public_text
from shared.node_lifetimes import CertificateRefusal
from shared.sealing import new_sealing_key, pack, signing_public_text, unpack
from tests.support.new_node import NewNode

NODE, OPENER = NewNode(), new_sealing_key()
CA = ca_certificate(generate_private_key(SECP256R1()), 1, datetime(2026, 11, 30, tzinfo=UTC))
AUTHORITY = Authority(CA, "ed25519:", OPENER.public_key())
TOKEN = JoinToken(bytes(range(SECRET_BYTES)), ca_fingerprint(CA))


def test_what_a_node_asks_is_read_as_it_was_written() -> None:
    asked = read_join(NODE.join(TOKEN, AUTHORITY)["message"], OPENER)
    assert (asked.secret, asked.signing_key) == (TOKEN.secret, NODE.signing_text)
    assert "secret" not in repr(asked)
    for wanted in (asked.wanted, read_renewal(NODE.renew()["message"]).wanted):
        assert wanted.node_id == NODE.node_id
        assert wanted.key == NODE.keys.certificate.public_key()
        assert wanted.hub_key == public_text(KeyKind.USER, NODE.keys.hub.public_key())


def test_the_secret_is_read_by_the_coordinator_alone() -> None:
    message = base64.b64decode(NODE.join(TOKEN, AUTHORITY)["message"])
    assert TOKEN.secret not in message
    with pytest.raises(Rejected) as refused:
        read_join(base64.b64encode(message).decode(), new_sealing_key())
    assert (refused.value.status, refused.value.code) == (400, "membership-message")


def changed(
    header: dict[str, Any], *, secret: bytes = TOKEN.secret, by: Ed25519PrivateKey = NODE.signing
) -> str:
    """The node's own request with something else in it."""
    own = unpack(base64.b64decode(NODE.join(TOKEN, AUTHORITY)["message"])).header
    packed = pack(own | header, secret, by, seal_to=OPENER.public_key())
    return base64.b64encode(packed).decode()


STRANGER = Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "!!!!",
        "AAAA",
        changed({"kind": "renew"}),
        changed({"node_id": "hall 3"}),
        changed({"more": 1}),
        changed({"hub_key": "U" * 56}),
        changed({"hub_key": public_text(KeyKind.ACCOUNT, STRANGER.public_key())}),
        changed({"certificate_request": "-----BEGIN CERTIFICATE REQUEST-----"}),
        changed({"signing_key": "ed25519:"}),
        changed({"signing_key": signing_public_text(STRANGER.public_key())}),
        changed({}, by=STRANGER),
        changed({}, secret=b"short"),
    ],
)
def test_anything_else_is_refused(message: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_join(message, OPENER)
    assert (refused.value.status, refused.value.code) == (400, "membership-message")


def test_a_renewal_is_the_nodes_if_its_key_signed_it() -> None:
    asked = read_renewal(NODE.renew()["message"])
    asked.check_signed_by(NODE.signing_text)
    with pytest.raises(Rejected) as refused:
        asked.check_signed_by(signing_public_text(STRANGER.public_key()))
    assert (refused.value.status, refused.value.code) == (403, "node-other-key")
    with pytest.raises(Rejected, match="not a valid request of a node"):
        read_renewal(NODE.join(TOKEN, AUTHORITY)["message"])


@pytest.mark.parametrize(
    ("refusal", "why", "status", "code"),
    [
        (token_refused, CertificateRefusal.UNKNOWN, 404, "join-token-unknown"),
        (token_refused, CertificateRefusal.USED, 403, "join-token-used"),
        (token_refused, CertificateRefusal.EXPIRED, 403, "join-token-expired"),
        (node_refused, CertificateRefusal.UNKNOWN, 404, "node-unknown"),
        (node_refused, CertificateRefusal.REVOKED, 403, "node-revoked"),
        (node_refused, CertificateRefusal.OTHER_KEY, 403, "node-other-key"),
    ],
)
def test_each_refusal_has_its_code(
    refusal: Callable[[CertificateRefusal], Rejected], why: CertificateRefusal, status: int, code: str
) -> None:
    said = refusal(why)
    assert (said.status, said.code) == (status, code)
