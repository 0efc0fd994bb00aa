"""The inference engine of a process, for all its sessions: bounded queues before a bounded thread pool.

Calls wait in one queue per task; the oldest of all queues runs first. A full queue drops its oldest call,
because the newest picture matters most. A call that waited longer than `max_wait_s` is dropped too. A call
that runs longer than `max_run_s` cannot be stopped in its thread: its caller gets an error, a new pool
replaces the old one, and `on_restart` is called, so that the engine's owner can count restarts and step down.
A task whose calls get stuck repeatedly rests, each time for longer, because every such call leaves a thread
behind and occupies a place that other tasks' calls wait for. Every dropped call is counted by task and
reason.

An engine without threads makes its calls at once in the caller: for recordings, where the loop has nothing
else to do and passing work to threads would take a tenth of the time.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.analysis.measured import Measured
from shared.errors import Unavailable

T = TypeVar("T")

QUEUE_LIMIT = 64
MAX_WAIT_S = 2.0
"""An older picture tells nothing about the present."""
MAX_RUN_S = 10.0
MAX_REST_S = 600.0
"""Leaves six threads behind per hour for a network that never answers again."""


@dataclass(slots=True, eq=False)
class _Job:
    task: str
    call: Callable[[], Any]
    answer: asyncio.Future[Any]
    queued_at: float


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
        on_restart: Callable[[str], None] | None = None,
    ) -> None:
        """`threads` calls run in parallel. With 0, each call blocks the loop and none can be dropped.

        `on_call` is called for every call, `on_restart` for a stuck task.
        """
        self.counts = Counts()
        self._threads = threads
        self._queue_limit = queue_limit
        self._max_wait_s = max_wait_s
        self._max_run_s = max_run_s
        self._on_call = on_call
        self._on_restart = on_restart
        self._queues: dict[str, deque[_Job]] = {}
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
        for queue in self._queues.values():
            while queue:
                self._give_up(queue.popleft(), "cancelled")
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, task: str, call: Callable[[], T]) -> T:
        """The call's answer, from a thread of the pool.

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
        job = _Job(task, call, loop.create_future(), loop.time())
        queue = self._queues.setdefault(task, deque())
        if len(queue) >= self._queue_limit:
            self._give_up(queue.popleft(), "overflow")
        else:
            self._waiting.release()
        queue.append(job)
        answer: T = await job.answer
        return answer

    def depth(self, task: str) -> int:
        """Number of a task's calls that wait now."""
        return len(self._queues.get(task, ()))

    def rests(self, task: str | None = None) -> bool:
        """Whether a task, or any, rests now because its calls got stuck repeatedly."""
        hangs = self._hangs.values() if task is None else filter(None, (self._hangs.get(task),))
        return any(self._now() < hang.rests_until for hang in hangs)

    def _run_at_once(self, task: str, call: Callable[[], T]) -> T:
        started = perf_counter()
        outcome = "failed"
        try:
            answer = call()
            outcome = "done"
        finally:
            self._count(Measured(task, 0.0, perf_counter() - started, outcome))
        return answer

    async def _work(self) -> None:
        while True:
            await self._waiting.acquire()
            job = self._oldest()
            if job.answer.cancelled():
                self._tell(job, 0.0, 0.0, "cancelled")
            elif self._now() - job.queued_at > self._max_wait_s:
                self._give_up(job, "stale")
            else:
                await self._run(job)

    def _oldest(self) -> _Job:
        waiting = [queue for queue in self._queues.values() if queue]
        return min(waiting, key=lambda queue: queue[0].queued_at).popleft()

    async def _run(self, job: _Job) -> None:
        started = self._now()
        running = asyncio.get_running_loop().run_in_executor(self._pool, job.call)
        # Errors that an abandoned call raises later do not matter.
        running.add_done_callback(lambda left: left.cancelled() or left.exception())
        try:
            done, _ = await asyncio.wait({running}, timeout=self._max_run_s)
        except asyncio.CancelledError:
            self._give_up(job, "cancelled")
            raise
        spent_s = self._now() - started
        if not done:
            self._restart(job)
            self._give_up(job, "stuck")
            return
        self._hangs.pop(job.task, None)
        error = running.exception()
        self._tell(job, started - job.queued_at, spent_s, "failed" if error else "done")
        if job.answer.done():
            return
        if error is not None:
            job.answer.set_exception(error)
        else:
            job.answer.set_result(running.result())

    def _restart(self, job: _Job) -> None:
        """Leave the stuck thread behind with its pool and continue with a new one."""
        self.counts.restarts += 1
        before = self._hangs.get(job.task)
        times = 1 if before is None else before.times + 1
        # The first stuck call in a row may be an accident, so the task does not rest yet.
        rest_s = 0.0 if times == 1 else min(self._max_run_s * 2 ** min(times, 16), MAX_REST_S)
        self._hangs[job.task] = _Hang(times, self._now() + rest_s)
        self._pool.shutdown(wait=False)
        self._pool = self._new_pool()
        if self._on_restart is not None:
            self._on_restart(job.task)

    def _give_up(self, job: _Job, reason: str) -> None:
        self._tell(job, self._now() - job.queued_at, 0.0, reason)
        if not job.answer.done():
            job.answer.set_exception(Unavailable(f"the {job.task} call gave no result: {reason}"))

    def _tell(self, job: _Job, queued_s: float, run_s: float, outcome: str) -> None:
        self._count(Measured(job.task, queued_s, run_s, outcome))

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
