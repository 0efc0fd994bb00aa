"""What a node checks before it asks, and in what it is given."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from edge.membership.asking import check_membership, checked_authority
from shared.api.memberships import AuthorityOut, MembershipOut
from shared.certificates import (
    ca_certificate,
    ca_fingerprint,
    certificate_text,
    node_certificate,
    sign_as_ca,
)
from shared.errors import Corrupt
from shared.join_tokens import SECRET_BYTES, JoinToken
from shared.messages.joining import AUTHORITY_CONTEXT, authority_keys
from shared.node_lifetimes import CERTIFICATE_LIFETIME, new_lifetime
from shared.sealing import new_sealing_key, sealing_public_text, signing_public_text
from tests.support.new_node import NewNode, new_keys

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
CA_KEY, OTHER_CA = (generate_private_key(SECP256R1()) for _ in range(2))
CA = ca_certificate(CA_KEY, 1, NOW)
TOKEN = JoinToken(bytes(range(SECRET_BYTES)), ca_fingerprint(CA))
NODE, OTHER = NewNode(), NewNode()
SIGNING, JOINING = OTHER.signing_text, sealing_public_text(new_sealing_key().public_key())


def authority(**changed: str) -> AuthorityOut:
    said = sign_as_ca(CA_KEY, AUTHORITY_CONTEXT, authority_keys(SIGNING, JOINING))
    own = AuthorityOut(
        ca_certificate=certificate_text(CA),
        signing_key=SIGNING,
        joining_key=JOINING,
        signature=base64.b64encode(said).decode(),
    )
    return own.model_copy(update=changed)


def test_the_coordinator_of_the_token_is_known_by_its_ca_also_with_a_new_certificate() -> None:
    for ca in (CA, ca_certificate(CA_KEY, 2, NOW + timedelta(days=100))):
        found = checked_authority(authority(ca_certificate=certificate_text(ca)), TOKEN)
        assert found.signing_key == SIGNING
        assert sealing_public_text(found.joining_key) == JOINING


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ca_certificate": certificate_text(ca_certificate(OTHER_CA, 1, NOW))}, "nothing was sent"),
        ({"ca_certificate": "none"}, "not a certificate"),
        ({"signing_key": signing_public_text(NODE.signing.public_key())}, "did not sign"),
        ({"joining_key": sealing_public_text(new_sealing_key().public_key())}, "did not sign"),
        ({"signature": "AAAA"}, "did not sign"),
        ({"signature": "?"}, "not base64"),
    ],
)
def test_anybody_else_is_refused(changed: dict[str, str], said: str) -> None:
    with pytest.raises(Corrupt, match=said):
        checked_authority(authority(**changed), TOKEN)


def given(ca: object = CA_KEY, node: NewNode = NODE, key: NewNode = NODE) -> MembershipOut:
    assert ca in (CA_KEY, OTHER_CA)
    lifetime = new_lifetime(NOW)
    certificate = node_certificate(
        CA_KEY if ca is CA_KEY else OTHER_CA,
        key.keys.certificate.public_key(),
        node.node_id,
        serial=5,
        lifetime=lifetime,
    )
    return MembershipOut(
        node_id=str(node.node_id),
        region="eu-west",
        name=None,
        certificate=certificate_text(certificate),
        hub_jwt="a.b.c",
        hub_url="nats://127.0.0.1:4222",
        hub_login="identity",
        begins_at=lifetime.begins_utc,
        ends_at=lifetime.ends_utc,
    )


def test_what_the_ca_signed_for_this_node_and_key_is_taken() -> None:
    check_membership(given(), [CA], NODE.keys, NODE.node_id, NOW)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (given(OTHER_CA), "not signed by"),
        (given(key=OTHER), "another key"),
        (given(node=OTHER), "another node"),
        (given().model_copy(update={"certificate": ""}), "not a certificate"),
        *(
            (given().model_copy(update={"hub_jwt": jwt}), "no JWT")
            for jwt in ("", "a.b", "a.b.c\n", "a.b.\xe9")
        ),
    ],
)
def test_what_is_for_another_is_refused(said: MembershipOut, words: str) -> None:
    with pytest.raises(Corrupt, match=words):
        check_membership(said, [CA], NODE.keys, NODE.node_id, NOW)


@pytest.mark.parametrize("ahead", [-timedelta(minutes=6), CERTIFICATE_LIFETIME])
def test_a_clock_that_is_far_off_is_named(ahead: timedelta) -> None:
    with pytest.raises(Corrupt, match=r"from 2026-11-30 07:55 to 2026-12-01 08:00 UTC.*set it"):
        check_membership(given(), [CA], NODE.keys, NODE.node_id, NOW + ahead)


def test_keys_are_not_shown() -> None:
    assert "object at" not in repr(new_keys())
    assert replace(NODE, keys=new_keys()).keys != NODE.keys
