"""The coordinator's own keys: the master key, and those that sign messages to nodes and access tokens.

    <data>/master.key     see `master_keys`; absent if the environment or a command gives the key
    <data>/token.key      Ed25519 private half, wrapped by the master key, 0600: signs access tokens

and those of `signing_files` and `fleet_keys`. `init` creates missing keys and never replaces any. They are in
files, not in the database: they exist before it, and a backup of the database must not contain them; that of
the keyring does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coordinator.ground.fleet_keys import (
    FleetKeys,
    fleet_files,
    is_fleet_file,
    load_fleet_keys,
    make_fleet_keys,
)
from coordinator.ground.key_files import damaged, unwrapped, wrap_once, write_once
from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import LocalMaster, MasterKeys, masters_in, masters_of, text_of
from coordinator.ground.sealed_fields import new_key
from coordinator.ground.signing_files import (
    NEXT_FILE,
    SIGNING_FILE,
    STATE_FILE,
    SigningKeys,
    make_signing,
    private_signing_files,
)
from shared.errors import ConfigError
from shared.sealing import private_bytes, signing_public_text
from shared.tokens import key_id_of

_GIVEN: Final = "the master key of the environment or of the command"
_TOKEN_FILE: Final = "token.key"
_OWN_FILES: Final = frozenset({SIGNING_FILE, NEXT_FILE, STATE_FILE, _TOKEN_FILE})


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The keys with which the coordinator signs and opens."""

    keyring: Keyring
    signing_keys: SigningKeys = field(repr=False)
    """Sign commands and marks, and what is kept; nodes have the first public half in their configuration."""
    token: Ed25519PrivateKey = field(repr=False)
    """Signs access tokens; nodes get its public half with each session."""
    fleet: FleetKeys
    """Lets nodes join."""

    @property
    def signing(self) -> Ed25519PrivateKey:
        """The message-signing key in force now."""
        return self.signing_keys.current.key

    @property
    def signers(self) -> tuple[Ed25519PublicKey, ...]:
        """The public halves of every key that has signed messages, the one in force first."""
        return self.signing_keys.current.known

    @property
    def signing_text(self) -> str:
        """`ed25519:…` of the message-signing key."""
        return signing_public_text(self.signing.public_key())

    @property
    def token_text(self) -> str:
        """`ed25519:…` of the token key."""
        return signing_public_text(self.token.public_key())

    @property
    def token_key_id(self) -> str:
        """The `kid` of tokens signed with it."""
        return key_id_of(self.token_text)


def make_own_keys(folder: Path, master_text: str | None) -> OwnKeys:
    """Create missing keys in the data folder and load all; existing ones stay unchanged.

    `master_text` is the master key from elsewhere than its file, if any. Raises `ConfigError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if master_text is None:
            write_once(folder / "master.key", text_of([LocalMaster(new_key())]).encode("ascii"))
        keyring = _keyring(folder / "master.key", master_text)
        make_signing(folder, keyring)
        wrap_once(folder / _TOKEN_FILE, keyring, private_bytes(Ed25519PrivateKey.generate()))
        make_fleet_keys(folder, keyring)
    except OSError as error:
        raise ConfigError(f"keys cannot be written to {folder}: {error.strerror}") from error
    return _load(folder, keyring)


def load_own_keys(
    folder: Path, master_file: Path, master_text: str | None, *, hybrid: bool = False
) -> OwnKeys:
    """The keys of an installation, created by `init`. `hybrid`: whether new sealing keys get a hybrid half.

    Raises `ConfigError` if one is missing, readable by others, or not wrapped by this master key.
    """
    return _load(folder, replace(_keyring(master_file, master_text), hybrid=hybrid))


def own_key_files(folder: Path) -> list[Path]:
    """The files of the coordinator's own keys, except the master key's: a restored database needs them."""
    return sorted(one for one in folder.glob("*") if one.name in _OWN_FILES or is_fleet_file(one.name))


def wrapped_files(folder: Path) -> list[Path]:
    """The files that are wrapped by the master key."""
    return [*private_signing_files(folder), folder / _TOKEN_FILE, *fleet_files(folder)]


def _load(folder: Path, keyring: Keyring) -> OwnKeys:
    return OwnKeys(
        keyring=keyring,
        signing_keys=SigningKeys(folder, keyring),
        token=_signing_key(folder / _TOKEN_FILE, keyring),
        fleet=load_fleet_keys(folder, keyring),
    )


def _signing_key(path: Path, keyring: Keyring) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(unwrapped(path, keyring))
    except ValueError as error:
        raise damaged(path) from error


def _keyring(path: Path, text: str | None) -> Keyring:
    held = masters_in(path) if text is None else masters_of(text, _GIVEN)
    return Keyring(MasterKeys(held))
