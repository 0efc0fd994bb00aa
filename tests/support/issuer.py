"""An external issuer of tokens: keys of its own, their JWKS document, and tokens signed with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.org/realm"
AUDIENCE = "proctor"
PrivateKey = RSAPrivateKey | Ed25519PrivateKey


def rsa_key(bits: int = 2_048) -> RSAPrivateKey:
    return generate_private_key(65_537, bits)


def jwk(key: PrivateKey, kid: str, **changes: Any) -> dict[str, Any]:
    """The public half as a JWKS document lists it."""
    if isinstance(key, RSAPrivateKey):
        public: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kid": kid, "use": "sig", **public, **changes}


def jwks(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"keys": entries}).encode()


def signed(key: PrivateKey, kid: str, **changes: Any) -> str:
    """A token of this issuer; a claim of None is left out."""
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "bob@example.org",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        "roles": ["exam-staff"],
        **changes,
    }
    algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "EdDSA"
    payload = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid})
