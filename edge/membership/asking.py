"""What a node asks when it joins or renews, and what it checks in the answers. Pure.

The node sends nothing before `checked_authority` has compared the CA with the token's fingerprint. The CA
confirms the coordinator's keys and signs the certificate, so nobody in between can put in others.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import Certificate

from shared.api.memberships import AuthorityOut, MembershipOut, MembershipRequest
from shared.authorities import (
    MAX_HANDOVERS,
    Handover,
    check_issued_by_one,
    followed,
    read_authorities,
)
from shared.certificates import (
    ca_fingerprint,
    certificate_request,
    check_said_by,
    lifetime_of,
    read_certificate,
)
from shared.errors import Corrupt
from shared.join_tokens import JoinToken
from shared.messages.joining import AUTHORITY_CONTEXT, JoinHeader, RenewHeader, authority_keys
from shared.nats_keys import KeyKind, public_text
from shared.sealing import (
    SealingPublic,
    pack,
    parse_sealing_public,
    parse_signing_public,
    signing_public_text,
)

_JWT: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The private keys behind a membership; they never leave the node."""

    certificate: EllipticCurvePrivateKey = field(repr=False)
    hub: Ed25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom the node joins; its fingerprint is that of the token."""

    ca: Certificate
    signing_key: str
    """`ed25519:…`; signs commands."""
    joining_key: SealingPublic


def checked_authority(said: AuthorityOut, token: JoinToken) -> Authority:
    """Check that this is the coordinator that made the token. Raises `Corrupt` if it is another one."""
    ca = read_certificate(said.ca_certificate)
    if ca_fingerprint(ca) != token.ca_fingerprint:
        raise Corrupt("this is not the coordinator that made the join token; nothing was sent to it")
    try:
        signature = base64.b64decode(said.signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt("the signature of the coordinator's keys is not base64") from error
    check_said_by(ca, AUTHORITY_CONTEXT, authority_keys(said.signing_key, said.joining_key), signature)
    parse_signing_public(said.signing_key)
    return Authority(ca, said.signing_key, parse_sealing_public(said.joining_key))


def join_request(
    node_id: UUID, signing: Ed25519PrivateKey, keys: MemberKeys, token: JoinToken, authority: Authority
) -> MembershipRequest:
    """The request to join; only this coordinator can read the token's secret in it."""
    header = JoinHeader(
        node_id=node_id,
        signing_key=signing_public_text(signing.public_key()),
        certificate_request=certificate_request(keys.certificate, node_id),
        hub_key=public_text(KeyKind.USER, keys.hub.public_key()),
    )
    sealed = pack(header.model_dump(mode="json"), token.secret, signing, seal_to=authority.joining_key)
    return _request(sealed)


def renew_request(node_id: UUID, signing: Ed25519PrivateKey, keys: MemberKeys) -> MembershipRequest:
    """The request for the next certificate."""
    header = RenewHeader(
        node_id=node_id,
        certificate_request=certificate_request(keys.certificate, node_id),
        hub_key=public_text(KeyKind.USER, keys.hub.public_key()),
    )
    return _request(pack(header.model_dump(mode="json"), b"", signing))


def accepted_authorities(given: MembershipOut, known: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The CAs that the node accepts from now on: of those it is told of, what it knows or what follows from
    that. Raises `Corrupt` if there is none."""
    if not given.authorities:
        return tuple(known)
    try:
        handovers = [
            Handover(read_certificate(one.ca_certificate), base64.b64decode(one.signature, validate=True))
            for one in given.handovers[:MAX_HANDOVERS]
        ]
    except (binascii.Error, ValueError) as error:
        raise Corrupt("a CA's signature of its successor is not base64") from error
    return followed(known, read_authorities(given.authorities), handovers)


def check_membership(
    given: MembershipOut,
    authorities: Sequence[Certificate],
    keys: MemberKeys,
    node_id: UUID,
    now_utc: datetime,
) -> None:
    """Check that what the node is given is for it and good now. Raises `Corrupt` if not."""
    certificate = read_certificate(given.certificate)
    check_issued_by_one(certificate, authorities, keys.certificate.public_key())
    if given.node_id != str(node_id):
        raise Corrupt("the membership is another node's")
    if not _JWT.fullmatch(given.hub_jwt):
        raise Corrupt("the membership has no JWT for the hub")
    lifetime = lifetime_of(certificate)
    if not lifetime.begins_utc <= now_utc < lifetime.ends_utc:
        raise Corrupt(
            f"the certificate is good from {lifetime.begins_utc:%Y-%m-%d %H:%M} to "
            f"{lifetime.ends_utc:%Y-%m-%d %H:%M} UTC, which is not now by this machine's clock; set "
            "it, by NTP, and try again"
        )


def _request(message: bytes) -> MembershipRequest:
    return MembershipRequest(message=base64.b64encode(message).decode("ascii"))
