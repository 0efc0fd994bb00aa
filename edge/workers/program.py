"""A worker's process: `python -m edge.workers.program FD`, where FD is its end of the socket.

It ends when the control side is gone: it has nothing of its own to write, and a session goes on elsewhere
from what it has sent. Signals of a terminal or a supervisor are for the control side.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import Tell
from edge.workers.calls import refusal_of
from edge.workers.codec import read, written
from edge.workers.link import Link
from edge.workers.obeying import Obeying
from edge.workers.opening import local_worker
from edge.workers.reporting import Reporting
from edge.workers.settings import WorkerSettings
from edge.workers.wire import Frame, FrameKind
from shared.dumps import no_core_dumps
from shared.errors import ProctorError
from shared.garbage import spare_what_is_loaded
from shared.logs import configure

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
Open = Callable[[WorkerSettings, Tell], AbstractAsyncContextManager[LocalWorker]]
"""Builds the worker of this process; raises the project's errors when it cannot."""


async def work(end: socket.socket, open_worker: Open) -> None:
    """Serve as a worker until the control side is gone."""
    link = await Link.over(end)
    setup = await link.next()
    if setup is None:
        return
    settings = read(WorkerSettings, setup.body)
    reporting = Reporting(link)
    async with AsyncExitStack() as stack:
        try:
            worker = await stack.enter_async_context(open_worker(settings, reporting.tell))
        except ProctorError as error:
            link.send(Frame(FrameKind.BROKEN, written(refusal_of(error))))
            return
        await _serve(link, worker, reporting)


async def _serve(link: Link, worker: LocalWorker, reporting: Reporting) -> None:
    reporting.ask_for_memory(worker.memory)
    spare_what_is_loaded()
    link.send(Frame(FrameKind.READY))
    async with asyncio.TaskGroup() as tasks:
        steady = tasks.create_task(reporting.run(lambda: worker.assignments))
        await Obeying(link, worker, reporting).run()
        steady.cancel()


def run(open_worker: Open) -> None:
    """Run this process as a worker, and end it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    no_core_dumps()
    # A worker that hangs does not see that the control side is gone.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    configure("proctor-edge")
    code = 0
    try:
        asyncio.run(work(socket.socket(fileno=int(sys.argv[1])), open_worker))
    except BaseException:
        log.exception("a worker failed")
        code = 1
    sys.stderr.flush()
    # Decoder threads are not daemon threads: a normal exit would wait for one that hangs.
    os._exit(code)


if __name__ == "__main__":
    run(local_worker)
