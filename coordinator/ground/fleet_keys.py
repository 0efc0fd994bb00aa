"""The keys with which the coordinator lets nodes into its fleet.

    <data>/ca.…           the CA that signs nodes' certificates, see `ca_files`
    <data>/joining.key    X25519 private half, wrapped: join tokens are sealed to it on their way
    <data>/account.key    Ed25519 private half, wrapped: lets users in at the hub
    <data>/operator.key   the same, lets accounts in there
    <data>/system.key     the same, of the account that tells the hub about accounts

`init` creates missing ones and never replaces any; `replace_hub_keys` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509 import Certificate

from coordinator.ground.ca_files import Authority, CaFolder, ca_key_files, is_ca_file, make_ca
from coordinator.ground.key_files import unwrapped, wrap_once, wrap_over
from coordinator.ground.keyring import Keyring
from shared.authorities import authorities_text
from shared.certificates import ca_fingerprint
from shared.sealing import new_sealing_key, private_bytes

_JOINING: Final = "joining.key"
_ACCOUNT: Final = "account.key"
_OPERATOR: Final = "operator.key"
_SYSTEM: Final = "system.key"


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """The coordinator as nodes that join see it."""

    ca_folder: CaFolder
    """The CA; join tokens carry the fingerprint of its key."""
    joining: X25519PrivateKey = field(repr=False)
    """Opens the secrets of join tokens."""
    account: Ed25519PrivateKey = field(repr=False)
    """Signs what lets a node in at the hub."""
    operator: Ed25519PrivateKey = field(repr=False)
    """Signs what the hub knows of accounts."""
    system: Ed25519PrivateKey = field(repr=False)
    """The account that may tell the hub so."""

    @property
    def authority(self) -> Authority:
        """The CA in force now."""
        return self.ca_folder.current

    @property
    def ca(self) -> EllipticCurvePrivateKey:
        """Signs nodes' certificates."""
        return self.authority.key

    @property
    def certificate(self) -> Certificate:
        """The CA's own."""
        return self.authority.certificate

    @property
    def fingerprint(self) -> bytes:
        """Of the CA's key."""
        return ca_fingerprint(self.certificate)

    @property
    def authorities(self) -> str:
        """The certificates that are accepted as the CA's, PEM."""
        return authorities_text(self.authority.accepted)


def make_fleet_keys(folder: Path, keyring: Keyring) -> None:
    """Create missing keys; existing ones stay. Raises `OSError`, `ConfigError`."""
    make_ca(folder, keyring)
    wrap_once(folder / _JOINING, keyring, private_bytes(new_sealing_key()))
    for name in (_ACCOUNT, _OPERATOR, _SYSTEM):
        wrap_once(folder / name, keyring, private_bytes(Ed25519PrivateKey.generate()))


def replace_hub_keys(folder: Path, keyring: Keyring) -> None:
    """Replace the keys by which the hub knows its users. Raises `OSError`."""
    for name in (_ACCOUNT, _OPERATOR, _SYSTEM):
        wrap_over(folder / name, keyring, private_bytes(Ed25519PrivateKey.generate()))


def is_fleet_file(name: str) -> bool:
    """Whether a file of the data folder belongs to these keys."""
    return name in (_JOINING, _ACCOUNT, _OPERATOR, _SYSTEM) or is_ca_file(name)


def fleet_files(folder: Path) -> list[Path]:
    """The files of these keys that are wrapped."""
    return [*ca_key_files(folder), *(folder / name for name in (_JOINING, _ACCOUNT, _OPERATOR, _SYSTEM))]


def load_fleet_keys(folder: Path, keyring: Keyring) -> FleetKeys:
    """The keys that `init` created. Raises `ConfigError` if one is missing or damaged."""
    return FleetKeys(
        ca_folder=CaFolder(folder, keyring),
        joining=X25519PrivateKey.from_private_bytes(unwrapped(folder / _JOINING, keyring)),
        account=_signing(folder / _ACCOUNT, keyring),
        operator=_signing(folder / _OPERATOR, keyring),
        system=_signing(folder / _SYSTEM, keyring),
    )


def _signing(path: Path, keyring: Keyring) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unwrapped(path, keyring))
