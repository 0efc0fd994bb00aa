"""Reads the certificates by which programs of institutions identify themselves. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, slots=True)
class Pinned:
    """A certificate and what tells it from every other."""

    der: bytes
    fingerprint: bytes


def fingerprint_of(der: bytes) -> bytes:
    """SHA-256 of a certificate."""
    return hashlib.sha256(der).digest()


def read_pinned(pem: str, now_utc: datetime) -> Pinned:
    """A certificate of a destination. Raises `ValueError` with why it cannot be used."""
    if pem.count("-----BEGIN ") != 1:
        raise ValueError("must be one certificate, PEM, and nothing else")
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        ends_utc = certificate.not_valid_after_utc
        der = certificate.public_bytes(Encoding.DER)
    except (ValueError, TypeError) as error:
        raise ValueError("is no certificate, PEM") from error
    if ends_utc <= now_utc:
        raise ValueError("has expired")
    return Pinned(der, fingerprint_of(der))
