"""How a program logs in at the hub: with a password, or with a JWT and the key that it is about. Pure.

The JWT is read again for each connection, because it is renewed in between.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Password:
    """A user of the hub's own configuration."""

    user: str
    password: str | None = field(repr=False)
    """None: none is sent."""

    def options(self) -> dict[str, Any]:
        """For the client's `connect`."""
        return {"user": self.user, "password": self.password}


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """What an account of the hub says of a user, and the user's key."""

    jwt: str = field(repr=False)
    key: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByIdentity:
    """A user that the hub knows by its account's word alone."""

    read: Callable[[], HubIdentity]
    """Called for each connection. Raises `ConfigError`."""

    def options(self) -> dict[str, Any]:
        """For the client's `connect`. Raises `ConfigError`."""
        identity = self.read()

        def signed(nonce: str) -> bytes:
            return base64.urlsafe_b64encode(identity.key.sign(nonce.encode())).rstrip(b"=")

        return {"user_jwt_cb": lambda: bytearray(identity.jwt.encode()), "signature_cb": signed}
