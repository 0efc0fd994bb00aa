"""A worker's process with a camera and senses that a page's offer describes; all else is real.

An offer says what the camera shows: `somebody`, `nobody`; at `hang` the event loop stands still, at `die` the
process ends.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from edge.analysis.engine import Engine
from edge.analysis.examination import Frame
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Seen
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import VideoFrame
from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import Tell
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from edge.sessions.shadow import shadow_of
from edge.workers import program
from edge.workers.settings import WorkerSettings
from models.tasks import Task
from shared.errors import ConfigError, Unavailable
from shared.messages.sessions import StartSession
from tests.support.fake_media import STEP_S, FakeSenses, FakeSource
from tests.support.foreign import Detector, picture, stand_in
from tests.support.observations import ONE
from tests.support.session_stage import watched

BRIGHTNESS: Final = {"somebody": 200, "nobody": 20}
HANGS_ONCE: Final = "hangs-once:"
"""With this region and the name of a missing file, a worker makes it and hangs as soon as it is ready."""
GONE: Final = "gone@1"
"""A version that no worker can open."""
REFUSED_REGION: Final = "nowhere"
"""A worker with this region cannot start."""


class Camera(FakeSource):
    """Sends pictures until it is closed."""

    def __init__(self, clock: SessionClock, frames_before: int) -> None:
        may_answer = asyncio.Event()
        may_answer.set()
        super().__init__(clock, frames_before, may_answer)
        self._filming: asyncio.Task[None] | None = None

    async def answer(self, offer_sdp: str) -> str:
        if offer_sdp == "hang":
            _stand_still()
        if offer_sdp == "die":
            os._exit(3)
        answer = await super().answer(offer_sdp)
        self._filming = asyncio.create_task(self._film(BRIGHTNESS[offer_sdp]))
        return answer

    async def _film(self, brightness: int) -> None:
        while True:
            self.frame_count += 1
            self.frame_age_s = 0.0
            at_s = self.clock.session_s(time.monotonic())
            flicker = 8 * (self.frame_count % 2)  # a camera whose pictures are all alike is frozen
            self.video.put(picture(brightness + flicker, at_s, self.frame_count))
            await asyncio.sleep(STEP_S)

    async def close(self) -> None:
        if self._filming is not None:
            self._filming.cancel()
        await super().close()


def blind(wanted: Mapping[Task, str]) -> Networks:
    """Other versions, which see nobody. `GONE` is not here."""
    if GONE in wanted.values():
        raise Unavailable(f"{GONE} is not here")
    return replace(stand_in(Detector()), labels={task.value: label for task, label in wanted.items()})


def _stand_still() -> None:
    time.sleep(600)


def _hangs(region: str) -> bool:
    known = Path(region.removeprefix(HANGS_ONCE))
    if not region.startswith(HANGS_ONCE) or known.exists():
        return False
    known.touch()
    return True


class Senses(FakeSenses):
    """See somebody in bright pictures, and remember how many they have looked at."""

    async def look(self, frame: VideoFrame) -> Seen:
        pixels: Frame = frame.to_bgr()
        self.faces = ONE if pixels.mean() > 100 else ()
        self.learned = (str(int(self.learned[0]) + 1 if self.learned else 1),)
        seen = await super().look(frame)
        return replace(seen, frame=pixels)


@asynccontextmanager
async def opened(settings: WorkerSettings, tell: Tell) -> AsyncIterator[LocalWorker]:
    if settings.region == REFUSED_REGION:
        raise ConfigError("there is nothing to look with")
    level = LevelInForce(settings.level)

    def open_watch(one: StartSession, started_utc: datetime) -> Watch:
        return Watch(watched(one, started_utc), level=level.number)

    def make(one: StartSession) -> Session:
        parts = Parts(
            perceive=lambda order: Senses((order.session_id, order.epoch), level),
            make_source=lambda _, clock, frames_before: Camera(clock, frames_before),
            open_watch=open_watch,
            level=level,
            shadow=lambda order: shadow_of(order, instruments),
            tell=tell,
        )
        return Session(one, parts)

    async with Engine(1, on_call=tell) as engine:
        networks = replace(stand_in(Detector()), beside=blind)
        versions = Versions(networks, Restarts())
        instruments = Instruments(networks=networks, engine=engine, level=level, versions=versions)
        if _hangs(settings.region):
            asyncio.get_running_loop().call_soon(_stand_still)
        yield LocalWorker(instruments, make, tell)


if __name__ == "__main__":
    program.run(opened)
