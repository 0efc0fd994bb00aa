"""A node dies under live sessions, which go on at another one: real media, networks and hub."""

from __future__ import annotations

import asyncio
import base64
import logging
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import nats
import pytest
from nats.aio.msg import Msg

from tests.support.databases import migrated_sqlite
from tests.support.edge_daemon import EdgeDaemon, need_weights
from tests.support.eventually import cancelled, own_seconds, until
from tests.support.exam_site import Site, enroll_body
from tests.support.films import film, portraits, rest_of
from tests.support.live_fleet import FPS, Page, cordoned, empty_room, installation, started
from tests.support.nats import RunningServer

__all__ = ["migrated_sqlite"]
log = logging.getLogger(__name__)

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

BACK_WITHIN_S: Final = 10.0
"""From a page's question to its media at the next node."""
BYSTANDERS: Final = 1
"""Sessions at the node that dies, beside the one that is compared. Many move at once in `make chaos`."""
CALIBRATED, SMALLER, STRANGER = "CALIBRATED", "PRESENCE_LOSS", "FACE_MISMATCH"
ABSENT, LEFT = "FACE_NOT_FOUND", "LEFT_FRAME"
BASELINE_S: Final = 5.0
GOES_ON_S: Final = 16.0
"""Where the recording goes on after the move; the node dies some seconds before that."""
FILM: Final = (
    ("honest", 8.0),
    ("another_person", 19.0),
    ("honest", 5.0),
    ("empty_chair", 8.0),
    ("honest", 2.0),
)
CHECKS: Final = 8
"""Checks of the stranger's face before it is told: more than the first node makes of them. The second one
alone would count enough of them too, but from another onset."""
TOLERANCE_S: Final = 1.5
"""Of an onset: two looks of the slowest kind, at a busy machine."""
POLICY: Final = {
    "baseline_s": BASELINE_S,
    "mismatch_checks": CHECKS,
    "rules": {
        SMALLER: {"hold_s": 2},
        ABSENT: {"hold_s": 2},
        LEFT: {"hold_s": 4},
        "ANALYSIS_DEGRADED": {"hold_s": 1, "clear_s": 0.5},
    },
    "features": {"audio_monitoring": False},
}
PRESENCE: Final = {"features": {"audio_monitoring": False, "face_verification": False}}


async def enrolled(site: Site, *names: str) -> None:
    pictures = [base64.b64encode(picture).decode() for picture in portraits(swapped=True)]
    for name in names:
        answer = await site.post("/enroll", enroll_body(*pictures, candidate=name))
        assert answer.status_code == 201, answer.text


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


def about_candidate(told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By event; each is told once."""
    judged = [item for item in told if item["event_class"] in ("conduct", "identity")]
    assert Counter(item["event_type"] for item in judged).most_common(1)[0][1] == 1, judged
    return {item["event_type"]: item for item in judged}


def filmed_s(told: list[dict[str, Any]], event: str, page: Page) -> float:
    """Where in the whole recording an event begins: by its only calibration, or by where it went on."""
    at = {item["event_type"]: datetime.fromisoformat(item["onset"]).timestamp() for item in told}
    _, *later = page.began
    gone_on = later and at[event] > later[0]
    return at[event] - later[0] + GOES_ON_S if gone_on else at[event] - at[CALIBRATED] + BASELINE_S


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

            async def over() -> bool:
                told = [*await moving.told(), *await twin.told()]
                return all(item["cleared"] for item in told if item["event_class"] != "milestone")

            await until(over, "the ends of all")
            told, twins = await moving.told(), await twin.told()
            here, there = about_candidate(told), about_candidate(twins)
            assert here.keys() == there.keys() == {SMALLER, STRANGER, ABSENT, LEFT}
            apart_s = {event: filmed_s(told, event, moving) - filmed_s(twins, event, twin) for event in here}
            log.warning("onsets of the moved session less its twin's, s: %s", apart_s)
            assert all(abs(one) <= TOLERANCE_S for one in apart_s.values()), apart_s
            assert here[SMALLER]["event_id"] == open_before["event_id"]
            assert open_before["cleared"] is None
            [gap] = [item for item in told if item["event_type"] == "NODE_FAILOVER"]
            assert gap["severity_score"] == 0.0
            # The count began before the move and was full after it, with the templates of the start.
            assert not counting or here[STRANGER]["onset"] < gap["raised"] < here[STRANGER]["raised"]
            for items in (told, twins):
                assert Counter(item["event_type"] for item in items)[CALIBRATED] == 1
            usual = "baseline_share_of_frame"
            assert here[SMALLER]["evidence"][usual] == pytest.approx(
                there[SMALLER]["evidence"][usual], rel=0.1
            )
            assert told_nodes["start"] == 1 + BYSTANDERS, told_nodes
            assert told_nodes["enroll"] == 0, told_nodes

    asyncio.run(story())
