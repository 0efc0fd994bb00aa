"""Keeps the processes of all workers running.

Says which worker has the most room, and joins their reports into one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge.sessions.port import WorkerReport
from edge.workers import combined
from edge.workers.berth import Berth
from edge.workers.calls import Pulse
from edge.workers.placement import Room, most_room
from edge.workers.remote import Hear, RemoteWorker
from edge.workers.settings import WorkerSettings
from edge.workers.status import WorkerStatus
from shared.errors import Unavailable
from shared.messages.heartbeats import SessionState

log = logging.getLogger(__name__)


class Berths:
    """All workers: each in its place, with its process."""

    def __init__(
        self,
        count: int,
        settings: WorkerSettings,
        program: Sequence[str],
        load: Callable[[], Mapping[Berth, int]],
    ) -> None:
        """`load` returns how many sessions each worker has or is getting."""
        self._count = count
        self._settings = settings
        self._program = program
        self._load = load
        self._level = settings.level
        self._berths: list[Berth] = []
        self._former = combined.nothing(settings.level)
        """What workers that have ended counted."""
        self._ready = asyncio.Event()
        """Set while a worker runs."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(
        self, hear: Hear, on_pulse: Callable[[Pulse], None], down: Callable[[Berth], None]
    ) -> None:
        """Keep workers running from now on, and wait for the first. Raises `ConfigError`.

        `down` is called when a worker has ended and all that it had sent is heard.
        """
        self._berths = [
            Berth(number, self._program, self._settings_now, hear, on_pulse)
            for number in range(1, self._count + 1)
        ]

        def ended(berth: Berth) -> None:
            self._down(berth)
            down(berth)

        for berth in self._berths:
            self.own(berth.run(self._up, ended))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait((ready, self._broken), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._broken

    async def run(self) -> None:
        """Wait until something in here fails, which should not happen; raises that."""
        await self._broken

    async def close(self) -> None:
        """End all workers and what was given to `own`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """Run this as a task until it ends or `close` is called. `run` raises its error."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def statuses(self) -> tuple[WorkerStatus, ...]:
        """Every worker's process now."""
        load = self._load()
        return tuple(berth.status(load.get(berth, 0)) for berth in self._berths)

    def roomiest(self) -> tuple[Berth, RemoteWorker]:
        """The worker with the most room, after its place. Raises `Unavailable` when none runs."""
        rooms = [
            Room(number=status.number, running=status.running, sessions=status.sessions)
            for status in self.statuses()
        ]
        number = most_room(rooms)
        berth = None if number is None else self._berths[number - 1]
        if berth is None or berth.worker is None:
            raise no_worker()
        return berth, berth.worker

    async def one_runs(self) -> None:
        """Return as soon as at least one worker runs."""
        await self._ready.wait()

    async def set_level(self, level: int) -> None:
        """Set the level of all workers. One that ends meanwhile gets it when it is spawned again."""
        self._level = level
        workers = [berth.worker for berth in self._berths if berth.worker is not None]
        await asyncio.gather(*(worker.set_level(level) for worker in workers), return_exceptions=True)

    async def ask(self) -> list[WorkerReport]:
        """The workers' reports; of one that does not answer in time, its last. Never raises."""
        await asyncio.gather(*(berth.ask() for berth in self._berths))
        return [berth.report for berth in self._berths if berth.report is not None]

    def one_report(self, reports: Sequence[WorkerReport], between: Iterable[SessionState]) -> WorkerReport:
        """Join these reports into one; `between`: the last states of sessions that no worker has now."""
        return combined.one_report(
            reports,
            level=self._level,
            works=any(berth.worker is not None for berth in self._berths),
            former=self._former,
            between=between,
        )

    def _settings_now(self) -> WorkerSettings:
        return replace(self._settings, level=self._level)

    def _up(self, berth: Berth) -> None:
        log.info("a worker is ready", extra={"count": berth.number})
        self._ready.set()

    def _down(self, berth: Berth) -> None:
        if berth.report is not None:
            self._former = combined.added(self._former, berth.report)
        if all(each.worker is None for each in self._berths):
            self._ready.clear()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._broken.done():
            self._broken.set_exception(error)


def no_worker() -> Unavailable:
    """The error while no worker runs."""
    return Unavailable("no worker runs on this node now", retry_after_s=5)
