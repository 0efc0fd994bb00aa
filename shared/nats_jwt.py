"""The hub's identities as NATS JWTs of version 2: an operator signs accounts, an account signs users. Pure.

The hub knows only the operator and the accounts that it was given. A user brings a JWT with its permissions
and proves with its key that it is meant; so a node is let in, and expires, without any change at the hub. An
account names the users that it takes back.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.canonical import canonical_json
from shared.nats_keys import KeyKind, public_text

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_VERSION: Final = 2
_NO_LIMIT: Final = -1
_LIMITS: Final = ("subs", "data", "payload")
_ACCOUNT_LIMITS: Final = ("imports", "exports", "conn", "leaf")
_STREAM_LIMITS: Final = ("mem_storage", "disk_storage", "streams", "consumer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The content of an account's JWT."""

    name: str
    key: Ed25519PublicKey
    streams: bool
    """Whether it may have streams; the system's account may not."""
    revoked: Mapping[str, datetime] = field(default_factory=dict)
    """Users that it no longer lets in, by public key: JWTs made up to that instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The content of a user's JWT."""

    name: str
    key: Ed25519PublicKey
    permissions: Mapping[str, Any] | None
    """As in `shared.nats_config`; None: everything in its account."""
    expires_utc: datetime | None = None


def operator_jwt(
    key: Ed25519PrivateKey, name: str, system_account: Ed25519PublicKey, issued_utc: datetime
) -> str:
    """The operator's own JWT, for the hub's configuration."""
    claims = {"type": "operator", "system_account": public_text(KeyKind.ACCOUNT, system_account)}
    own = public_text(KeyKind.OPERATOR, key.public_key())
    return _signed(key, own, {"name": name, "sub": own, "iat": _seconds(issued_utc)}, claims)


def account_jwt(operator: Ed25519PrivateKey, account: Account, issued_utc: datetime) -> str:
    """An account's JWT, signed by the operator, with the users that are revoked."""
    streams = _NO_LIMIT if account.streams else 0
    limits: dict[str, Any] = dict.fromkeys((*_LIMITS, *_ACCOUNT_LIMITS), _NO_LIMIT)
    limits |= {"wildcards": True} | dict.fromkeys(_STREAM_LIMITS, streams)
    claims: dict[str, Any] = {"type": "account", "limits": limits}
    if account.revoked:
        claims["revocations"] = {user: _seconds(until) for user, until in account.revoked.items()}
    about = {
        "name": account.name,
        "sub": public_text(KeyKind.ACCOUNT, account.key),
        "iat": _seconds(issued_utc),
    }
    return _signed(operator, public_text(KeyKind.OPERATOR, operator.public_key()), about, claims)


def user_jwt(account: Ed25519PrivateKey, user: User, issued_utc: datetime) -> str:
    """A user's JWT, signed by its account."""
    claims: dict[str, Any] = {
        "type": "user",
        **dict.fromkeys(_LIMITS, _NO_LIMIT),
        **_rights(user.permissions),
    }
    about = {"name": user.name, "sub": public_text(KeyKind.USER, user.key), "iat": _seconds(issued_utc)}
    if user.expires_utc is not None:
        about["exp"] = _seconds(user.expires_utc)
    return _signed(account, public_text(KeyKind.ACCOUNT, account.public_key()), about, claims)


def _rights(permissions: Mapping[str, Any] | None) -> dict[str, Any]:
    if permissions is None:
        return {"pub": {}, "sub": {}}
    replies = permissions["allow_responses"]
    ttl_ns = int(str(replies["expires"]).removesuffix("s")) * 1_000_000_000
    return {
        "pub": {"allow": list(permissions["publish"])},
        "sub": {"allow": list(permissions["subscribe"])},
        "resp": {"max": replies["max"], "ttl": ttl_ns},
    }


def _signed(key: Ed25519PrivateKey, issuer: str, about: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    body: dict[str, Any] = {**about, "iss": issuer, "nats": {**claims, "version": _VERSION}}
    body["jti"] = base64.b32encode(hashlib.sha256(canonical_json(body)).digest()).rstrip(b"=").decode()
    text = f"{_based(canonical_json(_HEADER))}.{_based(canonical_json(body))}"
    return f"{text}.{_based(key.sign(text.encode()))}"


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _based(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
