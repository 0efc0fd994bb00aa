"""Reads an issuer's keys from its JWKS document (RFC 7517). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK

from shared.errors import Corrupt

MAX_KEYS: Final = 50
MAX_KID_CHARS: Final = 200
MIN_RSA_BITS: Final = 2_048


def parse_jwks(document: bytes) -> dict[str, PyJWK]:
    """The usable signing keys, by kid: RSA of 2048 bits or more, and Ed25519.

    Others are left out. Raises `Corrupt` if it is not a JWKS document or has no such key.
    """
    try:
        listed = json.loads(document)["keys"]
        if not isinstance(listed, list) or len(listed) > MAX_KEYS:
            raise ValueError("not a list of keys, or too long")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Corrupt("the issuer's answer is not a list of keys") from error
    found = {key.key_id: key for key in map(_usable, listed) if key is not None and key.key_id}
    if not found:
        raise Corrupt("the issuer's list has no usable key")
    return found


def _usable(entry: Any) -> PyJWK | None:
    if not isinstance(entry, Mapping) or entry.get("use", "sig") != "sig" or not _has_kid(entry):
        return None
    algorithm = {"RSA": "RS256", "OKP": "EdDSA"}.get(str(entry.get("kty")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    public = {name: value for name, value in entry.items() if name != "d"}
    try:
        key = PyJWK(public, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key.key, RSAPublicKey):
        return key if key.key.key_size >= MIN_RSA_BITS else None
    return key if isinstance(key.key, Ed25519PublicKey) else None


def _has_kid(entry: Mapping[str, Any]) -> bool:
    kid = entry.get("kid")
    return isinstance(kid, str) and 0 < len(kid) <= MAX_KID_CHARS
