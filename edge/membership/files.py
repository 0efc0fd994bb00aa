"""What a node is given, in files of its data folder that only its user may read.

    <data>/membership/ca.pem      the coordinator's CAs
    <data>/membership/node.pem    the node's private key and certificate
    <data>/membership/hub.creds   the JWT and the private key for the hub, as NATS tools read them

Each is replaced in one step, and each alone is whole: after a crash in between, one of them is of before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import Certificate

from edge.membership.asking import MemberKeys
from shared.authorities import authorities_text, check_issued_by_one, read_authorities
from shared.certificates import (
    certificate_text,
    private_text,
    read_certificate,
    read_private_text,
)
from shared.errors import ConfigError, Corrupt
from shared.hub_login import ClientTls, HubIdentity
from shared.nats_keys import KeyKind, parse_seed, seed_text
from shared.secret_file import read_private, replace_private
from shared.writing import writing_under

FOLDER: Final = "membership"
_CA: Final = "ca.pem"
_NODE: Final = "node.pem"
_HUB: Final = "hub.creds"
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\n.+?\n-----END \1-----\n", re.DOTALL)
_CREDS: Final = re.compile(
    r"-----BEGIN NATS USER JWT-----\n(\S+)\n------END NATS USER JWT------\n\n"
    r"-----BEGIN USER NKEY SEED-----\n(\S+)\n------END USER NKEY SEED------\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What lets a node in."""

    authorities: tuple[Certificate, ...]
    """The coordinator's CAs; two while one takes over from the other."""
    certificate: Certificate
    keys: MemberKeys = field(repr=False)
    hub_jwt: str = field(repr=False)


def save(data_folder: Path, membership: Membership) -> None:
    """Replace the stored membership. Raises `ConfigError` if the folder cannot be written."""
    folder = data_folder / FOLDER
    seed = seed_text(KeyKind.USER, membership.keys.hub)
    creds = (
        f"-----BEGIN NATS USER JWT-----\n{membership.hub_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    with writing_under(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authorities = authorities_text(membership.authorities)
        # Until the certificate is replaced too, the CA of the former one counts.
        replace_private(folder / _CA, authorities + _former(folder / _CA))
        replace_private(folder / _NODE, _own_text(membership))
        replace_private(folder / _HUB, creds)
        replace_private(folder / _CA, authorities)


def load(data_folder: Path) -> Membership:
    """The membership in this data folder.

    Raises `ConfigError` if there is none, or if it is damaged or open to other users.
    """
    folder = data_folder / FOLDER
    try:
        authorities = read_authorities(_text(folder / _CA))
        key, certificate = _key_and_certificate(_text(folder / _NODE))
        check_issued_by_one(certificate, authorities, key.public_key())
        hub_jwt, hub = _creds(_text(folder / _HUB))
    except Corrupt as error:
        raise ConfigError(
            f"the files in {folder} are damaged: {error}; join again with a new token"
        ) from error
    return Membership(
        authorities=authorities, certificate=certificate, keys=MemberKeys(key, hub), hub_jwt=hub_jwt
    )


def hub_identity(data_folder: Path) -> HubIdentity:
    """What the node logs in with at the hub. Raises `ConfigError` as `load` does."""
    kept = load(data_folder)
    tls = ClientTls(own=_own_text(kept), authorities=authorities_text(kept.authorities))
    return HubIdentity(kept.hub_jwt, kept.keys.hub, tls)


def _former(path: Path) -> str:
    return path.read_text("ascii", "replace") if path.exists() else ""


def _own_text(membership: Membership) -> str:
    return private_text(membership.keys.certificate) + certificate_text(membership.certificate)


def _key_and_certificate(text: str) -> tuple[EllipticCurvePrivateKey, Certificate]:
    parts = [found.group() for found in _PEM.finditer(text)]
    if len(parts) != 2:
        raise Corrupt(f"{_NODE} does not have a key and a certificate")
    return read_private_text(parts[0]), read_certificate(parts[1])


def _creds(text: str) -> tuple[str, Ed25519PrivateKey]:
    found = _CREDS.fullmatch(text)
    if found is None:
        raise Corrupt(f"{_HUB} does not have a JWT and a key")
    return found[1], parse_seed(KeyKind.USER, found[2])


def _text(path: Path) -> str:
    missing = f"there is no {path}; run: proctor-edge join"
    return read_private(path, missing=missing).decode("ascii", "replace")
