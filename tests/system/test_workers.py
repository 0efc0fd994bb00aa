"""A node whose sessions are watched by processes of their own: real media and networks, and real deaths."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import cv2
import numpy as np
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.media.simulate import Simulation, stream_recording
from edge.media.writer import write_recording
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import SessionState
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionEnded, StartSession
from shared.policy.schema import parse_policy
from shared.sealing import new_sealing_key
from tests.support.coordinator import FakeCoordinator, fake_coordinator
from tests.support.edge_daemon import EdgeDaemon, made_identity, need_weights
from tests.support.eventually import cancelled, until
from tests.support.nats import nats_server
from tests.support.orders import session_token, start_order

log = logging.getLogger(__name__)

pytestmark = [pytest.mark.realtime, pytest.mark.xdist_group("realtime")]

FPS: Final = 10
ABSENT: Final = EventType.FACE_NOT_FOUND
EXAM_KEY: Final = new_sealing_key()
TOKEN_KEY: Final = Ed25519PrivateKey.generate()
# An absence without an end, and little else to look at or listen to: the machine may do much beside.
POLICY: Final = parse_policy(
    {
        # The first look after a gap tells it: on a busy machine the next one may come when the node counts as
        # on time again.
        "rules": {"ANALYSIS_DEGRADED": {"hold_s": 0, "clear_s": 0.5}, "LEFT_FRAME": {"enabled": False}},
        "features": {"audio_monitoring": False},
    }
)


@dataclass
class Page:
    """A candidate's page that connects again whenever its connection ends."""

    order: StartSession
    accepted: SessionAccepted
    lost: int = 0
    """How often the node told it to connect again."""
    streams: list[float] = field(default_factory=list)
    """When its media began to flow, monotonic."""

    async def live(self, recording: Path) -> None:
        token = session_token(TOKEN_KEY, self.order.session_id)
        simulation = Simulation(recording, self.accepted.signaling_url, token)
        while True:
            try:
                streamed = await stream_recording(
                    simulation, began=lambda: self.streams.append(time.monotonic())
                )
                self.lost += streamed.broken_off
                if streamed.ended_by_node and not streamed.broken_off:
                    return
            except Unavailable:
                await asyncio.sleep(0.1)
            except Rejected:
                return


@dataclass
class World:
    """The node, its coordinator and its pages."""

    daemon: EdgeDaemon
    coordinator: FakeCoordinator
    pages: list[Page] = field(default_factory=list)

    def of(self, page: Page, event: EventType, revision: int = 1) -> list[Any]:
        return [
            alert
            for (_, number), alert in self.coordinator.committed.alerts.items()
            if (alert.event_type, number, alert.candidate_id) == (event, revision, page.order.candidate_id)
        ]

    def states(self) -> dict[UUID, SessionState]:
        """The sessions in the newest heartbeat."""
        beats = self.coordinator.committed.heartbeats
        return {state.session_id: state for state in beats[-1].sessions} if beats else {}

    def workers(self) -> dict[str, int]:
        """Sessions by the worker's number."""
        return {name: int(self.daemon.metric("worker_sessions", worker=name)) for name in ("1", "2")}

    def ends(self) -> int:
        return int(sum(self.daemon.metric("worker_ends_total", worker=name) for name in ("1", "2")))

    def runs(self) -> bool:
        return all(self.daemon.metric("worker_running", worker=name) == 1 for name in ("1", "2"))

    async def start(self, name: str) -> Page:
        order = start_order(exam_key=EXAM_KEY, token_key=TOKEN_KEY, policy=POLICY)
        order = order.model_copy(update={"candidate_id": name})
        answer, body = await self.coordinator.command("start", order)
        assert answer.status == "ok", answer
        self.pages.append(Page(order, parse(SessionAccepted, body)))
        return self.pages[-1]

    async def end(self, page: Page) -> None:
        _, body = await self.coordinator.command(
            "end", EndSession(session_id=page.order.session_id, submitted=True)
        )
        assert parse(SessionEnded, body).was_running


@asynccontextmanager
async def world(tmp_path: Path) -> AsyncIterator[World]:
    identity = made_identity(tmp_path / "edge")
    with nats_server(tmp_path, [identity.node_id]) as server:
        async with fake_coordinator(server, identity, EXAM_KEY) as coordinator:
            daemon = EdgeDaemon(
                tmp_path / "edge", server, identity, coordinator.public_text, workers=2, rating=4
            )
            await asyncio.to_thread(daemon.start)
            try:
                yield World(daemon, coordinator)
            finally:
                await asyncio.to_thread(daemon.kill)


def empty_room(path: Path, seconds: float) -> Path:
    random = np.random.default_rng(1)
    wall = np.full((480, 640, 3), (150, 160, 170), np.uint8)
    cv2.rectangle(wall, (60, 80), (580, 120), (60, 80, 110), -1)
    noise = [random.integers(0, 12, wall.shape, np.uint8) for _ in range(4)]
    pictures = [wall + noise[number % 4] for number in range(round(seconds * FPS))]
    sound = np.zeros(len(pictures) * 48_000 // FPS, np.float32)
    write_recording(path, pictures, sound, frames_per_s=FPS, samples_per_s=48_000)
    return path


async def take_down(node: World, pid: int, how: signal.Signals, sessions: int) -> None:
    """End or stop the process with so many sessions, until all go on in the other one."""
    before = node.states()
    lost = {page.order.session_id: page.lost for page in node.pages}
    streams = {page.order.session_id: len(page.streams) for page in node.pages}

    def moved() -> list[Page]:
        """The pages that were told to connect again, and have."""
        return [
            page
            for page in node.pages
            if page.lost > lost[page.order.session_id] and len(page.streams) > streams[page.order.session_id]
        ]

    ended_at = time.monotonic()
    os.kill(pid, how)
    await until(lambda: len(moved()) >= sessions, "pages that have connected again")
    flowing_s = [page.streams[streams[page.order.session_id]] - ended_at for page in moved()]
    log.warning("%s: %d sessions, media flow again after %.2f s", how.name, sessions, max(flowing_s))
    since = node.states()

    def looked_at() -> bool:
        now = node.states()
        return all(one in now and now[one].frames_processed > since[one].frames_processed for one in since)

    await until(looked_at, "looks at every session")
    after = node.states()
    for one, state in before.items():
        assert after[one].alerts_triggered >= state.alerts_triggered
        assert after[one].unwatched_s is not None
    for page in moved():
        assert node.of(page, ABSENT, 2) == []
        if how is signal.SIGKILL:
            # Its end is noticed at once: pages may be back sooner than a node counts as late.
            continue
        # A hung process is noticed by its silence. Who reads the alerts learns that the node was late.
        await until(
            lambda page=page: node.of(page, EventType.ANALYSIS_DEGRADED),  # type: ignore[misc]
            "the event that tells of it",
        )


def test_sessions_outlive_the_workers_that_watch_them(tmp_path: Path) -> None:
    need_weights()

    async def story() -> None:
        recording = empty_room(tmp_path / "empty.mkv", 30)
        async with world(tmp_path) as node:
            await until(lambda: len(node.coordinator.committed.heartbeats) > 0, "a heartbeat")
            await until(node.runs, "both workers")
            for name in ("ada", "bob", "eve", "joe"):
                await node.start(name)
            living = [asyncio.create_task(page.live(recording)) for page in node.pages]
            await until(lambda: all(node.of(page, ABSENT) for page in node.pages), "four absences")
            await until(
                lambda: len(node.states()) == 4 and all(s.alerts_triggered for s in node.states().values()),
                "their count in a heartbeat",
            )
            assert sorted(node.workers().values()) == [2, 2]

            await take_down(node, node.daemon.worker_pids()[0], signal.SIGKILL, 2)
            await until(lambda: node.ends() == 1 and node.runs(), "the killed worker's successor")
            [busy] = [name for name, sessions in node.workers().items() if sessions == 4]
            other = node.daemon.worker_pids()
            hanging = next(pid for pid in other if pid != max(other, key=_spawned))
            assert busy == "2"
            await take_down(node, hanging, signal.SIGSTOP, 4)
            await until(lambda: node.ends() == 2 and node.runs(), "the hung worker's successor")

            for page in node.pages:
                await node.end(page)
            await until(lambda: all(node.of(page, ABSENT, 2) for page in node.pages), "the absences' ends")
            await until(lambda: node.daemon.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
            for page in node.pages:
                [first], [last] = node.of(page, ABSENT), node.of(page, ABSENT, 2)
                assert first.event_id == last.event_id
                assert (first.onset, first.raised) == (last.onset, last.raised)
            headers = {
                (one.lane, one.sequence): (one.alert_id, one.revision)
                for one in node.coordinator.committed.headers
            }
            assert set(Counter(headers.values()).values()) == {1}
            conduct = sorted(sequence for lane, sequence in headers if lane is Lane.CONDUCT)
            assert conduct == list(range(1, len(conduct) + 1))
            await cancelled(*living)
            code, took_s = await asyncio.to_thread(node.daemon.stop)
            assert (code, took_s < 10) == (0, True), node.daemon.log

    asyncio.run(story())


def _spawned(pid: int) -> float:
    return psutil.Process(pid).create_time()
