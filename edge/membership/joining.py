"""Joins a coordinator's fleet: makes keys, asks, checks, and writes what the node is given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.membership.address import usable
from edge.membership.asking import (
    Authority,
    MemberKeys,
    accepted_authorities,
    check_membership,
    checked_authority,
    join_request,
    renew_request,
)
from edge.membership.calls import Coordinator
from edge.membership.files import Membership, save
from edge.membership.settings import Joined
from edge.node_identity import Identity, load_or_make
from shared.api.memberships import MembershipOut
from shared.certificates import read_certificate
from shared.errors import Rejected
from shared.join_tokens import JoinToken


def new_keys() -> MemberKeys:
    """Keys for the next certificate and hub JWT."""
    return MemberKeys(generate_private_key(SECP256R1()), Ed25519PrivateKey.generate())


def join(url: str, token: JoinToken, data_folder: Path, authorities: str = "") -> Joined:
    """Join with a token, and keep what the node is given in its data folder.

    `authorities`: CAs of the API's certificate, PEM, beside those that this machine trusts. The identity of
    the node is made if there is none yet. Raises `Rejected` if the coordinator refuses, `Corrupt` if it is
    another one than the token's.
    """
    keys = new_keys()
    with Coordinator(url, authorities) as coordinator:
        authority = checked_authority(coordinator.authority(), token)
        identity = load_or_make(data_folder)
        given = _given(coordinator, identity, keys, token, authority)
    accepted = accepted_authorities(given, [authority.ca])
    check_membership(given, accepted, keys, identity.node_id, datetime.now(UTC))
    save(
        data_folder,
        Membership(
            authorities=accepted,
            certificate=read_certificate(given.certificate),
            keys=keys,
            hub_jwt=given.hub_jwt,
        ),
    )
    return Joined(
        node_id=identity.node_id,
        region=given.region,
        data_folder=data_folder,
        signing_key=authority.signing_key,
        coordinator_url=usable(url),
        hub_url=given.hub_url,
        by_password=given.hub_login == "password",
    )


def _given(
    coordinator: Coordinator, identity: Identity, keys: MemberKeys, token: JoinToken, authority: Authority
) -> MembershipOut:
    try:
        return coordinator.join(join_request(identity.node_id, identity.signing, keys, token, authority))
    except Rejected as refusal:
        if refusal.code != "join-token-used":
            raise
        try:
            # Perhaps it was this node that used it, and only the answer was lost.
            return coordinator.renew(renew_request(identity.node_id, identity.signing, keys))
        except Rejected:
            raise refusal from None
