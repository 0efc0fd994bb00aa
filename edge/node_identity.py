"""The node's identity: its id, its signing key (Ed25519) and its sealing key (X25519).

Created once, atomically, as one file (mode 0600) in the data folder; the coordinator gets the public keys.
The file is the node: a copy of it can act as this node, and without it a new node is created.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.errors import ConfigError
from shared.sealing import private_bytes, sealing_public_text, signing_public_text
from shared.secret_file import read_private

FILE_NAME: Final = "identity.json"


@dataclass(frozen=True)
class Identity:
    """A node's id and private keys."""

    node_id: UUID
    signing: Ed25519PrivateKey
    sealing: X25519PrivateKey

    @cached_property
    def signing_public(self) -> str:
        """`ed25519:<base64>`: verifies all messages of the node."""
        return signing_public_text(self.signing.public_key())

    @cached_property
    def sealing_public(self) -> str:
        """`x25519:<base64>`: messages that only the node may read are sealed to it."""
        return sealing_public_text(self.sealing.public_key())


def load_or_make(folder: Path) -> Identity:
    """Load the identity in this folder, or create it. Two callers at once get the same one.

    Raises `ConfigError` when the folder cannot be written or the file is damaged or open to others.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
    except OSError as error:
        raise ConfigError(f"cannot create an identity in {folder}: {error}") from error
    return load(folder)


def load(folder: Path) -> Identity:
    """Load the identity in this folder.

    Raises `ConfigError` when there is none, or when it is damaged or open to other users.
    """
    path = folder / FILE_NAME
    missing = f"no identity in {folder}; run: proctor-edge identity --data {folder}"
    try:
        data = json.loads(read_private(path, missing=missing))
        return Identity(
            UUID(data["node_id"]),
            Ed25519PrivateKey.from_private_bytes(base64.b64decode(data["signing"], validate=True)),
            X25519PrivateKey.from_private_bytes(base64.b64decode(data["sealing"], validate=True)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged; restore it from its backup") from error


def _make(path: Path) -> None:
    data = {
        "node_id": str(uuid4()),
        "signing": _text(Ed25519PrivateKey.generate()),
        "sealing": _text(X25519PrivateKey.generate()),
    }
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike a rename, never replaces an identity made meanwhile
        except FileExistsError:
            return
    finally:
        fresh.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _text(key: Ed25519PrivateKey | X25519PrivateKey) -> str:
    return base64.b64encode(private_bytes(key)).decode("ascii")
