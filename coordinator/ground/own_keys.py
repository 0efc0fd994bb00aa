"""The coordinator's own keys: the master key, and those that sign messages to nodes and access tokens.

    <data>/master.key     base64, 0600; absent if the environment gives the key
    <data>/signing.key    Ed25519 private half, wrapped by the master key, 0600
    <data>/token.key      the same for access tokens

`init` creates missing keys and never replaces any. They are in files, not in the database: they exist before
it, and a backup of the database must not contain them.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place, new_key
from shared.errors import ConfigError, Corrupt
from shared.sealing import private_bytes, signing_public_text
from shared.secret_file import read_private
from shared.tokens import key_id_of

MASTER_KEY_VARIABLE: Final = "PROCTOR_MASTER_KEY"
_NO_ROW: Final = UUID(int=0)
_SIGNING_FILE: Final = "signing.key"
_TOKEN_FILE: Final = "token.key"


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The keys with which the coordinator signs and opens."""

    keyring: Keyring
    signing: Ed25519PrivateKey = field(repr=False)
    """Signs commands and marks; nodes have its public half in their configuration."""
    token: Ed25519PrivateKey = field(repr=False)
    """Signs access tokens; nodes get its public half with each session."""

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

    `master_text` is the master key from the environment, if any. Raises `ConfigError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if master_text is None:
            write_once(folder / "master.key", base64.b64encode(new_key()) + b"\n")
        keyring = Keyring(_master_key(folder / "master.key", master_text))
        for name in (_SIGNING_FILE, _TOKEN_FILE):
            private = private_bytes(Ed25519PrivateKey.generate())
            write_once(folder / name, base64.b64encode(keyring.wrap(_place(name), private)) + b"\n")
    except OSError as error:
        raise ConfigError(f"keys cannot be written to {folder}: {error.strerror}") from error
    return _load(folder, keyring)


def load_own_keys(folder: Path, master_file: Path, master_text: str | None) -> OwnKeys:
    """The keys of an installation, created by `init`.

    Raises `ConfigError` if one is missing, readable by others, or not wrapped by this master key.
    """
    return _load(folder, Keyring(_master_key(master_file, master_text)))


def master_text() -> str | None:
    """The master key from the environment, if any."""
    return os.environ.get(MASTER_KEY_VARIABLE)


def write_once(path: Path, data: bytes) -> None:
    """Write a secret file of mode 0600 in one step; an existing file is kept."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # the secret already exists and stays
    finally:
        draft.unlink()


def _load(folder: Path, keyring: Keyring) -> OwnKeys:
    return OwnKeys(
        keyring=keyring,
        signing=_signing_key(folder / _SIGNING_FILE, keyring),
        token=_signing_key(folder / _TOKEN_FILE, keyring),
    )


def _signing_key(path: Path, keyring: Keyring) -> Ed25519PrivateKey:
    wrapped = _base64_file(path)
    try:
        return Ed25519PrivateKey.from_private_bytes(keyring.unwrap(_place(path.name), wrapped))
    except (Corrupt, ValueError) as error:
        raise ConfigError(f"{path} is damaged or was not created with this master key") from error


def _master_key(path: Path, text: str | None) -> bytes:
    if text is not None:
        return _decoded(text, MASTER_KEY_VARIABLE)
    return _base64_file(path)


def _base64_file(path: Path) -> bytes:
    missing = f"there is no key {path}; `proctor-coordinator init` creates it"
    return _decoded(read_private(path, missing=missing).decode("ascii", "replace"), str(path))


def _decoded(text: str, source: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(f"{source} is not a key in base64") from error


def _place(name: str) -> Place:
    return Place("own-keys", name, _NO_ROW)
