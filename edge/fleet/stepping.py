"""Steps down and up the ladder of degradation levels while a node is overloaded."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from edge.fleet.ladder import Load, Rung, step
from edge.fleet.load import LoadMeter
from edge.sessions.port import Worker
from shared.errors import Unavailable

log = logging.getLogger(__name__)

MEASURED_EVERY_S: Final = 1.0


class Stepping:
    """Sets the level of a worker while `run` runs. Nobody else may set it."""

    def __init__(self, worker: Worker, meter: LoadMeter, best: int) -> None:
        """`best`: the level of a node that is not overloaded."""
        self._worker = worker
        self._meter = meter
        self._best = best
        self._rung = Rung(best)

    @property
    def why(self) -> tuple[str, ...]:
        """The kinds of load that were too high when the level was lowered; empty at the best level."""
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
        load, before = self._meter.read(), self._rung
        after = step(before, load, now_s, best=self._best)
        if after.level != before.level:
            try:
                await self._worker.set_level(after.level)
            except Unavailable as error:
                log.warning("the level could not be changed; it is tried again", extra={"reason": str(error)})
                return
        self._rung = after
        if after.level != before.level:
            self._tell(before, load)

    def _tell(self, before: Rung, load: Load) -> None:
        values = {f"load_{name.replace('-', '_')}": round(value, 3) for name, value in load.items()}
        if self._rung.level > before.level:
            log.warning(
                "the node is overloaded and looks less often",
                extra={"degradation_level": self._rung.level, "why": " ".join(self.why), **values},
            )
        else:
            log.info(
                "the node is less loaded and looks more often", extra={"degradation_level": self._rung.level}
            )
