"""Runs one worker's process: spawns it, watches its pulse, and ends it within a deadline.

A process of our own program with one end of a socket: nothing of this process is forked into it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from edge.workers.calls import Pulse, SentError, error_of
from edge.workers.codec import read, written
from edge.workers.link import Link
from edge.workers.remote import Hear, RemoteWorker
from edge.workers.settings import WorkerSettings
from edge.workers.wire import Frame, FrameKind
from shared.errors import Corrupt, Unavailable

log = logging.getLogger(__name__)

PROGRAM: Final = (sys.executable, "-m", "edge.workers.program")
READY_WITHIN_S: Final = 120.0
"""From the start of the process until its networks are open, on a machine that does much else."""
LOOK_S: Final = 0.25
HANGS_AFTER_LOOKS: Final = 12
"""Looks in a row without a pulse. A look is a turn of this process's own event loop, so that time in which
this process stood still is not held against the worker."""
HANGS: Final = "it hangs"
ENDS_WITHIN_S: Final = 2.0
"""From the end of the link to the end of the process; then it is killed."""


@dataclass(eq=False, slots=True)
class Running:
    """A worker's process."""

    pid: int
    worker: RemoteWorker
    failed: asyncio.Future[str]
    """Done with the reason when the process has ended or hangs."""


@asynccontextmanager
async def running(
    settings: WorkerSettings,
    hear: Hear,
    on_pulse: Callable[[Pulse], None],
    *,
    program: Sequence[str] = PROGRAM,
) -> AsyncIterator[Running]:
    """A worker's process that is ready. At the end it is ended, and all that it has sent is heard.

    Raises `ConfigError` when its settings cannot be used here, `Unavailable` when it does not start.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        child = await asyncio.create_subprocess_exec(
            *program, str(theirs.fileno()), pass_fds=[theirs.fileno()], stdin=asyncio.subprocess.DEVNULL
        )
    link = await Link.over(ours)
    try:
        link.send(Frame(FrameKind.SETUP, written(settings)))
        await _until_ready(link)
        watch = _Watch(on_pulse)
        worker = RemoteWorker(link, hear, watch.feel)
        failed = asyncio.get_running_loop().create_future()
        listening = asyncio.create_task(_listen(worker, failed))
        looking = asyncio.create_task(watch.run(failed))
        try:
            yield Running(child.pid, worker, failed)
        finally:
            looking.cancel()
            hung = failed.done() and failed.result() == HANGS
            await _end(child, link, at_once=hung)
            # What a process has sent before its end is heard, whatever ended it.
            await asyncio.gather(listening, looking, return_exceptions=True)
    finally:
        try:
            await _end(child, link, at_once=True)
        finally:
            await link.close()  # also when the end is cancelled once more


async def _until_ready(link: Link) -> None:
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            first = await link.next()
    except TimeoutError as error:
        raise Unavailable(f"a worker was not ready in {READY_WITHIN_S:.0f} s") from error
    if first is None or first.kind not in (FrameKind.READY, FrameKind.BROKEN):
        raise Unavailable("a worker ended while it started")
    if first.kind is FrameKind.BROKEN:
        raise error_of(read(SentError, first.body))


async def _listen(worker: RemoteWorker, failed: asyncio.Future[str]) -> None:
    reason = "it has ended"
    try:
        await worker.listen()
    except Corrupt as error:
        reason = str(error)
    except Exception as error:
        log.exception("a worker's report could not be processed")
        reason = type(error).__name__
    if not failed.done():
        failed.set_result(reason)


async def _end(child: asyncio.subprocess.Process, link: Link, *, at_once: bool) -> None:
    """End the process, and wait for its end."""
    if child.returncode is None and not at_once:
        link.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S):
                await child.wait()
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


class _Watch:
    """Looks for pulses."""

    def __init__(self, on_pulse: Callable[[Pulse], None]) -> None:
        self._on_pulse = on_pulse
        self._silent_looks = 0

    def feel(self, pulse: Pulse) -> None:
        self._silent_looks = 0
        self._on_pulse(pulse)

    async def run(self, failed: asyncio.Future[str]) -> None:
        """Look until the process hangs."""
        while self._silent_looks < HANGS_AFTER_LOOKS:
            self._silent_looks += 1
            await asyncio.sleep(LOOK_S)
        if not failed.done():
            failed.set_result(HANGS)
