"""An authority that only the machines trust, and certificates of it for their names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def write_certificates(folder: Path, names: tuple[str, ...]) -> None:
    """Write `authority.pem` and, for each name, NAME.pem and NAME.key."""
    folder.mkdir(parents=True, exist_ok=True)
    own, subject = generate_private_key(SECP256R1()), _name("Authority of the machines")
    authority = _begun(subject, subject, own).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    (folder / "authority.pem").write_bytes(authority.sign(own, SHA256()).public_bytes(Encoding.PEM))
    for name in names:
        key = generate_private_key(SECP256R1())
        made = (
            _begun(_name(name), subject, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        )
        (folder / f"{name}.pem").write_bytes(made.sign(own, SHA256()).public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(private)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begun(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now_utc = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_utc - timedelta(minutes=5))
        .not_valid_after(now_utc + timedelta(days=7))
    )
