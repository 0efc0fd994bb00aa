"""Builds a worker in this process: the networks, the engine that runs them, and the sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from edge.analysis import opening
from edge.analysis.engine import Engine
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.restarts import Restarts
from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import Tell
from edge.sessions.session_maker import SessionMaker
from edge.workers.settings import WorkerSettings


def opened(settings: WorkerSettings) -> Networks:
    """Open the networks; takes seconds. Raises `ConfigError` if they cannot serve the level."""
    return opening.opened(settings.level, settings.profile, settings.best_device, settings.threads)


@asynccontextmanager
async def local_worker(
    settings: WorkerSettings, tell: Tell, *, open_networks: Callable[[WorkerSettings], Networks] = opened
) -> AsyncIterator[LocalWorker]:
    """A worker on this event loop. Raises `ConfigError` when the networks cannot serve here."""
    networks = await asyncio.to_thread(open_networks, settings)
    restarts = Restarts(networks.opened)
    async with Engine(settings.threads, on_call=tell, on_stuck=restarts.stuck) as engine:
        instruments = Instruments(
            networks=networks, engine=engine, level=LevelInForce(settings.level), restarts=restarts
        )
        maker = SessionMaker(
            node_id=settings.node_id,
            region=settings.region,
            instruments=instruments,
            tell=tell,
            peer_settings=settings.peer,
        )
        yield LocalWorker(instruments, maker, tell)
