"""The workers of a node in processes of their own, as one `Worker`.

Each session is with one of them. When a worker ends or hangs, its sessions go on in another one, or in the
next, from their last saved state, and their pages are told to connect again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from edge.analysis.measured import Looked, Measured
from edge.sessions.port import AssignmentId, Moved, PageId, SessionOver, Tell, WorkerReport
from edge.workers.berth import Berth
from edge.workers.calls import Pulse, Said
from edge.workers.combined import added, nothing, one_report
from edge.workers.placed import Placed
from edge.workers.placement import Room, gives_up, most_room
from edge.workers.process import PROGRAM
from edge.workers.remote import RemoteWorker
from edge.workers.settings import WorkerSettings
from edge.workers.status import WorkerStatus
from shared.cameras import Camera
from shared.errors import ProctorError, Rejected, Unavailable
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.sessions import StartSession
from shared.policy.terms import Gate

log = logging.getLogger(__name__)

MOVES_AGAIN_S: Final = 0.1
"""Before a session is moved again whose new worker has ended too."""


class Crew:
    """A `Worker` over several processes. Use on one event loop, inside `crew`."""

    def __init__(self, count: int, settings: WorkerSettings, tell: Tell, program: Sequence[str]) -> None:
        self._settings = settings
        self._tell = tell
        self._level = settings.level
        self._berths = [
            Berth(number, program, self._settings_now, self._hear, self._feel)
            for number in range(1, count + 1)
        ]
        self._placed: dict[AssignmentId, Placed] = {}
        self._former = nothing(settings.level)
        self._changed = asyncio.Event()
        """Set while a worker is ready."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Keep workers running from now on, and wait for the first. Raises `ConfigError`."""
        for berth in self._berths:
            self._own(berth.run(self._up, self._down))
        ready = asyncio.create_task(self._changed.wait())
        await asyncio.wait((ready, self._broken), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._broken

    async def run(self) -> None:
        """Wait until something in here fails, which should not happen; raises that."""
        await self._broken

    async def close(self) -> None:
        """End all workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def statuses(self) -> tuple[WorkerStatus, ...]:
        """Every worker's process now."""
        sessions = Counter(placed.berth or placed.bound_for for placed in self._placed.values())
        return tuple(berth.status(sessions[berth]) for berth in self._berths)

    async def start(self, order: StartSession) -> None:
        berth, worker = self._roomiest()
        placed = Placed(order, bound_for=berth)
        self._placed[placed.id] = placed
        try:
            await worker.start(order)
            if berth.worker is not worker:
                raise _nobody()
        except BaseException:
            self._placed.pop(placed.id, None)
            raise
        placed.settle(berth)

    async def change(self, order: StartSession) -> None:
        placed = self._find(AssignmentId(order.session_id, order.epoch))
        await (await placed.worker()).change(order)
        placed.order = order

    async def end(self, assignment: AssignmentId) -> None:
        placed = self._placed.get(assignment)
        if placed is None:
            return
        placed.ending = True
        if placed.berth is not None and placed.berth.worker is not None:
            try:
                await placed.berth.worker.end(assignment)
            except Unavailable:
                return  # it ends where it moves to

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        placed = self._placed.get(page.assignment)
        if placed is None:
            raise Rejected("the session is over", code="session-ended", status=410)
        return await (await placed.worker()).answer(page, offer_sdp)

    async def add_candidate(self, page: PageId, candidate: str, mid: str | None, index: int | None) -> None:
        worker = self._worker_of(page.assignment)
        if worker is not None:
            await worker.add_candidate(page, candidate, mid, index)

    async def show_camera(self, page: PageId, camera: Camera) -> None:
        placed = self._placed.get(page.assignment)
        if placed is not None:
            await (await placed.worker()).show_camera(page, camera)

    async def left(self, page: PageId) -> None:
        worker = self._worker_of(page.assignment)
        if worker is not None:
            await worker.left(page)

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        return await (await self._find(assignment).worker()).verify(assignment, frame_id)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        return await self._any().enroll(jpeg, gate)

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        return await self._any().compare(order)

    async def set_level(self, level: int) -> None:
        # A worker that ends meanwhile gets the level when it is spawned again.
        self._level = level
        workers = [berth.worker for berth in self._berths if berth.worker is not None]
        await asyncio.gather(*(worker.set_level(level) for worker in workers), return_exceptions=True)

    async def report(self) -> WorkerReport:
        """All workers' reports as one; of a worker that does not answer in time, its last. Never raises."""
        await asyncio.gather(*(berth.ask() for berth in self._berths))
        reports = [berth.report for berth in self._berths if berth.report is not None]
        for state in (state for report in reports for state in report.sessions):
            placed = self._placed.get(AssignmentId(state.session_id, state.epoch))
            if placed is not None:
                placed.state = state
        return one_report(
            reports,
            level=self._level,
            works=any(berth.worker is not None for berth in self._berths),
            former=self._former,
            between=[
                placed.state
                for placed in self._placed.values()
                if placed.berth is None and placed.state is not None
            ],
        )

    def _settings_now(self) -> WorkerSettings:
        return replace(self._settings, level=self._level)

    def _find(self, assignment: AssignmentId) -> Placed:
        placed = self._placed.get(assignment)
        if placed is None:
            raise Rejected("no such session runs on this node", code="session-unknown", status=404)
        return placed

    def _worker_of(self, assignment: AssignmentId) -> RemoteWorker | None:
        """The worker that has a session now; None: none has."""
        placed = self._placed.get(assignment)
        return None if placed is None or placed.berth is None else placed.berth.worker

    def _roomiest(self) -> tuple[Berth, RemoteWorker]:
        """The worker with the most room, after its berth. Raises `Unavailable` when none runs."""
        rooms = [
            Room(number=status.number, running=status.running, sessions=status.sessions)
            for status in self.statuses()
        ]
        number = most_room(rooms)
        berth = None if number is None else self._berths[number - 1]
        if berth is None or berth.worker is None:
            raise _nobody()
        return berth, berth.worker

    def _any(self) -> RemoteWorker:
        _, worker = self._roomiest()
        return worker

    def _feel(self, pulse: Pulse) -> None:
        measurements: tuple[Measured | Looked, ...] = (*pulse.calls, *pulse.looks)
        for measured in measurements:
            self._tell(measured)

    def _hear(self, said: Said, memory: bytes) -> None:
        placed = self._placed.get(said.assignment)
        if placed is None:
            return
        if memory:
            placed.memory = memory
        for alert in said.alerts:
            self._tell(alert)
        for notice in said.notices:
            self._tell(notice)
        if said.over:
            self._forget(placed)

    def _forget(self, placed: Placed) -> None:
        self._placed.pop(placed.id, None)
        self._tell(SessionOver(placed.id))

    def _up(self, berth: Berth) -> None:
        log.info("a worker is ready", extra={"count": berth.number})
        self._changed.set()

    def _down(self, berth: Berth) -> None:
        """Move the sessions of a worker that has ended."""
        if berth.report is not None:
            self._former = added(self._former, berth.report)
        if all(each.worker is None for each in self._berths):
            self._changed.clear()
        now_s = time.monotonic()
        for placed in [each for each in self._placed.values() if each.berth is berth]:
            placed.lose(now_s)
            if gives_up(placed.moves_s, now_s):
                log.error("a session is given up", extra={"session_id": str(placed.id.session_id)})
                self._forget(placed)
            else:
                self._own(self._move(placed))

    async def _move(self, placed: Placed) -> None:
        """Let a session go on in the worker with the most room, as soon as there is one."""
        while self._placed.get(placed.id) is placed:
            try:
                berth, worker = self._roomiest()
            except Unavailable:
                await self._changed.wait()
                continue
            placed.bound_for = berth
            try:
                await placed.go_on(worker)
            except Unavailable:
                await asyncio.sleep(MOVES_AGAIN_S)
                continue
            except ProctorError:
                log.exception("a session cannot go on", extra={"session_id": str(placed.id.session_id)})
                self._forget(placed)
                return
            if berth.worker is worker:
                self._arrive(placed, berth)
                return

    def _arrive(self, placed: Placed, berth: Berth) -> None:
        if self._placed.get(placed.id) is not placed:
            return  # it has ended there already
        placed.settle(berth)
        log.warning(
            "a session goes on in another process",
            extra={
                "session_id": str(placed.id.session_id),
                "duration_s": round(time.monotonic() - placed.lost_at, 3),
            },
        )
        self._tell(Moved(placed.id))
        if placed.ending:
            self._own(self.end(placed.id))

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._broken.done():
            self._broken.set_exception(error)


def _nobody() -> Unavailable:
    return Unavailable("no worker runs on this node now", retry_after_s=5)


@asynccontextmanager
async def open_crew(
    count: int, settings: WorkerSettings, tell: Tell, *, program: Sequence[str] = PROGRAM
) -> AsyncIterator[Crew]:
    """Workers in `count` processes, of which one is ready; all ended at the end.

    Raises `ConfigError` when their settings cannot be used here.
    """
    made = Crew(count, settings, tell, program)
    try:
        await made.open()
        yield made
    finally:
        await made.close()
