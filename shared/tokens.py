"""Access tokens: EdDSA JWTs (RFC 7519, RFC 8037) of the coordinator, with one role each.

A candidate's session token names its session and is valid at the coordinator and at the edge node that
watches; every other token is valid only at the coordinator. Verification pins the algorithm and requires
issuer, subject, audience and expiry.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import Rejected

ISSUER: Final = "proctor-coordinator"
ALGORITHM: Final = "EdDSA"
LEEWAY_S: Final = 5
MAX_TOKEN_CHARS: Final = 4_096


class Role(StrEnum):
    """The rights of a bearer within one institution. An operator manages institutions and sees nothing
    personal."""

    CANDIDATE = "candidate"
    PROCTOR = "proctor"
    ADMIN = "admin"
    SYSTEM = "system"
    DPO = "dpo"
    OPERATOR = "operator"


class Audience(StrEnum):
    COORDINATOR = "coordinator"
    EDGE = "edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of a verified token."""

    subject: str
    """A candidate's id for candidates, else a user or service name."""
    role: Role
    tenant_id: UUID
    session_id: UUID | None = None
    """The one session a candidate's session token is for (internal id)."""
    device: int | None = None
    """The number of the device that opened the session by its link (0: not bound to a device). The token is
    invalid once another device is bound. None: not opened by a link."""
    expires_utc: datetime | None = field(default=None, compare=False)
    """When the verified token expires; None before it is issued. Not part of the identity."""
    issued_utc: datetime | None = field(default=None, compare=False)
    """When it was issued."""
    token_id: UUID | None = field(default=None, compare=False)
    """Its `jti`; if set when a token is issued, it becomes the token's."""
    key_id: str | None = field(default=None, compare=False)
    """The `kid` of the key that signed it."""

    @property
    def bearer(self) -> str:
        """The key for its share of places and rates; institutions and roles do not share any."""
        return f"{self.tenant_id}:{self.role}:{self.subject}"


def key_id_of(public_text: str) -> str:
    """The `kid` of a key: a short hash of its public half in text form."""
    return hashlib.sha256(public_text.encode()).hexdigest()[:16]


def issue(
    claims: Claims, key: Ed25519PrivateKey, *, key_id: str, now_utc: datetime, lifetime: timedelta
) -> str:
    """Issue a signed token; candidates with a session may use it at the edge too."""
    audiences = [Audience.COORDINATOR, Audience.EDGE] if claims.session_id else [Audience.COORDINATOR]
    payload: dict[str, object] = {
        "iss": ISSUER,
        "sub": claims.subject,
        "aud": [str(audience) for audience in audiences],
        "role": str(claims.role),
        "tenant": str(claims.tenant_id),
        "iat": now_utc,
        "exp": now_utc + lifetime,
        "jti": str(claims.token_id or uuid4()),
    }
    if claims.session_id is not None:
        payload["session"] = str(claims.session_id)
    if claims.device is not None:
        payload["device"] = claims.device
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": key_id})


@dataclass(frozen=True, slots=True)
class Hint:
    """The signer named by an unverified token. Use it only to find the key."""

    key_id: str
    issuer: str


def hint(token: str) -> Hint:
    """Read the signer that a token names; empty when it names none. Raises `Rejected` (401)."""
    if not token:
        raise missing()
    if len(token) > MAX_TOKEN_CHARS:
        raise invalid()
    try:
        read = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise invalid() from error
    key_id, issuer = read["header"].get("kid"), read["payload"].get("iss")
    return Hint(key_id if isinstance(key_id, str) else "", issuer if isinstance(issuer, str) else "")


def moved() -> Rejected:
    """The refusal of a device that another has replaced."""
    return Rejected("the exam continues on another device", code="device-moved", status=401)


def missing() -> Rejected:
    """The refusal without a token."""
    return Rejected("a bearer token is required", code="token-missing", status=401)


def invalid() -> Rejected:
    """The refusal of an invalid token, for any reason."""
    return Rejected("the token is not valid", code="token-invalid", status=401)


def expired() -> Rejected:
    """The refusal of an expired token."""
    return Rejected("the token has expired; ask for a new one", code="token-expired", status=401)


def verify(token: str, key: Ed25519PublicKey, *, audience: Audience) -> Claims:
    """Verify a token and return its claims.

    Raises `Rejected` (401) with the code `token-missing`, `token-expired` or `token-invalid`.
    """
    if not token:
        raise missing()
    if len(token) > MAX_TOKEN_CHARS:
        raise invalid()
    try:
        read = jwt.decode_complete(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        payload = read["payload"]
        session, device = payload.get("session"), payload.get("device")
        return Claims(
            subject=payload["sub"],
            role=Role(payload["role"]),
            tenant_id=UUID(payload["tenant"]),
            session_id=UUID(session) if session is not None else None,
            device=int(device) if device is not None else None,
            expires_utc=datetime.fromtimestamp(payload["exp"], UTC),
            issued_utc=datetime.fromtimestamp(payload["iat"], UTC),
            token_id=UUID(payload["jti"]) if "jti" in payload else None,
            key_id=read["header"].get("kid"),
        )
    except jwt.ExpiredSignatureError as error:
        raise expired() from error
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise invalid() from error
