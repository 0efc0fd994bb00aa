"""A whole node in the process of a test: real networks, commands and heartbeats. Only its pages send no
media; a test puts pictures into their connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import av
import numpy as np
import pytest

from edge import app
from edge.assembling import assembled, watch_of
from edge.config import EdgeConfig
from edge.desired.beginning import begin
from edge.fleet.node import Node
from edge.media.clock import SessionClock
from edge.media.frames import video_frame
from edge.node_identity import Identity
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.sessions.port import AssignmentId, PageId
from edge.sessions.session_maker import SessionMaker
from models.images import Image
from shared.messages.sessions import StartSession
from shared.web_server.options import doors_of, listen
from tests.support.eventually import until
from tests.support.fake_media import FakeSource
from tests.support.nats import RunningServer, node_password
from tests.support.ports import reserved_port

FILES: Final = 512
MOST_TURNS: Final = 5_000


def av_frame(bgr: Image) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(bgr), format="bgr24")


@dataclass
class RealNode:
    """The node, and the connections of its pages."""

    node: Node
    sources: dict[UUID, FakeSource] = field(default_factory=dict)
    """By session, the newest."""

    async def connect(self, session_id: UUID, epoch: int = 1) -> None:
        """A page connects."""
        page = PageId(AssignmentId(session_id, epoch), uuid4())
        await self.node.worker.answer(page, "an offer")

    async def show(self, session_id: UUID, picture: av.VideoFrame, at_s: float) -> None:
        """One picture has come, and was looked at."""
        source = self.sources[session_id]
        source.frame_count += 1
        source.frame_age_s = 0.0
        source.video.put(video_frame(picture, at_s, source.frame_count))
        await until(lambda: source.emptied, "the picture is here")
        for _ in range(MOST_TURNS):
            if not (await self.node.worker.report()).pictures.get("waiting"):
                return
            await asyncio.sleep(0.002)
        raise TimeoutError("the picture is not looked at")

    def now_s(self, session_id: UUID) -> float:
        """The session's clock."""
        loop = asyncio.get_running_loop()
        return self.sources[session_id].clock.session_s(loop.time())


def config_of(folder: Path, hub: RunningServer, identity: Identity, coordinator_key: str) -> EdgeConfig:
    password, port = folder / "password", reserved_port()
    password.touch(mode=0o600)
    password.write_text(node_password(identity.node_id))
    return EdgeConfig.model_validate(
        {
            "region": "hall",
            "data_folder": folder,
            "coordinator": {"public_key": coordinator_key},
            "nats": {"url": hub.url, "user": str(identity.node_id), "password_file": password},
            "web": {"port": port, "public_url": f"http://127.0.0.1:{port}"},
            "status": {"port": reserved_port()},
            "outbox": {"backlog_jitter_s": 0, "resend_after_s": 2},
            "analysis": {"rating": 8, "steps_down": False},
            "workers": {"count": 0},
        }
    )


@asynccontextmanager
async def real_node(
    config: EdgeConfig, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RealNode]:
    """The node, while it runs."""
    sources: dict[UUID, FakeSource] = {}

    def peer(_: SessionMaker, order: StartSession, clock: SessionClock, frames_before: int) -> FakeSource:
        made = sources[order.session_id] = FakeSource(clock, frames_before, asyncio.Event())
        made.may_answer.set()
        return made

    monkeypatch.setattr(SessionMaker, "_peer", peer)
    outbox = await OutboxThread.open(
        config.data_folder / "outbox.db",
        Caps(max_alerts=config.outbox.max_alerts, max_bytes=config.outbox.max_bytes),
        partial(seal, node=identity),
    )
    doors, stop = doors_of(config.web.connections, config.status.port, FILES), asyncio.Event()
    with ExitStack() as closed:
        watch = watch_of(config, identity.node_id)
        async with assembled(begin(config), identity, watch, outbox, doors) as node:
            listeners = [
                closed.enter_context(listen(config.web.host, config.web.port, doors)),
                closed.enter_context(listen(config.status.host, config.status.port)),
            ]
            serving = asyncio.create_task(app._serve(node, listeners, stop))
            try:
                yield RealNode(node, sources)
            finally:
                stop.set()
                await serving
    await outbox.close()
