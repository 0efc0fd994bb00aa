"""A node dies under a live session, which goes on at another one: real media, networks and hub."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import httpx
import numpy as np
import pytest

from coordinator.config import NodeSection
from edge.media.simulate import Simulation, stream_recording
from edge.media.writer import write_recording
from edge.node_identity import Identity
from shared.errors import Rejected, Unavailable
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.databases import migrated_sqlite
from tests.support.edge_daemon import EdgeDaemon, made_identity, need_weights
from tests.support.eventually import cancelled, own_seconds, until
from tests.support.exam_site import ACKNOWLEDGED, NODE_ID, Site, exam_site
from tests.support.nats import nats_server

__all__ = ["migrated_sqlite"]
log = logging.getLogger(__name__)

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

FPS: Final = 10
BACK_WITHIN_S: Final = 10.0
"""From the page's question to its media at the next node."""
ABSENT, LEFT = "FACE_NOT_FOUND", "LEFT_FRAME"
HOLD_S: Final = 8.0
"""Longer than the session is at its first node, unless the machine is busy."""
POLICY: Final = {
    "rules": {
        ABSENT: {"hold_s": 2},
        LEFT: {"hold_s": HOLD_S},
        "ANALYSIS_DEGRADED": {"hold_s": 1, "clear_s": 0.5},
    },
    "features": {"audio_monitoring": False, "face_verification": False},
}


def empty_room(path: Path, seconds: float) -> Path:
    random = np.random.default_rng(1)
    wall = np.full((480, 640, 3), (150, 160, 170), np.uint8)
    cv2.rectangle(wall, (60, 80), (580, 120), (60, 80, 110), -1)
    noise = [random.integers(0, 12, wall.shape, np.uint8) for _ in range(4)]
    pictures = [wall + noise[number % 4] for number in range(round(seconds * FPS))]
    sound = np.zeros(len(pictures) * 48_000 // FPS, np.float32)
    write_recording(path, pictures, sound, frames_per_s=FPS, samples_per_s=48_000)
    return path


@dataclass
class Page:
    """A candidate's page: when its media are lost it asks where to go, and connects there."""

    site: Site
    answer: dict[str, Any]
    url: str
    clock: Callable[[], float] = time.monotonic
    asked_at: list[float] = field(default_factory=list)
    back_at: list[float] = field(default_factory=list)
    """When its media flowed again, after each question."""

    async def live(self, recording: Path) -> None:
        token = self.answer["session_token"]
        while True:
            try:
                streamed = await stream_recording(Simulation(recording, self.url, token), began=self._began)
                if not streamed.broken_off:
                    return
            except Unavailable:
                await asyncio.sleep(0.1)
            except Rejected:
                return
            self.asked_at.append(self.clock())
            headers = {"Authorization": f"Bearer {token}"}
            route = await self.site.get(f"/session/{self.answer['session_id']}/route", headers=headers)
            if route.status_code == httpx.codes.OK:
                self.url = route.json()["signaling_url"]

    def _began(self) -> None:
        if self.asked_at:
            self.back_at.append(self.clock())

    async def told(self) -> list[dict[str, Any]]:
        answer = await self.site.get(f"/session/{self.answer['session_id']}/timeline")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def tells(self, event: str) -> bool:
        return any(item["event_type"] == event for item in await self.told())


@asynccontextmanager
async def installation(folder: Path, database_url: str) -> AsyncIterator[tuple[Site, dict[str, EdgeDaemon]]]:
    """A coordinator and two nodes."""
    identities = [made_identity(folder / name) for name in ("first", "second")]
    hub_folder = folder / "nats"
    hub_folder.mkdir()
    with nats_server(hub_folder, [NODE_ID, *(one.node_id for one in identities)]) as hub:
        beside = tuple(_section(one) for one in identities)
        async with AsyncExitStack() as stack:
            site = await stack.enter_async_context(exam_site(database_url, hub, folder, beside=beside))
            await site.node.vanish()  # the site's own node is not for this test
            site.parts.fleet.forget(NODE_ID)
            key = signing_public_text(site.parts.keys.signing.public_key())
            daemons = {}
            for identity, name in zip(identities, ("first", "second"), strict=True):
                daemon = EdgeDaemon(folder / name, hub, identity, key, rating=4)
                stack.callback(daemon.kill)
                daemons[str(identity.node_id)] = daemon
            await asyncio.gather(*(asyncio.to_thread(one.start) for one in daemons.values()))
            await until(lambda: _online(site) == 2, "two nodes")
            yield site, daemons


def _section(identity: Identity) -> NodeSection:
    text = signing_public_text(identity.signing.public_key())
    return NodeSection(node_id=identity.node_id, region="test", signing_key=text)


async def started(site: Site, name: str) -> Page:
    body = {
        "exam_session_id": f"SESS-{name}",
        "candidate_id": name,
        "exam_id": "EXAM-1",
        "acknowledged": ACKNOWLEDGED,
        "allow_unregistered": True,
        "policy": POLICY,
    }
    answers: list[dict[str, Any]] = []

    async def accepted() -> bool:
        """On a busy machine a node that has just started is unwell for a while."""
        response = await site.post("/session/start", body)
        assert response.status_code in (201, 503), response.text
        answers.append(response.json())
        return response.status_code == 201

    await until(accepted, "a node for the session")
    return Page(site, answers[-1], answers[-1]["signaling_url"])


def conduct(told: list[dict[str, Any]]) -> Counter[str]:
    return Counter(item["event_type"] for item in told if item["event_class"] == "conduct")


@pytest.mark.timeout(600)  # most of it is waiting for two nodes to open their networks
def test_a_live_session_outlives_its_node(tmp_path: Path, migrated_sqlite: Path) -> None:
    need_weights()

    async def story() -> None:
        recording = empty_room(tmp_path / "empty.mkv", 120)
        database = tmp_path / "coordinator.db"
        shutil.copyfile(migrated_sqlite, database)
        database_url = f"sqlite:///{database}"
        async with AsyncExitStack() as stack:
            site, daemons = await stack.enter_async_context(installation(tmp_path, database_url))
            moving = await started(site, "ada")
            doomed = moving.answer["edge_node"]
            cordoned = await site.post(f"/nodes/{doomed}/cordon", headers=site.bearer(Role.OPERATOR))
            assert cordoned.is_success, cordoned.text
            await until(lambda: _online(site) == 2, "two nodes")
            twin = await started(site, "eve")
            assert twin.answer["edge_node"] != doomed
            moving.clock = await stack.enter_async_context(own_seconds())
            living = [asyncio.create_task(page.live(recording)) for page in (moving, twin)]
            for page in (moving, twin):
                await until(lambda page=page: page.tells(ABSENT), "an absence")  # type: ignore[misc]
            await asyncio.sleep(1.5)  # the state that knows of it is sent within a second
            waits = not await moving.tells(LEFT)

            await asyncio.to_thread(daemons[doomed].kill)
            await until(lambda: moving.back_at, "media at the next node")
            took_s = moving.back_at[0] - moving.asked_at[0]
            log.warning("media flow again %.2f s after the page's question", took_s)
            assert took_s <= BACK_WITHIN_S
            now = (await site.get("/session/SESS-ada")).json()
            assert now["edge_node"] == twin.answer["edge_node"]

            for page in (moving, twin):
                await until(lambda page=page: page.tells(LEFT), "what came of the wait")  # type: ignore[misc]
                await site.post(f"/session/{page.answer['session_id']}/end")

            async def over() -> bool:
                told = [*await moving.told(), *await twin.told()]
                return all(item["cleared"] for item in told)

            await until(over, "the ends of all")
            here, there = await moving.told(), await twin.told()
            assert conduct(here) == conduct(there) == Counter({ABSENT: 1, LEFT: 1})
            [gap] = [item for item in here if item["event_type"] == "NODE_FAILOVER"]
            assert gap["severity_score"] == 0.0
            [left] = [item for item in here if item["event_type"] == LEFT]
            # The wait began before the move and was over after it.
            assert not waits or left["onset"] < gap["raised"] < left["raised"]
            await cancelled(*living)

    asyncio.run(story())


def _online(site: Site) -> int:
    return len(site.parts.fleet.online(site.parts.clock()))
