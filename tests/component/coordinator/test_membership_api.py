"""Nodes join with a token, renew with their key, and are revoked: over REST, on both databases."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import Session, select

from coordinator.memberships import accepting
from coordinator.memberships.tables import IssuedJoinToken
from coordinator.nodes.tables import Node
from edge.membership.asking import check_membership
from shared.api.memberships import MembershipOut
from shared.certificates import lifetime_of, read_certificate
from shared.join_tokens import JoinToken
from shared.nats_config import node_permissions
from shared.nats_keys import KeyKind
from shared.node_lifetimes import CERTIFICATE_LIFETIME, TOKEN_LIFETIME
from shared.tokens import Role
from tests.support.eventually import cancelled, until
from tests.support.exam_site import AD_HOC, NODE_ID, NODE_KEY, OnSite, Site
from tests.support.joining import ask_to_join, authority_of, new_token
from tests.support.nats_jwts import read_jwt, user_key
from tests.support.new_node import NewNode, new_keys


async def renews(site: Site, node: NewNode) -> httpx.Response:
    return await site.post("/nodes/renew", node.renew(), headers={})


async def revoked(site: Site, node_id: UUID) -> httpx.Response:
    return await site.post(f"/nodes/{node_id}/revoke", headers=site.bearer(Role.OPERATOR))


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def listed(site: Site) -> list[dict[str, Any]]:
    answer = await site.get("/nodes/certificates", headers=site.bearer(Role.OPERATOR))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def shown(site: Site, node_id: UUID) -> dict[str, Any]:
    rows: list[dict[str, Any]] = (await site.get("/nodes")).json()
    [one] = [row for row in rows if row["node_id"] == str(node_id)]
    return one


def test_a_node_joins_with_a_token_and_has_what_a_node_needs_for_a_day(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        node, now = NewNode(), datetime.now(UTC)
        token = await new_token(site)
        authority = await authority_of(site, token)
        answer = await ask_to_join(site, node, token)
        given = MembershipOut.model_validate_json(answer.content)
        check_membership(given, [authority.ca], node.keys, node.node_id, datetime.now(UTC))
        assert (given.region, given.name, given.hub_url) == ("eu-west", "hall 3", site.parts.config.nats.url)
        assert authority.signing_key == site.parts.keys.signing_text
        account = site.parts.keys.fleet.account.public_key()
        claims = read_jwt(given.hub_jwt, KeyKind.ACCOUNT, account)
        assert user_key(claims) == node.keys.hub.public_key()
        assert claims["exp"] == int(given.ends_at.timestamp())
        assert claims["nats"]["pub"]["allow"] == node_permissions(node.node_id)["publish"]
        assert given.ends_at - now < CERTIFICATE_LIFETIME + timedelta(minutes=5)
        [row] = await listed(site)
        assert row["node_id"] == str(node.node_id)
        assert int(row["serial"], 16) == read_certificate(given.certificate).serial_number
        one = await shown(site, node.node_id)
        assert (one["name"], one["region"], one["status"]) == ("hall 3", "eu-west", "never-seen")
        assert one["joined_at"] is not None

    on_site(test)


def test_the_database_has_no_token_only_its_hash(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        token = await new_token(site)

        def work(db: Session) -> str:
            return repr(db.exec(select(IssuedJoinToken)).one())

        row = await site.parts.reading(work)
        assert token.hashed in row
        assert token.text.split(".")[1] not in row

    on_site(test)


def test_a_token_is_good_once_also_for_two_at_the_same_time(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        token, nodes = await new_token(site), [NewNode() for _ in range(4)]
        answers = await asyncio.gather(*(ask_to_join(site, node, token) for node in nodes))
        assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
        assert {refused(answer) for answer in answers if answer.is_error} == {(403, "join-token-used")}
        [winner] = [node for node, answer in zip(nodes, answers, strict=True) if answer.is_success]
        assert refused(await ask_to_join(site, winner, token)) == (403, "join-token-used")
        assert [row["node_id"] for row in await listed(site)] == [str(winner.node_id)]

    on_site(test)


def test_a_token_of_nobody_or_of_before_lets_nobody_in(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        token = await new_token(site)
        unknown = JoinToken(bytes(20), token.ca_fingerprint)
        assert refused(await ask_to_join(site, NewNode(), unknown)) == (404, "join-token-unknown")
        site.at(datetime.now(UTC) + TOKEN_LIFETIME + timedelta(minutes=1))
        assert refused(await ask_to_join(site, NewNode(), token)) == (403, "join-token-expired")
        assert await listed(site) == []

    on_site(test)


def test_a_refused_request_leaves_the_token_as_it_was(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        first, token = NewNode(), await new_token(site)
        assert (await ask_to_join(site, first)).is_success
        for thief in (
            NewNode(node_id=first.node_id),
            NewNode(signing=first.signing),
            NewNode(node_id=NODE_ID),
        ):
            assert refused(await ask_to_join(site, thief, token)) == (403, "node-other-key")
        borrowed = NewNode(keys=first.keys)  # who revokes it would take the first one's hub key back
        assert refused(await ask_to_join(site, borrowed, token)) == (403, "node-other-key")
        assert (await ask_to_join(site, NewNode(), token)).is_success

    on_site(test)


def test_a_node_renews_with_its_key_also_long_after_its_certificate_has_ended(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        node = NewNode()
        assert refused(await renews(site, node)) == (404, "node-unknown")
        assert (await ask_to_join(site, node)).is_success
        for days in (0, 1, 90):
            now = datetime.now(UTC) + timedelta(days=days)
            site.at(now)
            node.keys = new_keys()
            given = MembershipOut.model_validate_json((await renews(site, node)).content)
            lifetime = lifetime_of(read_certificate(given.certificate))
            assert lifetime.begins_utc < now < lifetime.ends_utc
        thief = NewNode(node_id=node.node_id)
        assert refused(await renews(site, thief)) == (403, "node-other-key")
        assert refused(await renews(site, NewNode(NODE_ID, NODE_KEY))) == (404, "node-unknown")
        assert len(await listed(site)) == 1, "those that ended more than a month ago are forgotten"

    on_site(test)


def test_a_revoked_node_never_comes_back(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        node, token = NewNode(), await new_token(site)
        assert (await ask_to_join(site, node)).is_success
        assert node.node_id in site.parts.signers
        for _ in range(2):
            assert (await revoked(site, node.node_id)).status_code == 204
        assert node.node_id not in site.parts.signers
        assert refused(await renews(site, node)) == (403, "node-revoked")
        assert refused(await ask_to_join(site, node, token)) == (403, "node-revoked")
        again = NewNode(signing=node.signing)  # under another id
        assert refused(await ask_to_join(site, again, token)) == (403, "node-revoked")
        assert (await shown(site, node.node_id))["revoked_at"] is not None
        [row] = await listed(site)
        assert row["revoked_by"] == "someone"
        assert refused(await revoked(site, NewNode().node_id)) == (404, "node-unknown")

    on_site(test)


def test_a_joined_node_is_heard_and_a_revoked_one_no_more(on_site: OnSite) -> None:
    """Also one that the configuration names; its heartbeats are refused, and it gets no session."""

    async def test(site: Site) -> None:
        assert (await revoked(site, NODE_ID)).status_code == 204
        assert site.parts.fleet.state(NODE_ID) is None
        assert refused(await site.post("/session/start", AD_HOC)) == (503, "no-node-online")
        beating = asyncio.create_task(site.node.beat())

        async def refused_once() -> bool:
            async with site.status as status:
                said = (await status.get("/metrics")).text
            return re.search(r'coordinator_heartbeats\S*"refused"\S* [1-9]', said) is not None

        await until(refused_once, "its heartbeat is refused")
        await cancelled(beating)
        assert site.parts.fleet.state(NODE_ID) is None
        assert (await shown(site, NODE_ID))["status"] == "missing"

    on_site(test)


def test_another_replica_hears_of_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        node = NewNode()

        def elsewhere(db: Session) -> None:
            row = db.get(Node, NODE_ID)
            assert row is not None
            row.revoked_utc = datetime.now(UTC)
            now = datetime.now(UTC)
            db.add(
                Node(
                    id=node.node_id,
                    tenant_id=row.tenant_id,
                    region="eu-west",
                    signing_key=node.signing_text,
                    created_utc=now,
                    joined_utc=now,
                )
            )

        await site.parts.writing(elsewhere)
        await accepting.refresh(site.parts)
        assert set(site.parts.signers) == {node.node_id}

    on_site(test)


def test_whoever_tries_many_tokens_must_wait_and_a_node_that_renews_all_the_time_too(
    on_site: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        joined, other = NewNode(), NewNode()
        assert (await ask_to_join(site, joined)).is_success
        assert (await ask_to_join(site, other)).is_success
        site.stop_clock(monkeypatch)
        said = [(await renews(site, joined)).status_code for _ in range(12)]
        assert said == [200] * 10 + [429] * 2
        assert (await renews(site, other)).is_success
        token = await new_token(site)
        unknown = JoinToken(bytes(20), token.ca_fingerprint)
        said = [refused(await ask_to_join(site, NewNode(), unknown))[0] for _ in range(22)]
        assert said == [404] * 20 + [429] * 2
        assert refused(await ask_to_join(site, NewNode(), token))[0] == 429

    on_site(test)


def test_a_copy_of_an_old_request_gives_thrown_away_keys_no_new_certificate(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        node = NewNode()
        assert (await ask_to_join(site, node)).is_success
        node.keys, begun = new_keys(), datetime.now(UTC)
        copied = node.renew()
        for _ in range(2):  # the first answer may be lost
            assert (await site.post("/nodes/renew", copied, headers={})).is_success
        site.at(begun + timedelta(hours=20))
        for _ in range(12):  # and it takes no try of the node away
            assert refused(await site.post("/nodes/renew", copied, headers={})) == (403, "node-repeated")
        node.keys = new_keys()
        assert (await renews(site, node)).is_success

    on_site(test)


def test_what_was_read_before_a_revocation_does_not_bring_the_node_back(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        node, read, go_on = NewNode(), asyncio.Event(), asyncio.Event()
        assert (await ask_to_join(site, node)).is_success
        reading = site.parts.reading

        class Slow:
            """The parts, of which the first reading is slow to arrive."""

            def __getattr__(self, name: str) -> Any:
                return getattr(site.parts, name)

            async def reading(self, work: Any) -> Any:
                found = await reading(work)
                read.set()
                await go_on.wait()
                return found

        slow: Any = Slow()
        refreshing = asyncio.create_task(accepting.refresh(slow))
        await read.wait()
        assert (await revoked(site, node.node_id)).status_code == 204
        go_on.set()
        await refreshing
        assert node.node_id not in site.parts.signers

    on_sqlite(test)
