"""The keys with which the coordinator lets nodes into its fleet.

    <data>/ca.key         P-256 private half of the CA that signs nodes' certificates, wrapped
    <data>/ca.pem         the CA's own certificate, public
    <data>/joining.key    X25519 private half, wrapped: join tokens are sealed to it on their way
    <data>/account.key    Ed25519 private half, wrapped: lets users in at the hub
    <data>/operator.key   the same, lets accounts in there
    <data>/system.key     the same, of the account that tells the hub about accounts

`init` creates missing ones and never replaces any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509 import Certificate, random_serial_number

from coordinator.ground.key_files import absent, damaged, unwrapped, wrap_once, write_once
from coordinator.ground.keyring import Keyring
from shared.certificates import (
    ca_certificate,
    ca_fingerprint,
    certificate_text,
    private_text,
    read_certificate,
    read_private_text,
)
from shared.errors import Corrupt
from shared.sealing import new_sealing_key, private_bytes
from shared.secret_file import read_private

_CA: Final = "ca.key"
_CERTIFICATE: Final = "ca.pem"
_JOINING: Final = "joining.key"
_ACCOUNT: Final = "account.key"
_OPERATOR: Final = "operator.key"
_SYSTEM: Final = "system.key"


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """The coordinator as nodes that join see it."""

    ca: EllipticCurvePrivateKey = field(repr=False)
    """Signs nodes' certificates."""
    certificate: Certificate
    """The CA's own; join tokens carry the fingerprint of its key."""
    joining: X25519PrivateKey = field(repr=False)
    """Opens the secrets of join tokens."""
    account: Ed25519PrivateKey = field(repr=False)
    """Signs what lets a node in at the hub."""
    operator: Ed25519PrivateKey = field(repr=False)
    """Signs what the hub knows of accounts."""
    system: Ed25519PrivateKey = field(repr=False)
    """The account that may tell the hub so."""

    @property
    def fingerprint(self) -> bytes:
        """Of the CA's key."""
        return ca_fingerprint(self.certificate)

    @property
    def authorities(self) -> str:
        """The certificates that are accepted as the CA's, PEM."""
        return certificate_text(self.certificate)


def make_fleet_keys(folder: Path, keyring: Keyring) -> None:
    """Create missing keys; existing ones stay. Raises `OSError`, `ConfigError`."""
    wrap_once(folder / _CA, keyring, private_text(generate_private_key(SECP256R1())).encode("ascii"))
    made = ca_certificate(_ca(folder / _CA, keyring), random_serial_number(), datetime.now(UTC))
    write_once(folder / _CERTIFICATE, certificate_text(made).encode("ascii"))
    wrap_once(folder / _JOINING, keyring, private_bytes(new_sealing_key()))
    for name in (_ACCOUNT, _OPERATOR, _SYSTEM):
        wrap_once(folder / name, keyring, private_bytes(Ed25519PrivateKey.generate()))


def load_fleet_keys(folder: Path, keyring: Keyring) -> FleetKeys:
    """The keys that `init` created. Raises `ConfigError` if one is missing or damaged."""
    ca = _ca(folder / _CA, keyring)
    return FleetKeys(
        ca=ca,
        certificate=_certificate(folder / _CERTIFICATE, ca),
        joining=X25519PrivateKey.from_private_bytes(unwrapped(folder / _JOINING, keyring)),
        account=_signing(folder / _ACCOUNT, keyring),
        operator=_signing(folder / _OPERATOR, keyring),
        system=_signing(folder / _SYSTEM, keyring),
    )


def _signing(path: Path, keyring: Keyring) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unwrapped(path, keyring))


def _ca(path: Path, keyring: Keyring) -> EllipticCurvePrivateKey:
    try:
        return read_private_text(unwrapped(path, keyring).decode("ascii", "replace"))
    except Corrupt as error:
        raise damaged(path) from error


def _certificate(path: Path, ca: EllipticCurvePrivateKey) -> Certificate:
    try:
        certificate = read_certificate(read_private(path, missing=absent(path)).decode("ascii", "replace"))
        if certificate.public_key() != ca.public_key():
            raise Corrupt("it is the certificate of another CA")
    except Corrupt as error:
        raise damaged(path) from error
    return certificate
