"""The inference engine of a process, for all its sessions: bounded queues before a bounded thread pool.

`edge.analysis.turns` says which call runs next and which is dropped from a full queue. A call that waited
longer than `max_wait_s` when its turn comes is skipped. A call that runs longer than `max_run_s` cannot be
stopped in its thread: its caller gets an error, a new pool replaces the old one, and `on_stuck` is called,
which may open the task's networks anew. If it does not, a task whose calls get stuck repeatedly rests, each
time for longer, because every such call leaves a thread behind and occupies a place that other tasks' calls
wait for. Every dropped call is counted by task and reason.

An engine without threads makes its calls at once in the caller: for recordings, where the loop has nothing
else to do and passing work to threads would take a tenth of the time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.analysis.measured import Measured
from edge.analysis.turns import Ticket, Turns
from shared.errors import Unavailable

T = TypeVar("T")

QUEUE_LIMIT = 64
MAX_WAIT_S = 0.5
"""An older picture tells nothing about the present."""
REQUEST_WAIT_S = 2.0
"""How long a call may wait that somebody asked for, such as that for an enrollment picture."""
MAX_RUN_S = 10.0
MAX_REST_S = 600.0
"""Leaves six threads behind per hour for a network that never answers again."""


@dataclass(slots=True, eq=False)
class _Job:
    call: Callable[[], Any]
    answer: asyncio.Future[Any]
    max_wait_s: float
    cpu_s: float = 0.0
    """Processor time of its thread, once it has run."""

    def run(self) -> Any:
        """Make the call, in a thread."""
        begun_s = thread_time()
        try:
            return self.call()
        finally:
            self.cpu_s = thread_time() - begun_s


@dataclass(frozen=True, slots=True)
class _Hang:
    """How often in a row a task's calls got stuck, and until when it rests (event loop time)."""

    times: int
    rests_until: float


@dataclass(slots=True)
class Counts:
    """The calls so far by (task, outcome)."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    restarts: int = 0


class Engine:
    """Runs blocking network calls off the event loop. Use as an async context manager, on one loop."""

    def __init__(
        self,
        threads: int,
        *,
        queue_limit: int = QUEUE_LIMIT,
        max_wait_s: float = MAX_WAIT_S,
        max_run_s: float = MAX_RUN_S,
        on_call: Callable[[Measured], None] | None = None,
        on_stuck: Callable[[str], bool] | None = None,
    ) -> None:
        """`threads` calls run in parallel. With 0, each call blocks the loop and none can be dropped.

        `on_call` is called for every call, `on_stuck` for a stuck task; it returns whether the task's
        networks are opened again.
        """
        self.counts = Counts()
        self._threads = threads
        self._max_wait_s = max_wait_s
        self._max_run_s = max_run_s
        self._on_call = on_call
        self._on_stuck = on_stuck
        self._turns = Turns[_Job](queue_limit)
        self._hangs: dict[str, _Hang] = {}
        self._waiting = asyncio.Semaphore(0)
        self._workers: list[asyncio.Task[None]] = []
        self._pool = self._new_pool()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work(), name=f"engine-{n}") for n in range(self._threads)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for ticket in self._turns.clear():
            self._give_up(ticket, "cancelled")
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(
        self,
        task: str,
        call: Callable[[], T],
        *,
        session: Hashable = None,
        max_wait_s: float | None = None,
    ) -> T:
        """The call's answer, from a thread of the pool. Calls of one `session` share its turns.

        Raises `Unavailable` when it was dropped or got stuck, and any error of the call itself.
        """
        if self._closed:
            raise Unavailable("the engine is closed")
        if not self._threads:
            return self._run_at_once(task, call)
        loop = asyncio.get_running_loop()
        if self.rests(task):
            self._count(Measured(task, 0.0, 0.0, "resting"))
            raise Unavailable(f"the {task} call gave no result: resting")
        job = _Job(call, loop.create_future(), self._max_wait_s if max_wait_s is None else max_wait_s)
        dropped = self._turns.add(Ticket(task, session, loop.time(), job))
        if dropped is not None:
            self._give_up(dropped, "overflow")
        else:
            self._waiting.release()
        answer: T = await job.answer
        return answer

    def depth(self, task: str) -> int:
        """Number of a task's calls that wait now."""
        return self._turns.depth(task)

    def rests(self, task: str) -> bool:
        """Whether a task rests now because its calls got stuck repeatedly."""
        hang = self._hangs.get(task)
        return hang is not None and self._now() < hang.rests_until

    def _run_at_once(self, task: str, call: Callable[[], T]) -> T:
        started = perf_counter()
        try:
            answer = call()
        except BaseException as error:
            self._count(Measured(task, 0.0, perf_counter() - started, "failed", type(error).__name__))
            raise
        self._count(Measured(task, 0.0, perf_counter() - started, "done"))
        return answer

    async def _work(self) -> None:
        while True:
            await self._waiting.acquire()
            ticket = self._turns.take()
            if ticket is None:
                continue
            job = ticket.call
            if job.answer.cancelled():
                self._count(Measured(ticket.task, 0.0, 0.0, "cancelled"))
            elif self._now() - ticket.queued_s > job.max_wait_s:
                self._give_up(ticket, "stale")
            else:
                await self._run(ticket)

    async def _run(self, ticket: Ticket[_Job]) -> None:
        job, started, expected_s = ticket.call, self._now(), self._turns.begin(ticket)
        running = asyncio.get_running_loop().run_in_executor(self._pool, job.run)
        # Errors that an abandoned call raises later do not matter.
        running.add_done_callback(lambda left: left.cancelled() or left.exception())
        try:
            done, _ = await asyncio.wait({running}, timeout=self._max_run_s)
        except asyncio.CancelledError:
            self._give_up(ticket, "cancelled")
            raise
        spent_s = self._now() - started
        self._turns.end(ticket, expected_s, spent_s)
        if not done:
            self._restart(ticket.task)
            self._give_up(ticket, "stuck")
            return
        self._hangs.pop(ticket.task, None)
        self._finish(ticket, running, started - ticket.queued_s, spent_s)

    def _finish(self, ticket: Ticket[_Job], ran: asyncio.Future[Any], queued_s: float, run_s: float) -> None:
        error, answer = ran.exception(), ticket.call.answer
        if error is None:
            self._count(Measured(ticket.task, queued_s, run_s, "done", cpu_s=ticket.call.cpu_s))
        else:
            failed = type(error).__name__
            self._count(Measured(ticket.task, queued_s, run_s, "failed", failed, ticket.call.cpu_s))
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(ran.result())

    def _restart(self, task: str) -> None:
        """Leave the stuck thread behind with its pool and continue with a new one."""
        self.counts.restarts += 1
        self._pool.shutdown(wait=False)
        self._pool = self._new_pool()
        if self._on_stuck is not None and self._on_stuck(task):
            return
        before = self._hangs.get(task)
        times = 1 if before is None else before.times + 1
        # The first stuck call in a row may be an accident, so the task does not rest yet.
        rest_s = 0.0 if times == 1 else min(self._max_run_s * 2 ** min(times, 16), MAX_REST_S)
        self._hangs[task] = _Hang(times, self._now() + rest_s)

    def _give_up(self, ticket: Ticket[_Job], reason: str) -> None:
        self._count(Measured(ticket.task, self._now() - ticket.queued_s, 0.0, reason))
        if not ticket.call.answer.done():
            ticket.call.answer.set_exception(Unavailable(f"the {ticket.task} call gave no result: {reason}"))

    def _count(self, measured: Measured) -> None:
        self.counts.calls[measured.task, measured.outcome] += 1
        if self._on_call is not None:
            self._on_call(measured)

    def _new_pool(self) -> ThreadPoolExecutor:
        # A pool starts no thread before its first call.
        return ThreadPoolExecutor(max(self._threads, 1), thread_name_prefix="inference")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
