"""Nodes that join a coordinator in this process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
from cryptography.x509 import random_serial_number

from coordinator.ground.own_keys import OwnKeys
from coordinator.memberships.asking import Wanted
from coordinator.memberships.given_identity import give_identity
from edge.membership.asking import Authority, checked_authority
from edge.membership.files import Membership, save
from edge.node_identity import load_or_make
from shared.api.memberships import AuthorityOut
from shared.certificates import read_certificate
from shared.join_tokens import JoinToken, parse_join_token
from shared.nats_keys import KeyKind, public_text
from shared.tokens import Role
from tests.support.exam_site import Site
from tests.support.new_node import NewNode, new_keys

REGION: Mapping[str, str] = {"region": "eu-west", "name": "hall 3"}


def keep_membership(data: Path, keys: OwnKeys) -> None:
    """Keep in a node's data folder what it is given when it joins, without a coordinator that runs."""
    node, own, now_utc = load_or_make(data), new_keys(), datetime.now(UTC)
    wanted = Wanted(
        node.node_id, own.certificate.public_key(), public_text(KeyKind.USER, own.hub.public_key())
    )
    fleet = keys.fleet
    given = give_identity(fleet.ca, fleet.account, wanted, serial=random_serial_number(), now_utc=now_utc)
    membership = Membership(
        authorities=(fleet.certificate,),
        certificate=read_certificate(given.certificate),
        keys=own,
        hub_jwt=given.hub_jwt,
    )
    save(data, membership)


async def new_token(site: Site, **wanted: str) -> JoinToken:
    answer = await site.post("/nodes/tokens", wanted or REGION, headers=site.bearer(Role.OPERATOR))
    assert answer.status_code == 201, answer.text
    return parse_join_token(answer.json()["token"])


async def authority_of(site: Site, token: JoinToken) -> Authority:
    answer = await site.get("/nodes/authority", headers={})
    return checked_authority(AuthorityOut.model_validate_json(answer.content), token)


async def ask_to_join(site: Site, node: NewNode, token: JoinToken | None = None) -> httpx.Response:
    token = token or await new_token(site)
    return await site.post("/nodes/join", node.join(token, await authority_of(site, token)), headers={})
