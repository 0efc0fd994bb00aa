"""A node dies under live sessions, which go on at another one: real media, networks and hub."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import nats
import pytest
from nats.aio.msg import Msg

from tests.support.databases import migrated_sqlite
from tests.support.edge_daemon import EdgeDaemon, need_weights
from tests.support.eventually import cancelled, own_seconds, until
from tests.support.exam_site import Site
from tests.support.films import film, rest_of
from tests.support.live_fleet import FPS, Page, cordoned, empty_room, installation, started
from tests.support.nats import RunningServer
from tests.support.twins import FILM, GOES_ON_S, POLICY, SMALLER, STRANGER, enrolled, same_alerts

__all__ = ["migrated_sqlite"]
log = logging.getLogger(__name__)

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

BACK_WITHIN_S: Final = 10.0
"""From a page's question to its media at the next node."""
BYSTANDERS: Final = 1
"""Sessions at the node that dies, beside the one that is compared. Many move at once in `make chaos`."""
PRESENCE: Final = {"features": {"audio_monitoring": False, "face_verification": False}}


@asynccontextmanager
async def commands(hub: RunningServer) -> AsyncIterator[Counter[str]]:
    """What nodes are told from now on, by kind."""
    kinds: Counter[str] = Counter()

    async def heard(message: Msg) -> None:
        kinds[message.subject.rpartition(".")[2]] += 1

    client = await nats.connect(hub.url, user=hub.user, password=hub.password)
    try:
        await client.subscribe("edge.*.command.*", cb=heard)
        yield kinds
    finally:
        await client.close()


async def hit(site: Site, doomed: EdgeDaemon, moving: Page, beside: list[Page]) -> bool:
    """Kill a node once it has told of the smaller face and is counting the stranger's checks; all its pages
    are back. Returns whether it was still counting."""
    await until(lambda: moving.tells(SMALLER), "the open event")
    await until(lambda: all(page.began for page in beside), "media of all")
    await asyncio.sleep(1.5)  # the state that knows of it is sent within a second
    counting = not await moving.tells(STRANGER)
    await asyncio.to_thread(doomed.kill)
    pages = (moving, *beside)
    await until(lambda: all(page.back_at for page in pages), "media at the next node")
    took_s = sorted(page.back_at[0] - page.asked_at[0] for page in pages)
    log.warning(
        "media of %d pages flow again after the question: half within %.2f s, the last after %.2f s",
        len(pages),
        took_s[len(pages) // 2],
        took_s[-1],
    )
    assert took_s[-1] <= BACK_WITHIN_S
    return counting


@pytest.mark.timeout(600)  # most of it is waiting for two nodes to open their networks
def test_live_sessions_outlive_their_node_and_see_what_a_twin_sees(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    need_weights()
    whole = film(tmp_path / "whole.mkv", *FILM, frames_per_s=FPS, swapped=True)
    rest = rest_of(whole, tmp_path / "rest.mkv", GOES_ON_S)
    empty = empty_room(tmp_path / "empty.mkv", 60)

    async def story() -> None:
        database = tmp_path / "coordinator.db"
        shutil.copyfile(migrated_sqlite, database)
        async with AsyncExitStack() as stack:
            site, hub, daemons = await stack.enter_async_context(
                installation(tmp_path, f"sqlite:///{database}")
            )
            await enrolled(site, "ada", "eve")
            moving = await started(site, "ada", POLICY)
            doomed = moving.answer["edge_node"]
            other = next(one for one in daemons if one != doomed)
            await cordoned(site, other)
            beside = [await started(site, f"beside-{number}", PRESENCE) for number in range(BYSTANDERS)]
            await cordoned(site, doomed)
            await cordoned(site, other, again=True)
            twin = await started(site, "eve", POLICY)
            assert {page.answer["edge_node"] for page in beside} == {doomed} != {twin.answer["edge_node"]}
            clock = await stack.enter_async_context(own_seconds())
            told_nodes = await stack.enter_async_context(commands(hub))
            for page in (moving, twin, *beside):
                page.clock = clock
            living = [asyncio.create_task(page.live(whole, rest)) for page in (moving, twin)]
            watching = [asyncio.create_task(page.live(empty)) for page in beside]

            await until(lambda: moving.tells(SMALLER), "the open event")
            [open_before] = [item for item in await moving.told() if item["event_type"] == SMALLER]
            counting = await hit(site, daemons[doomed], moving, beside)
            await cancelled(*watching)
            for page in beside:
                await page.end()
            now = (await site.get("/session/SESS-ada")).json()
            assert now["edge_node"] == twin.answer["edge_node"]
            await asyncio.gather(*living)  # to the recording's end
            for page in (moving, twin):
                await page.end()

            await same_alerts(moving, twin, open_before, counting=counting)
            assert told_nodes["start"] == 1 + BYSTANDERS, told_nodes
            assert told_nodes["enroll"] == 0, told_nodes

    asyncio.run(story())
