"""A real node but for media and networks: its pages send datagrams in place of pictures.

A page offers a name of its choice over the real signaling. A datagram `NAME p` is a picture with a face,
`NAME a` one of an empty chair; it comes to the UDP port with the number of the node's web port, and is sent
back, as an answer of the network's lower layers would be. What the outbox has kept is written to
`kept.jsonl`, which outlives every kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import av
import numpy as np

from edge import app
from edge.analysis.engine import Engine
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from edge.assembling import assembled, worker_settings
from edge.config import EdgeConfig
from edge.desired import course
from edge.desired.beginning import Begun
from edge.judging.alerts import WatchedSession
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import video_frame
from edge.media.source import SourceCounts
from edge.node_identity import Identity, load
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import Tell
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from edge.workers.opening import local_worker
from edge.workers.watching import Watching
from shared.messages.sessions import StartSession
from shared.web_server.options import doors_of, listen
from tests.support.fake_media import FakeSenses, FakeSource
from tests.support.foreign import Detector, stand_in
from tests.support.observations import ONE

KEPT: Final = "kept.jsonl"
SIMULATED: Final = "CAND-"
LEVEL: Final = 1
_SMALL: Final = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="bgr24")
"""What every datagram shows: so small that thirty sessions cost little."""
FILES: Final = 512


@dataclass(frozen=True, slots=True)
class Kept:
    """A revision of an alert that a node's outbox has committed."""

    alert_id: UUID
    revision: int
    epoch: int
    session_id: UUID
    event: str
    place: tuple[str, str, int]
    """Outbox, lane and sequence."""


class KeepingOutbox(OutboxThread):
    """An outbox that says what it has kept."""

    says: int
    """The file that it says it to."""

    async def add(self, outgoing: OutgoingAlert) -> int:
        number = await super().add(outgoing)
        alert, envelope = outgoing.revision.alert, outgoing.envelope
        line = {
            "alert_id": str(alert.event_id),
            "revision": outgoing.revision.revision,
            "epoch": envelope.epoch,
            "session_id": str(envelope.session_id),
            "event": alert.event_type.value,
            "place": [str(self.outbox_id), outgoing.lane.value, number],
        }
        os.write(self.says, json.dumps(line).encode() + b"\n")
        return number


class DatagramSource(FakeSource):
    """A connection whose pictures come as datagrams."""

    def __init__(self, clock: SessionClock, frames_before: int) -> None:
        super().__init__(clock, frames_before, asyncio.Event())
        self.may_answer.set()
        self.name = ""
        self._came_at: float | None = None

    async def answer(self, offer_sdp: str) -> str:
        self.name = offer_sdp
        return await super().answer(offer_sdp)

    def came(self) -> None:
        """A picture has come."""
        self._came_at = time.monotonic()
        self.frame_count += 1
        self.video.put(video_frame(_SMALL, self.clock.session_s(self._came_at), self.frame_count))

    def counts(self, now: float) -> SourceCounts:
        self.frame_age_s = None if self._came_at is None else now - self._came_at
        return super().counts(now)


@dataclass
class Media(asyncio.DatagramProtocol):
    """The pages' datagrams, brought to their sessions."""

    level: LevelInForce = field(default_factory=lambda: LevelInForce(LEVEL))
    sources: dict[tuple[UUID, int], list[DatagramSource]] = field(default_factory=dict)
    """By session and epoch, those that are not closed."""
    senses: dict[tuple[UUID, int], FakeSenses] = field(default_factory=dict)
    _way_back: Any = None

    def connection_made(self, transport: Any) -> None:
        self._way_back = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        name, _, shown = data.decode().partition(" ")
        for owner, sources in self.sources.items():
            for source in sources:
                if source.name == name and not source.closed:
                    self.senses[owner].faces = ONE if shown == "p" else ()
                    source.came()
                    self._way_back.sendto(data, addr)

    def make_source(self, order: StartSession, clock: SessionClock, frames_before: int) -> DatagramSource:
        made = DatagramSource(clock, frames_before)
        owner = (order.session_id, order.epoch)
        open_ones = [each for each in self.sources.get(owner, []) if not each.closed]
        self.sources[owner] = [*open_ones, made]
        return made

    def perceive(self, order: StartSession) -> FakeSenses:
        owner = (order.session_id, order.epoch)
        self.senses[owner] = FakeSenses(owner, self.level)
        return self.senses[owner]


def serve(config: EdgeConfig) -> None:
    """One life of the node, until it is killed."""
    asyncio.run(live(config, watching))


def serve_both(config: EdgeConfig) -> None:
    """The same of a node that has media and networks too, for candidates whose id is no `SIMULATED` one."""
    asyncio.run(live(config, watching_both))


async def live(config: EdgeConfig, watched: Callable[..., Any]) -> None:
    """The node on this event loop, until cancelled."""
    identity, media = load(config.data_folder), Media()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: media, local_addr=("127.0.0.1", config.web.port))
    outbox = await KeepingOutbox.open(
        config.data_folder / "outbox.db",
        Caps(max_alerts=config.outbox.max_alerts, max_bytes=config.outbox.max_bytes),
        partial(seal, node=identity),
    )
    assert isinstance(outbox, KeepingOutbox)
    outbox.says = os.open(config.data_folder / KEPT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    doors = doors_of(config.web.connections, config.status.port, FILES)
    begun, watch = Begun(config, config, course.KeptOrders()), partial(watched, config, identity, media)
    with ExitStack() as closed:
        async with assembled(begun, identity, watch, outbox, doors) as node:
            listeners = [
                closed.enter_context(listen(config.web.host, config.web.port, doors)),
                closed.enter_context(listen(config.status.host, config.status.port)),
            ]
            await app._serve(node, listeners, asyncio.Event())


@asynccontextmanager
async def watching(
    config: EdgeConfig, identity: Identity, media: Media, tell: Tell
) -> AsyncIterator[Watching]:
    """The node's sessions on this event loop, with these media."""
    networks = stand_in(Detector())
    async with Engine(1) as engine:
        versions = Versions(networks, Restarts())
        instruments = Instruments(networks=networks, engine=engine, level=media.level, versions=versions)
        yield Watching(LocalWorker(instruments, maker(config, identity, media, tell, networks), tell))


@asynccontextmanager
async def watching_both(
    config: EdgeConfig, identity: Identity, media: Media, tell: Tell
) -> AsyncIterator[Watching]:
    """Simulated sessions, and real ones with the networks of this machine."""
    simulate = maker(config, identity, media, tell, stand_in(Detector()))
    async with local_worker(worker_settings(config, identity.node_id), tell) as worker:
        make = worker._make
        worker._make = lambda order: (simulate if order.candidate_id.startswith(SIMULATED) else make)(order)
        yield Watching(worker)


def maker(
    config: EdgeConfig, identity: Identity, media: Media, tell: Tell, networks: Networks
) -> Callable[[StartSession], Session]:
    """Builds simulated sessions."""

    def open_watch(order: StartSession, started_utc: datetime) -> Watch:
        session = WatchedSession(
            session_id=order.session_id,
            exam_session_id=order.exam_session_id,
            candidate_id=order.candidate_id,
            exam_id=order.exam_id,
            policy=order.policy,
            started_utc=started_utc,
            node_id=identity.node_id,
            region=config.region,
            models=networks.labels,
            device=lambda: networks.device,
        )
        return Watch(session, level=media.level.number)

    def make(order: StartSession) -> Session:
        parts = Parts(
            perceive=media.perceive,
            make_source=media.make_source,
            open_watch=open_watch,
            level=media.level,
            tell=tell,
        )
        return Session(order, parts)

    return make


def kept_by(folder: Path) -> list[Kept]:
    """What the outbox of a node in this folder has kept, in order."""
    path = folder / KEPT
    lines = path.read_text().splitlines() if path.exists() else []
    return [
        Kept(
            alert_id=UUID(one["alert_id"]),
            revision=one["revision"],
            epoch=one["epoch"],
            session_id=UUID(one["session_id"]),
            event=one["event"],
            place=tuple(one["place"]),
        )
        for one in map(json.loads, lines)
    ]
