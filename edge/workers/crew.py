"""The workers of a node in processes of their own, as one `Worker`.

Each session is with one of them. When a worker ends or hangs, its sessions go on in another one, or in the
next, from their last saved state, and their pages are told to connect again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from edge.analysis.measured import Looked, Measured
from edge.sessions.port import AssignmentId, Delivers, Moved, PageId, SessionOver, Tell, WorkerReport
from edge.workers.berth import Berth
from edge.workers.berths import Berths, no_worker
from edge.workers.calls import Pulse, Said
from edge.workers.placed import Placed
from edge.workers.placement import gives_up
from edge.workers.process import PROGRAM
from edge.workers.remote import RemoteWorker
from edge.workers.settings import WorkerSettings
from edge.workers.status import WorkerStatus
from shared.cameras import Camera
from shared.errors import ProctorError, Rejected, Unavailable
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.policy.terms import Gate

log = logging.getLogger(__name__)

MOVES_AGAIN_S: Final = 0.1
"""Before a session is moved again whose new worker has ended too."""


class Crew:
    """A `Worker` over several processes. Use on one event loop, inside `open_crew`."""

    def __init__(self, count: int, settings: WorkerSettings, tell: Tell, program: Sequence[str]) -> None:
        self._tell = tell
        self._berths = Berths(count, settings, program, self._load)
        self._placed: dict[AssignmentId, Placed] = {}

    async def open(self) -> None:
        """Keep workers running from now on, and wait for the first. Raises `ConfigError`."""
        await self._berths.open(self._hear, self._pulsed, self._down)

    async def run(self) -> None:
        """Wait until something in here fails, which should not happen; raises that."""
        await self._berths.run()

    async def close(self) -> None:
        """End all workers."""
        await self._berths.close()

    def statuses(self) -> tuple[WorkerStatus, ...]:
        """Every worker's process now."""
        return self._berths.statuses()

    async def start(self, order: StartSession) -> None:
        berth, worker = self._berths.roomiest()
        placed = Placed(order, bound_for=berth)
        self._placed[placed.id] = placed
        try:
            await worker.start(order)
            if berth.worker is not worker:
                raise no_worker()
        except BaseException:
            self._placed.pop(placed.id, None)
            raise
        placed.settle(berth)
        if placed.ending:
            await self.end(placed.id, handed_over=placed.handed_over)

    async def change(self, order: StartSession) -> None:
        placed = self._find(AssignmentId(order.session_id, order.epoch))
        placed.asked = order
        await (await placed.worker()).change(order)
        if placed.asked is order:  # no newer one has overtaken it
            placed.order = order

    async def end(self, assignment: AssignmentId, *, handed_over: bool = False) -> None:
        placed = self._placed.get(assignment)
        if placed is None:
            return
        if not placed.ending:
            placed.ending, placed.handed_over = True, handed_over
        if placed.berth is not None and placed.berth.worker is not None:
            try:
                await placed.berth.worker.end(assignment, handed_over=placed.handed_over)
            except Unavailable:
                return  # it ends where it moves to

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        placed = self._placed.get(page.assignment)
        if placed is None:
            raise Rejected("the session has ended", code="session-ended", status=410)
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

    async def saved(self, assignment: AssignmentId) -> bytes | None:
        placed = self._placed.get(assignment)
        return None if placed is None else placed.memory or None

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        return await (await self._find(assignment).worker()).verify(assignment, frame_id)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        return await self._any().enroll(jpeg, gate)

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        return await self._any().compare(order)

    async def set_level(self, level: int) -> None:
        await self._berths.set_level(level)

    async def report(self) -> WorkerReport:
        """All workers' reports as one; of a worker that does not answer in time, its last. Never raises."""
        reports = [
            replace(report, sessions=tuple(self._seen(state) for state in report.sessions))
            for report in await self._berths.ask()
        ]
        moving = (placed for placed in self._placed.values() if placed.berth is None)
        return self._berths.one_report(
            reports, [placed.state for placed in moving if placed.state is not None]
        )

    def _seen(self, state: SessionState) -> SessionState:
        placed = self._placed.get(AssignmentId(state.session_id, state.epoch))
        return state if placed is None else placed.see(state)

    def _load(self) -> Counter[Berth]:
        places = (placed.berth or placed.bound_for for placed in self._placed.values())
        return Counter(berth for berth in places if berth is not None)

    def _find(self, assignment: AssignmentId) -> Placed:
        placed = self._placed.get(assignment)
        if placed is None:
            raise Rejected("no such session runs on this node", code="session-unknown", status=404)
        return placed

    def _worker_of(self, assignment: AssignmentId) -> RemoteWorker | None:
        """The worker that has a session now; None: none has."""
        placed = self._placed.get(assignment)
        return None if placed is None or placed.berth is None else placed.berth.worker

    def _any(self) -> RemoteWorker:
        _, worker = self._berths.roomiest()
        return worker

    def _pulsed(self, pulse: Pulse) -> None:
        measurements: tuple[Measured | Looked, ...] = (*pulse.calls, *pulse.looks)
        for measured in measurements:
            self._tell(measured)

    def _hear(self, said: Said, memory: bytes) -> None:
        placed = self._placed.get(said.assignment)
        if placed is None:
            return
        if memory:
            placed.remember(memory)
        for alert in said.alerts:
            self._tell(alert)
        for notice in said.notices:
            self._tell(notice)
        if said.delivers is not None:
            self._tell(Delivers(said.assignment, said.delivers))
        for seen in said.features:
            self._tell(seen)
        if said.over:
            self._forget(placed)

    def _forget(self, placed: Placed) -> None:
        self._placed.pop(placed.id, None)
        self._tell(SessionOver(placed.id))

    def _down(self, berth: Berth) -> None:
        """Move the sessions of a worker that has ended."""
        now_s = time.monotonic()
        for placed in [each for each in self._placed.values() if each.berth is berth]:
            placed.lose(now_s)
            if gives_up(placed.moves_s, now_s):
                log.error(
                    "a session is given up: its workers end again and again",
                    extra={"session_id": str(placed.id.session_id)},
                )
                self._forget(placed)
            else:
                self._berths.own(self._move(placed))

    async def _move(self, placed: Placed) -> None:
        """Let a session go on in the worker with the most room, as soon as there is one."""
        while self._placed.get(placed.id) is placed:
            try:
                berth, worker = self._berths.roomiest()
            except Unavailable:
                await self._berths.one_runs()
                continue
            placed.bound_for = berth
            try:
                await placed.go_on(worker)
            except Unavailable:
                await asyncio.sleep(MOVES_AGAIN_S)
                continue
            except ProctorError:
                log.exception("a session cannot continue", extra={"session_id": str(placed.id.session_id)})
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
            "a session continues in another process",
            extra={
                "session_id": str(placed.id.session_id),
                "duration_s": round(time.monotonic() - placed.lost_at, 3),
            },
        )
        self._tell(Moved(placed.id))
        if placed.ending:
            self._berths.own(self.end(placed.id, handed_over=placed.handed_over))


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
