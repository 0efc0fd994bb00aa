"""Keeps one worker's process running: spawns it, and spawns it again when it has ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from edge.sessions.port import WorkerReport
from edge.workers.calls import Pulse
from edge.workers.placement import wait_before
from edge.workers.process import Running, running
from edge.workers.remote import Hear, RemoteWorker
from edge.workers.settings import WorkerSettings
from edge.workers.status import WorkerStatus
from shared.errors import ConfigError, ProctorError, Unavailable

log = logging.getLogger(__name__)

REMEMBERED_ENDS: Final = 16
REPORTS_WITHIN_S: Final = 1.0
"""A worker that takes longer is shown by its last report."""


class Berth:
    """One place for a worker. A new process keeps the number of its place."""

    def __init__(
        self,
        number: int,
        program: Sequence[str],
        settings: Callable[[], WorkerSettings],
        hear: Hear,
        on_pulse: Callable[[Pulse], None],
    ) -> None:
        """`settings` returns those of the next process."""
        self.number = number
        self.worker: RemoteWorker | None = None
        """The worker while it runs."""
        self.pid: int | None = None
        self.report: WorkerReport | None = None
        """The last report of the worker that runs."""
        self._program = program
        self._settings = settings
        self._hear = hear
        self._on_pulse = on_pulse
        self._pulse = Pulse()
        self._former_cpu_s = 0.0
        self._ends = 0
        self._ends_s: deque[float] = deque(maxlen=REMEMBERED_ENDS)

    def status(self, sessions: int) -> WorkerStatus:
        """How the worker does; `sessions`: how many it has."""
        return WorkerStatus(
            number=self.number,
            pid=self.pid,
            sessions=sessions,
            ends=self._ends,
            cpu_s=self._former_cpu_s + self._pulse.cpu_s,
            loop_p95_s=self._pulse.loop_p95_s,
            loop_p99_s=self._pulse.loop_p99_s,
            loop_worst_s=self._pulse.loop_worst_s,
        )

    async def ask(self) -> None:
        """Ask the worker for its report; `report` stays as it is if it does not answer in time."""
        if (worker := self.worker) is None:
            return
        try:
            async with asyncio.timeout(REPORTS_WITHIN_S):
                report = await worker.report()
        except (TimeoutError, ProctorError):
            return
        if self.worker is worker:
            self.report = report

    async def run(self, up: Callable[[Berth], None], down: Callable[[Berth], None]) -> None:
        """Keep a worker running until cancelled. `up` is called when one is ready, `down` when it has ended
        and all that it had sent is heard. Raises `ConfigError` when the first one cannot serve here."""
        while True:
            reason = await self._serve_once(up, down)
            self._ends += 1
            now_s = time.monotonic()
            self._ends_s.append(now_s)
            wait_s = wait_before(self._ends_s, now_s)
            log.error(
                "a worker has ended; it is started again", extra={"reason": reason, "duration_s": wait_s}
            )
            await asyncio.sleep(wait_s)

    async def _serve_once(self, up: Callable[[Berth], None], down: Callable[[Berth], None]) -> str:
        """One process from its start to its end; why it ended."""
        served = False
        try:
            async with running(self._settings(), self._hear, self._pulsed, program=self._program) as process:
                if not await self._levelled(process):
                    return await process.failed
                self.worker, self.pid, served = process.worker, process.pid, True
                up(self)
                reason = await process.failed
                # From now on nobody calls it; what it has sent is still heard.
                self.worker, self.pid = None, None
                return reason
        except ConfigError:
            if not self._ends:
                raise
            return "its settings cannot be used any more"
        except (Unavailable, OSError) as error:
            return str(error)
        finally:
            self.worker, self.pid = None, None
            self._former_cpu_s += self._pulse.cpu_s
            self._pulse = Pulse()
            if served:
                down(self)
            self.report = None

    async def _levelled(self, process: Running) -> bool:
        """Set the level, which may have changed while the networks were opened. False: the process hangs."""
        setting = asyncio.create_task(process.worker.set_level(self._settings().level))
        try:
            await asyncio.wait((setting, process.failed), return_when=asyncio.FIRST_COMPLETED)
            if setting.done():
                await setting
            return setting.done()
        finally:
            setting.cancel()

    def _pulsed(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._on_pulse(pulse)
