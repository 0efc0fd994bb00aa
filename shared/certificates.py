"""X.509 certificates of the fleet: the coordinator's CA, a node's request, what the CA certifies. Pure.

All keys are on the curve P-256, which every TLS library knows. What the CA certifies is good for TLS and
signs nothing: a node's certificate names the node, a server's its addresses, the coordinator's only itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from shared.errors import Corrupt
from shared.join_tokens import fingerprint
from shared.node_lifetimes import BACKDATED, Lifetime

CA_LIFETIME: Final = timedelta(days=3_650)
MAX_PEM_CHARS: Final = 4_096
"""A request or certificate of ours has about a quarter of it."""
_CA_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Proctor Edge CA")])
_NODE: Final = "urn:uuid:"
_MAX_NAME_CHARS: Final = 64
"""X.509's own limit of a common name."""


def ca_certificate(key: EllipticCurvePrivateKey, serial: int, now_utc: datetime) -> x509.Certificate:
    """The CA's own, self-signed certificate."""
    lifetime = Lifetime(begins_utc=now_utc - BACKDATED, ends_utc=now_utc + CA_LIFETIME)
    return (
        _about(_CA_NAME, key.public_key(), serial, lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )


def certificate_request(key: EllipticCurvePrivateKey, node_id: UUID) -> str:
    """A node's request for a certificate of this key, PEM. It proves that the node has the key."""
    request = x509.CertificateSigningRequestBuilder().subject_name(_node_name(node_id))
    return request.sign(key, SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def requested_key(pem: str) -> EllipticCurvePublicKey:
    """The key in a certificate request; its other content is ignored. Raises `Corrupt`."""
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        key, proved = request.public_key(), request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise Corrupt("this is not a certificate request") from error
    if not proved or not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise Corrupt("the certificate request is not signed by its own key, of the curve P-256")
    return key


def node_certificate(
    ca: EllipticCurvePrivateKey,
    key: EllipticCurvePublicKey,
    node_id: UUID,
    *,
    serial: int,
    lifetime: Lifetime,
) -> x509.Certificate:
    """A certificate of a node, signed by the CA."""
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    names = [x509.UniformResourceIdentifier(f"{_NODE}{node_id}")]
    return _issued(ca, _about(_node_name(node_id), key, serial, lifetime), uses, names)


def client_certificate(
    ca: EllipticCurvePrivateKey, key: EllipticCurvePublicKey, name: str, *, serial: int, lifetime: Lifetime
) -> x509.Certificate:
    """A certificate of a program that only calls others, signed by the CA."""
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return _issued(ca, _about(_named(name), key, serial, lifetime), uses, [x509.DNSName(name)])


def server_certificate(
    ca: EllipticCurvePrivateKey,
    key: EllipticCurvePublicKey,
    hosts: Sequence[str],
    *,
    serial: int,
    lifetime: Lifetime,
) -> x509.Certificate:
    """A certificate of a server that is reached at these names and IP addresses, signed by the CA.

    Servers of a cluster show it to one another, so it is good for clients too.
    """
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    about = _about(_named(hosts[0][:_MAX_NAME_CHARS]), key, serial, lifetime)
    return _issued(ca, about, uses, [_host(host) for host in hosts])


def read_certificate(pem: str) -> x509.Certificate:
    """A certificate from its text. Raises `Corrupt`."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Corrupt("this is not a certificate") from error
    return certificate


def certificate_text(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def ca_fingerprint(certificate: x509.Certificate) -> bytes:
    """The fingerprint of a CA, as join tokens have it."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return fingerprint(spki)


def check_issued(certificate: x509.Certificate, ca: x509.Certificate, key: EllipticCurvePublicKey) -> None:
    """Check that the CA signed this certificate for this key. Raises `Corrupt` if not."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise Corrupt("the certificate is not signed by the coordinator's CA") from error
    if certificate.public_key() != key:
        raise Corrupt("the certificate is for another key")


def lifetime_of(certificate: x509.Certificate) -> Lifetime:
    """From when to when a certificate is good."""
    return Lifetime(begins_utc=certificate.not_valid_before_utc, ends_utc=certificate.not_valid_after_utc)


def private_text(key: EllipticCurvePrivateKey) -> str:
    """A private key as PEM, for a file of mode 0600 or to be wrapped."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_private_text(pem: str) -> EllipticCurvePrivateKey:
    """A private key from its text. Raises `Corrupt`."""
    try:
        key = load_pem_private_key(pem.encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Corrupt("this is not a private key") from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Corrupt("this is not a private key of the curve P-256")
    return key


def sign_as_ca(key: EllipticCurvePrivateKey, context: bytes, said: bytes) -> bytes:
    """The CA's signature of other data than a certificate. `context` names its kind and ends with NUL."""
    # A certificate begins with the byte 0x30; no context does.
    return key.sign(context + said, ECDSA(SHA256()))


def check_said_by(ca: x509.Certificate, context: bytes, said: bytes, signature: bytes) -> None:
    """Check a signature of `sign_as_ca`. Raises `Corrupt` if the CA did not sign this."""
    key = ca.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise Corrupt("the CA's key is of another kind than ours")
    try:
        key.verify(signature, context + said, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise Corrupt("the coordinator's CA did not sign this") from error


def _about(
    subject: x509.Name, key: EllipticCurvePublicKey, serial: int, lifetime: Lifetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_CA_NAME)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(lifetime.begins_utc)
        .not_valid_after(lifetime.ends_utc)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _issued(
    ca: EllipticCurvePrivateKey,
    about: x509.CertificateBuilder,
    uses: Sequence[ObjectIdentifier],
    names: Sequence[x509.GeneralName],
) -> x509.Certificate:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())
    return (
        about.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca, SHA256())
    )


def _node_name(node_id: UUID) -> x509.Name:
    return _named(str(node_id))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
