"""How a program logs in at the hub: with a password, or with what the coordinator has signed for it. Pure.

The latter is a JWT with the key that it is about, and a certificate for TLS. Both are read again for each
connection, because they are renewed in between.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class ClientTls:
    """What a program shows to the hub, and by what it knows the hub. PEM."""

    own: str = field(repr=False)
    """The program's private key and certificate."""
    authorities: str
    """Certificates of the CAs that may sign the hub's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The credentials of one connection."""

    options: dict[str, Any] = field(repr=False)
    """For the client's `connect`."""
    tls: ClientTls | None = None
    """None: the program shows no certificate."""


@dataclass(frozen=True, slots=True)
class Password:
    """A user of the hub's own configuration."""

    user: str
    password: str | None = field(repr=False)
    """None: none is sent."""

    def entry(self) -> Entry:
        """The credentials of the next connection."""
        return Entry({"user": self.user, "password": self.password})


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """What an account of the hub says of a user, the user's key, and its certificate."""

    jwt: str = field(repr=False)
    key: Ed25519PrivateKey = field(repr=False)
    tls: ClientTls


@dataclass(frozen=True, slots=True)
class ByIdentity:
    """A user that the hub knows only by a JWT of its account."""

    read: Callable[[], HubIdentity]
    """Called for each connection. Raises `ConfigError`."""

    def entry(self) -> Entry:
        """The credentials of the next connection. Raises `ConfigError`."""
        identity = self.read()

        def signed(nonce: str) -> bytes:
            return base64.urlsafe_b64encode(identity.key.sign(nonce.encode())).rstrip(b"=")

        options = {"user_jwt_cb": lambda: bytearray(identity.jwt.encode()), "signature_cb": signed}
        return Entry(options, identity.tls)
