"""Nodes that join a coordinator in this process."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from edge.membership.asking import Authority, checked_authority
from shared.api.memberships import AuthorityOut
from shared.join_tokens import JoinToken, parse_join_token
from shared.tokens import Role
from tests.support.exam_site import Site
from tests.support.new_node import NewNode

REGION: Mapping[str, str] = {"region": "eu-west", "name": "hall 3"}


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
