"""Two of three nodes die at once, and nothing but silence says so: candidates come to the third."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.config import NodeSection
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.eventually import cancelled
from tests.support.exam_site import NODE_ID, Site, exam_site, stay_heard
from tests.support.fake_node import FakeNode, beat_until_known, fake_node
from tests.support.nats import nats_server

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

Play = Callable[[Site, list[FakeNode]], Awaitable[None]]


@pytest.fixture
def play(migrated_url: str, tmp_path: Path) -> Callable[[Play], None]:
    """Runs a story on a site with three nodes, in the order in which they are picked."""

    async def run(story: Play) -> None:
        async with asyncio.timeout(240), three_nodes(migrated_url, tmp_path) as (site, nodes):
            await story(site, nodes)

    return lambda story: asyncio.run(run(story))


@asynccontextmanager
async def three_nodes(database_url: str, folder: Path) -> AsyncIterator[tuple[Site, list[FakeNode]]]:
    keys = {uuid4(): Ed25519PrivateKey.generate() for _ in range(2)}
    sections = tuple(
        NodeSection(node_id=node_id, region="campus", signing_key=signing_public_text(key.public_key()))
        for node_id, key in keys.items()
    )
    (folder / "nats").mkdir()
    async with AsyncExitStack() as stack:
        hub = stack.enter_context(nats_server(folder / "nats", [NODE_ID, *keys]))
        site = await stack.enter_async_context(exam_site(database_url, hub, folder, beside=sections))
        nodes = [site.node]
        for node_id, key in keys.items():
            nodes.append(node := await stack.enter_async_context(fake_node(hub, node_id, key)))
            await beat_until_known(node, lambda one=node_id: site.parts.fleet.state(one) is not None)  # type: ignore[misc]
            stack.push_async_callback(cancelled, asyncio.create_task(stay_heard(site.parts, node_id)))
        yield site, sorted(nodes, key=lambda one: one.node_id)


def test_a_start_finds_the_only_one_of_three_nodes_that_lives(play: Callable[[Play], None]) -> None:
    async def story(site: Site, nodes: list[FakeNode]) -> None:
        first, second, third = nodes
        await first.vanish()
        await second.vanish()
        assert (await site.started())["edge_node"] == str(third.node_id)
        # The next candidate does not wait for the dead ones again, although they are not missing yet.
        assert (await site.started("SESS-2", "CAND-2"))["edge_node"] == str(third.node_id)
        assert not first.obeyed.started
        assert not second.obeyed.started

    play(story)


def test_a_page_whose_node_is_dead_and_the_next_one_frozen_comes_to_the_third(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, nodes: list[FakeNode]) -> None:
        first, second, third = nodes
        assert (await site.started())["edge_node"] == str(first.node_id)
        session_id = first.obeyed.newest.session_id
        await first.vanish()
        second.silent = True
        token = site.bearer(Role.CANDIDATE, "CAND-1", session_id=session_id)
        answer = (await site.get("/session/SESS-1/route", headers=token)).json()
        assert (answer["edge_node"], answer["moved"]) == (str(third.node_id), True), answer
        assert [one.epoch for one in (*second.obeyed.started, *third.obeyed.started)] == [2, 3]
        [ended] = second.obeyed.ended  # it may have begun to watch, so it is told, but nobody waits for that
        assert (ended.session_id, ended.epoch, ended.handed_over) == (session_id, 2, True)
        assert (await site.started("SESS-2", "CAND-2"))["edge_node"] == str(third.node_id)
        second.silent = False
        await second.beat()
        assert (await site.started("SESS-3", "CAND-3"))["edge_node"] == str(second.node_id)

    play(story)
