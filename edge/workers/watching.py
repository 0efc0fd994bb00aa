"""Chooses where a node's sessions are watched: in its own process, or in processes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from edge.analysis.networks import Networks
from edge.sessions.port import Tell, Worker
from edge.workers.crew import open_crew
from edge.workers.opening import local_worker, opened
from edge.workers.settings import WorkerSettings
from edge.workers.status import Statuses, no_workers


async def never_fails() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class Watching:
    """The place where sessions are watched."""

    worker: Worker
    statuses: Statuses = no_workers
    until_it_fails: Callable[[], Coroutine[Any, Any, None]] = never_fails
    """Waits until the place fails, and raises that."""


Watch = Callable[[Tell], AbstractAsyncContextManager[Watching]]
"""Opens the place; sessions report to the given function."""


@asynccontextmanager
async def in_this_process(
    settings: WorkerSettings, tell: Tell, *, open_networks: Callable[[WorkerSettings], Networks] = opened
) -> AsyncIterator[Watching]:
    """Watch on this event loop. Raises `ConfigError` when the networks cannot serve here."""
    async with local_worker(settings, tell, open_networks=open_networks) as worker:
        yield Watching(worker)


@asynccontextmanager
async def in_processes(count: int, settings: WorkerSettings, tell: Tell) -> AsyncIterator[Watching]:
    """Watch in `count` processes. Raises `ConfigError` when the networks cannot serve here."""
    async with open_crew(count, settings, tell) as workers:
        yield Watching(workers, workers.statuses, workers.run)
