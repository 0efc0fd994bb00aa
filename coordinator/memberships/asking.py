"""Reads requests of nodes that join or renew, and refuses those that prove no key. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.certificates import requested_key
from shared.errors import Corrupt, Rejected
from shared.join_tokens import SECRET_BYTES
from shared.messages.joining import JoinHeader, RenewHeader
from shared.messages.message import parse
from shared.nats_keys import KeyKind, parse_public
from shared.node_lifetimes import CertificateRefusal
from shared.sealing import Parcel, open_body, parse_signing_public, unpack, verify

_STATUS: Final = {CertificateRefusal.UNKNOWN: 404}
"""Of a refusal; 403 for all others."""
_TOKEN_WORDS: Final = {
    CertificateRefusal.UNKNOWN: "this coordinator has not made this join token",
    CertificateRefusal.USED: "this join token was used before; make another one: proctorctl nodes token",
    CertificateRefusal.EXPIRED: "this join token has expired; make another one: proctorctl nodes token",
}
_NODE_WORDS: Final = {
    CertificateRefusal.UNKNOWN: "this node has not joined here",
    CertificateRefusal.REVOKED: "this node was revoked, so it cannot come back; join as a new node",
    CertificateRefusal.REPEATED: "this request was answered before; a node makes new keys for each one",
    CertificateRefusal.OTHER_KEY: "a node with this id or key is known here, with another key or id",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The id and keys that a node asks to have certified."""

    node_id: UUID
    key: EllipticCurvePublicKey
    """Of its certificate."""
    hub_key: str


@dataclass(frozen=True, slots=True)
class Joining:
    """A node that asks to join, and has proved its signing key."""

    wanted: Wanted
    signing_key: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Renewing:
    """A node that asks for a new certificate; its signature is not checked yet."""

    wanted: Wanted
    parcel: Parcel = field(repr=False)

    def check_signed_by(self, signing_key: str) -> None:
        """Raises `Rejected` (403) unless this key has signed what the node asks."""
        try:
            verify(self.parcel, parse_signing_public(signing_key))
        except Corrupt as error:
            raise node_refused(CertificateRefusal.OTHER_KEY) from error


def read_join(message: str, opener: X25519PrivateKey) -> Joining:
    """Read a request to join. Raises `Rejected` (400)."""
    try:
        parcel = unpack(base64.b64decode(message, validate=True))
        header = parse(JoinHeader, parcel.header)
        verify(parcel, parse_signing_public(header.signing_key))
        secret = open_body(parcel, opener)
        if len(secret) != SECRET_BYTES:
            raise Corrupt("the secret has a wrong length")
        return Joining(_wanted(header), header.signing_key, secret)
    except (Corrupt, binascii.Error) as error:
        raise _unreadable() from error


def read_renewal(message: str) -> Renewing:
    """Read a request for a new certificate. Raises `Rejected` (400)."""
    try:
        parcel = unpack(base64.b64decode(message, validate=True))
        return Renewing(_wanted(parse(RenewHeader, parcel.header)), parcel)
    except (Corrupt, binascii.Error) as error:
        raise _unreadable() from error


def token_refused(why: CertificateRefusal) -> Rejected:
    """The refusal of a join token."""
    return Rejected(_TOKEN_WORDS[why], code=f"join-token-{why}", status=_STATUS.get(why, 403))


def node_refused(why: CertificateRefusal) -> Rejected:
    """The refusal of a node."""
    return Rejected(_NODE_WORDS[why], code=f"node-{why}", status=_STATUS.get(why, 403))


def _wanted(header: JoinHeader | RenewHeader) -> Wanted:
    parse_public(KeyKind.USER, header.hub_key)
    return Wanted(header.node_id, requested_key(header.certificate_request), header.hub_key)


def _unreadable() -> Rejected:
    return Rejected(
        "this is not a valid request of a node; use the proctor-edge of the coordinator's version",
        code="membership-message",
        status=400,
    )
