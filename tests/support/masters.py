"""Keyrings of given master keys."""

from __future__ import annotations

from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import LocalMaster, MasterKeys


def keyring_of(*secrets: bytes) -> Keyring:
    """A keyring with these master keys; the first one wraps."""
    return Keyring(MasterKeys([LocalMaster(secret) for secret in secrets]))
