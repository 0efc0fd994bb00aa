from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.certificates import (
    MAX_PEM_CHARS,
    ca_certificate,
    ca_fingerprint,
    certificate_request,
    certificate_text,
    check_issued,
    check_said_by,
    lifetime_of,
    node_certificate,
    private_text,
    read_certificate,
    read_private_text,
    requested_key,
    sign_as_ca,
)
from shared.errors import Corrupt
from shared.node_lifetimes import new_lifetime

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
NODE = UUID(int=7)
CA_KEY, OTHER_CA, KEY, OTHER_KEY = (generate_private_key(SECP256R1()) for _ in range(4))
CA = ca_certificate(CA_KEY, 1, NOW)
MADE = node_certificate(CA_KEY, KEY.public_key(), NODE, serial=9, lifetime=new_lifetime(NOW))


def test_a_nodes_certificate_names_it_and_lasts_a_day_and_signs_nothing() -> None:
    assert MADE.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == str(NODE)
    names = MADE.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [f"urn:uuid:{NODE}"]
    uses = MADE.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    assert not MADE.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not MADE.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert (MADE.serial_number, lifetime_of(MADE)) == (9, new_lifetime(NOW))
    check_issued(MADE, CA, KEY.public_key())


def test_the_ca_keeps_its_fingerprint_with_another_certificate() -> None:
    again = ca_certificate(CA_KEY, 2, NOW + timedelta(days=300))
    assert ca_fingerprint(again) == ca_fingerprint(CA) != ca_fingerprint(ca_certificate(OTHER_CA, 1, NOW))
    check_issued(MADE, again, KEY.public_key())
    assert CA.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_a_certificate_of_another_ca_or_for_another_key_is_refused() -> None:
    with pytest.raises(Corrupt, match="not signed by"):
        check_issued(MADE, ca_certificate(OTHER_CA, 1, NOW), KEY.public_key())
    with pytest.raises(Corrupt, match="another key"):
        check_issued(MADE, CA, OTHER_KEY.public_key())


def test_texts_are_read_as_they_were_written() -> None:
    assert read_certificate(certificate_text(MADE)) == MADE
    assert private_text(read_private_text(private_text(KEY))) == private_text(KEY)
    request = certificate_request(KEY, NODE)
    assert requested_key(request) == KEY.public_key()
    assert max(len(request), len(certificate_text(MADE))) < MAX_PEM_CHARS / 2


def foreign_request(key: object) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = builder.sign(key, None if isinstance(key, Ed25519PrivateKey) else SHA256())  # type: ignore[arg-type]
    return signed.public_bytes(Encoding.PEM).decode()


def forged_request() -> str:
    """A request in which another node is named than the one that was signed for."""
    der = x509.load_pem_x509_csr(certificate_request(KEY, NODE).encode()).public_bytes(Encoding.DER)
    forged = base64.encodebytes(der.replace(str(NODE).encode(), str(UUID(int=8)).encode())).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{forged}-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE REQUEST-----\n",
        "ä" * 100,
        certificate_text(MADE),
        foreign_request(Ed25519PrivateKey.generate()),
        foreign_request(generate_private_key(SECP384R1())),
        forged_request(),
    ],
    ids=["empty", "cut", "not-ascii", "a-certificate", "ed25519", "another-curve", "forged"],
)
def test_what_is_no_request_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Corrupt):
        requested_key(text)


@pytest.mark.parametrize("text", ["", "ä", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_certificate_or_key_is_refused(text: str) -> None:
    with pytest.raises(Corrupt):
        read_certificate(text)
    with pytest.raises(Corrupt):
        read_private_text(text)


def test_what_the_ca_has_said_is_checked_with_what_it_was_said_about() -> None:
    said = sign_as_ca(CA_KEY, b"keys v1\x00", b"these")
    check_said_by(CA, b"keys v1\x00", b"these", said)
    for context, text, by in (
        (b"keys v2\x00", b"these", CA),
        (b"keys v1\x00", b"those", CA),
        (b"keys v1\x00", b"these", ca_certificate(OTHER_CA, 1, NOW)),
    ):
        with pytest.raises(Corrupt, match="did not sign"):
            check_said_by(by, context, text, said)
    with pytest.raises(Corrupt, match="did not sign"):
        check_said_by(CA, b"keys v1\x00", b"these", b"")
