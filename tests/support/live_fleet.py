"""A coordinator in this process with two whole nodes, and pages that send them real media."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import httpx
import numpy as np

from coordinator.config import NodeSection
from edge.media.simulate import Simulation, stream_recording
from edge.media.writer import write_recording
from edge.node_identity import Identity
from shared.errors import Rejected, Unavailable
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.edge_daemon import EdgeDaemon, made_identity
from tests.support.eventually import until
from tests.support.exam_site import ACKNOWLEDGED, NODE_ID, Site, exam_site
from tests.support.nats import RunningServer, nats_server

RATING: Final = 8
FPS: Final = 10


def empty_room(path: Path, seconds: float) -> Path:
    random = np.random.default_rng(1)
    wall = np.full((480, 640, 3), (150, 160, 170), np.uint8)
    cv2.rectangle(wall, (60, 80), (580, 120), (60, 80, 110), -1)
    noise = [random.integers(0, 12, wall.shape, np.uint8) for _ in range(4)]
    pictures = [wall + noise[number % 4] for number in range(round(seconds * FPS))]
    sound = np.zeros(len(pictures) * 48_000 // FPS, np.float32)
    write_recording(path, pictures, sound, frames_per_s=FPS, samples_per_s=48_000)
    return path


class Centre(Protocol):
    """Where the coordinator is asked, as an administrator unless headers say otherwise."""

    async def get(self, path: str, **options: Any) -> httpx.Response: ...

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response: ...


@dataclass
class Page:
    """A candidate's page: when its media are lost it asks where to go, and connects there."""

    site: Centre
    answer: dict[str, Any]
    url: str
    clock: Callable[[], float] = time.monotonic
    asked_at: list[float] = field(default_factory=list)
    back_at: list[float] = field(default_factory=list)
    """When its media flowed again, after each question."""
    began: list[float] = field(default_factory=list)
    """The instant (Unix time) of each recording's first picture."""

    async def live(self, recording: Path, then: Path | None = None) -> None:
        """Play a recording. After its node has died: what follows, or that recording anew."""
        token = self.answer["session_token"]
        while True:
            recording = then or recording if self.began else recording
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
        self.began.append(time.time())
        if self.asked_at:
            self.back_at.append(self.clock())

    async def told(self) -> list[dict[str, Any]]:
        answer = await self.site.get(f"/session/{self.answer['session_id']}/timeline")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def tells(self, event: str) -> bool:
        return any(item["event_type"] == event for item in await self.told())

    async def end(self) -> None:
        assert (await self.site.post(f"/session/{self.answer['session_id']}/end")).is_success


@asynccontextmanager
async def installation(
    folder: Path, database_url: str
) -> AsyncIterator[tuple[Site, RunningServer, dict[str, EdgeDaemon]]]:
    """A coordinator, its hub and two nodes."""
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
                daemon = EdgeDaemon(folder / name, hub, identity, key, rating=RATING)
                stack.callback(daemon.kill)
                daemons[str(identity.node_id)] = daemon
            await asyncio.gather(*(asyncio.to_thread(one.start) for one in daemons.values()))
            await until(lambda: online(site) == 2, "two nodes")
            yield site, hub, daemons


def _section(identity: Identity) -> NodeSection:
    text = signing_public_text(identity.signing.public_key())
    return NodeSection(node_id=identity.node_id, region="test", signing_key=text)


async def started(site: Centre, name: str, policy: dict[str, Any]) -> Page:
    body = {
        "exam_session_id": f"SESS-{name}",
        "candidate_id": name,
        "exam_id": "EXAM-1",
        "acknowledged": ACKNOWLEDGED,
        "allow_unregistered": True,
        "policy": policy,
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


async def cordoned(site: Site, node_id: str, *, again: bool = False) -> None:
    """No new session goes to this node; or, again, they do."""
    what = "uncordon" if again else "cordon"
    done = await site.post(f"/nodes/{node_id}/{what}", headers=site.bearer(Role.OPERATOR))
    assert done.is_success, done.text
    await until(lambda: online(site) == 2, "two nodes")


def online(site: Site) -> int:
    return len(site.parts.fleet.online(site.parts.clock()))
