"""Reads NATS JWTs as the hub does, for tests of those that are made."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.canonical import parse_json
from shared.errors import Corrupt
from shared.nats_keys import KeyKind, parse_public, public_text

HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}


def read_jwt(text: str, kind: KeyKind, issuer: Ed25519PublicKey) -> dict[str, Any]:
    """The claims of a JWT that this operator or account has signed; whether it has expired is not checked.

    Raises `Corrupt` for anything else.
    """
    parts = text.split(".")
    try:
        header, about = (parse_json(_unbased(part)) for part in parts[:2])
        issuer.verify(_unbased(parts[2]), ".".join(parts[:2]).encode())
    except (InvalidSignature, IndexError, ValueError, binascii.Error) as error:
        raise Corrupt("this is not a NATS JWT of this issuer") from error
    if header != HEADER or len(parts) != 3 or not isinstance(about, dict):
        raise Corrupt("this is not a NATS JWT")
    if about.get("iss") != public_text(kind, issuer):
        raise Corrupt("another issuer is named in this NATS JWT")
    return about


def user_key(about: Mapping[str, Any]) -> Ed25519PublicKey:
    """The key of the user that these claims are about. Raises `Corrupt`."""
    return parse_public(KeyKind.USER, str(about.get("sub")))


def _unbased(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
