"""Makes what a node is given when it joins or renews: a certificate, and the JWT for the hub. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.memberships.asking import Wanted
from shared.certificates import certificate_text, node_certificate
from shared.nats_config import node_permissions
from shared.nats_jwt import User, user_jwt
from shared.nats_keys import KeyKind, parse_public
from shared.node_lifetimes import Lifetime, new_lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenIdentity:
    """A node's identity for one lifetime."""

    certificate: str
    """PEM."""
    serial: str
    """Hexadecimal."""
    hub_jwt: str
    hub_key: str
    lifetime: Lifetime


def give_identity(
    ca: EllipticCurvePrivateKey,
    account: Ed25519PrivateKey,
    wanted: Wanted,
    *,
    serial: int,
    now_utc: datetime,
) -> GivenIdentity:
    """The identity of a node that has proved its keys."""
    lifetime = new_lifetime(now_utc)
    certificate = node_certificate(ca, wanted.key, wanted.node_id, serial=serial, lifetime=lifetime)
    user = User(
        name=str(wanted.node_id),
        key=parse_public(KeyKind.USER, wanted.hub_key),
        permissions=node_permissions(wanted.node_id),
        expires_utc=lifetime.ends_utc,
    )
    return GivenIdentity(
        certificate=certificate_text(certificate),
        serial=f"{serial:x}",
        hub_jwt=user_jwt(account, user, now_utc),
        hub_key=wanted.hub_key,
        lifetime=lifetime,
    )
