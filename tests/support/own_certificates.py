"""Certificates that are signed by themselves, as programs of institutions and servers of tests have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from shared.secret_file import replace_private


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """A certificate and its key, PEM."""

    certificate: str
    key: str

    def in_files(self, folder: Path) -> tuple[Path, Path]:
        """The files of both."""
        paths = folder / "own.pem", folder / "own.key"
        for path, text in zip(paths, (self.certificate, self.key), strict=True):
            replace_private(path, text)
        return paths


def own_certificate(name: str = "desk", *, signed_by: OwnCertificate | None = None) -> OwnCertificate:
    """A new one for this name and this machine, good for a day; signed by itself unless said otherwise."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).add_extension(
        x509.SubjectAlternativeName(names), critical=False
    )
    built = built.not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=1))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if signed_by is None:
        signed = built.issuer_name(subject).sign(key, hashes.SHA256())
    else:
        above = load_pem_private_key(signed_by.key.encode(), None)
        assert isinstance(above, ec.EllipticCurvePrivateKey)
        issuer = x509.load_pem_x509_certificate(signed_by.certificate.encode()).subject
        signed = built.issuer_name(issuer).sign(above, hashes.SHA256())
    return OwnCertificate(signed.public_bytes(Encoding.PEM).decode(), private.decode())
