"""Steps down and up the ladder while a node is overloaded: fewer frames first, then lower levels."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from edge.fleet.frame_requests import FEWER_HZ, FULL_HZ, FrameRequests
from edge.fleet.ladder import Load, Rung, step
from edge.fleet.load import LoadMeter
from edge.sessions.port import Worker
from shared.errors import Unavailable

log = logging.getLogger(__name__)

MEASURED_EVERY_S: Final = 1.0


class Stepping:
    """Sets the level of a worker while `run` runs. Nobody else may set it."""

    def __init__(self, worker: Worker, meter: LoadMeter, ask_pages: Callable[[int], None], best: int) -> None:
        """`ask_pages` asks all pages for so many frames per second; `best`: the level of a node that is not
        overloaded."""
        self._worker = worker
        self._meter = meter
        self._ask_pages = ask_pages
        self._best = best
        self._rung = Rung(best)
        self.requests = FrameRequests()
        """Whether pages obey."""
        self.load: Load = {}
        """As it was measured last; empty while `run` does not run."""

    @property
    def why(self) -> tuple[str, ...]:
        """The kinds of load that were too high at the last step down; empty at the top of the ladder."""
        return tuple(each.value for each in self._rung.why)

    async def run(self) -> None:
        """Measure and step until cancelled."""
        clock = asyncio.get_running_loop().time
        self._meter.read()
        while True:
            await asyncio.sleep(MEASURED_EVERY_S)
            await self.measure(clock())

    async def measure(self, now_s: float) -> None:
        """Read the load once, and change the level if that is due."""
        await self._count_frames(now_s)
        load, before = self._meter.read(), self._rung
        self.load = load
        after = step(before, load, now_s, best=self._best)
        if after.level != before.level:
            try:
                await self._worker.set_level(after.level)
            except Unavailable as error:
                log.warning("the level could not be changed; it is tried again", extra={"reason": str(error)})
                return
        self._rung = after
        if after.fewer_frames != before.fewer_frames:
            self._ask(now_s, load)
        if after.level != before.level:
            self._tell(before, load)

    async def _count_frames(self, now_s: float) -> None:
        try:
            report = await self._worker.report()
        except Unavailable:
            return
        received = {each.assignment: each.received for each in report.arrived}
        for answer in self.requests.observe(received, now_s):
            log.info(
                "a page was asked for fewer frames",
                extra={
                    "session_id": str(answer.assignment.session_id),
                    "outcome": answer.outcome.value,
                    "before_hz": answer.before_hz,
                    "after_hz": answer.after_hz,
                },
            )

    def _ask(self, now_s: float, load: Load) -> None:
        if self._rung.fewer_frames:
            self._ask_pages(FEWER_HZ)
            self.requests.ask(now_s)
            log.warning(
                "the node is overloaded and asks pages for fewer frames",
                extra={"why": " ".join(self.why), **_values(load)},
            )
        else:
            self._ask_pages(FULL_HZ)
            self.requests.undo()
            log.info("the node is less loaded and takes all frames again")

    def _tell(self, before: Rung, load: Load) -> None:
        if self._rung.level > before.level:
            log.warning(
                "the node is overloaded and looks less often",
                extra={"degradation_level": self._rung.level, "why": " ".join(self.why), **_values(load)},
            )
        else:
            log.info(
                "the node is less loaded and looks more often", extra={"degradation_level": self._rung.level}
            )


def _values(load: Load) -> dict[str, float]:
    """The loads as fields of a log line."""
    return {f"load_{name.replace('-', '_')}": round(value, 3) for name, value in load.items()}
