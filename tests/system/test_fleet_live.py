"""Three nodes, two live sessions and thirty simulated ones, and a node is killed: all have their media again,
and the live one is told of as its undisturbed twin.

`make chaos` alone runs it: some three minutes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from coordinator.ground.database import Database
from tests.support.databases import TEMPLATE, migrated_postgres, postgres
from tests.support.edge_daemon import need_weights
from tests.support.eventually import cancelled, own_seconds, until
from tests.support.films import film, rest_of
from tests.support.fleet_course import MEDIA_BACK_S, delivered, one_killed, seated
from tests.support.fleet_ledger import doubled, lacking, lasting, ledger, stale
from tests.support.fleet_node import serve_both
from tests.support.fleet_site import Fleet, fleet
from tests.support.live_fleet import FPS, started
from tests.support.postgres import copy_database, database_url
from tests.support.thorough import rounds
from tests.support.twins import FILM, GOES_ON_S, POLICY, SMALLER, STRANGER, enrolled, same_alerts

__all__ = ["migrated_postgres", "postgres"]

STATE_SENT_S: Final = 1.5
"""After a finding the session's state is sent within a second."""

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.postgres,
    pytest.mark.realtime,
    pytest.mark.xdist_group("realtime"),
    pytest.mark.skipif(not rounds(0, 1), reason="for longer than `make test` lasts: make chaos"),
]


@dataclass(frozen=True)
class First:
    """The first of the fleet's coordinators."""

    world: Fleet

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.world.http.get(f"{self.world.coordinators[0]}/api/v1{path}", timeout=60, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        url = f"{self.world.coordinators[0]}/api/v1{path}"
        return await self.world.http.post(url, json={} if body is None else body, timeout=60, **options)


@pytest.mark.timeout(1_200)
def test_a_killed_nodes_sessions_go_on_and_a_live_one_sees_what_its_twin_sees(
    tmp_path: Path, migrated_postgres: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_weights()
    whole = film(tmp_path / "whole.mkv", *FILM, frames_per_s=FPS, swapped=True)
    rest = rest_of(whole, tmp_path / "rest.mkv", GOES_ON_S)
    name = f"live_{os.getpid()}"
    copy_database(migrated_postgres, TEMPLATE, name)
    database = Database(database_url(migrated_postgres, name))

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    async def story() -> None:
        async with fleet(tmp_path, migrated_postgres, name, serve_both) as world, own_seconds() as clock:
            centre = First(world)
            await enrolled(centre, "ada", "eve")
            moving = await started(centre, "ada", POLICY)
            doomed = moving.answer["edge_node"]
            await until(lambda: _has_one(centre, doomed), "the node's word of its session")
            twin = await started(centre, "eve", POLICY)
            assert twin.answer["edge_node"] != doomed
            await seated(world)
            moving.clock = twin.clock = clock
            living = [asyncio.create_task(page.live()) for page in world.pages.values()]
            films = [asyncio.create_task(page.live(whole, rest)) for page in (moving, twin)]
            try:
                await until(lambda: moving.tells(SMALLER), "the open event")
                [open_before] = [item for item in await moving.told() if item["event_type"] == SMALLER]
                await asyncio.sleep(STATE_SENT_S)
                counting = not await moving.tells(STRANGER)
                await one_killed(world, world.nodes[doomed].name, say)
                await until(lambda: moving.back_at, "media at the next node")
                took_s = moving.back_at[0] - moving.asked_at[0]
                say(f"media of the live session back {took_s:.1f} s after the question; counting: {counting}")
                assert took_s <= MEDIA_BACK_S
                await asyncio.gather(*films)  # to the recording's end
                world.air.calm = True
                for page in (moving, twin):
                    await page.end()
                await same_alerts(moving, twin, open_before, counting=counting)
                for session in world.pages:
                    await world.told("POST", f"/session/{session}/end")
                kept = await delivered(world, database)
                known = ledger(database)
                say(f"{len({one.alert_id for one in kept})} alerts kept, {len(known.alerts)} stored")
                wrong = (lacking(kept, known), stale(kept, known), doubled(known), lasting(known))
                assert not any(wrong), wrong
                ports = {urlsplit(page.url).port for page in world.pages.values()}
                assert len(ports) == len(world.nodes) - 1
            finally:
                await cancelled(*living, *films)

    try:
        asyncio.run(story())
    finally:
        database.close()


async def _has_one(centre: First, node_id: str) -> bool:
    """Whether a node has said that it has a session."""
    answer = (await centre.get(f"/nodes/{node_id}")).json()
    return bool(answer["sessions"] > 0)
