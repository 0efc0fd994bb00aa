"""Builds a worker in this process: the networks, the engine that runs them, and the sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from edge.analysis.engine import Engine
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce, check_level
from edge.analysis.networks import Networks, open_networks
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from edge.sessions.local_worker import LocalWorker
from edge.sessions.port import Tell
from edge.sessions.session_maker import SessionMaker
from edge.workers.settings import WorkerSettings
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, Unavailable

log = logging.getLogger(__name__)


def opened(settings: WorkerSettings) -> Networks:
    """Open the networks; takes seconds. Raises `ConfigError` if they cannot serve the level."""
    serving = Serving(
        Store.here(),
        settings.profile,
        best=settings.best_device,
        streams=settings.threads,
        preferred=settings.weights,
    )
    try:
        networks = open_networks(serving)
    except Unavailable as error:
        raise ConfigError(f"this node cannot find faces: {error}") from error
    check_level(settings.level, networks.device)
    for task, reason in networks.missing.items():
        log.warning("a task is not available on this node", extra={"task": task.value, "reason": reason})
    return networks


@asynccontextmanager
async def local_worker(
    settings: WorkerSettings, tell: Tell, *, open_networks: Callable[[WorkerSettings], Networks] = opened
) -> AsyncIterator[LocalWorker]:
    """A worker on this event loop. Raises `ConfigError` when the networks cannot serve here."""
    networks = await asyncio.to_thread(open_networks, settings)
    restarts = Restarts(networks.opened)
    async with Engine(settings.threads, on_call=tell, on_stuck=restarts.stuck) as engine:
        instruments = Instruments(
            networks=networks,
            engine=engine,
            level=LevelInForce(settings.level),
            versions=Versions(networks, restarts),
            restarts=restarts,
        )
        maker = SessionMaker(
            node_id=settings.node_id,
            region=settings.region,
            instruments=instruments,
            tell=tell,
            peer_settings=settings.peer,
        )
        yield LocalWorker(instruments, maker, tell)
