"""A node without hub, whose sessions are watched as the daemon watches them."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edge.analysis.measured import Looked, Measured
from edge.app import FILES, FILES_PER_SESSION, served_web
from edge.assembling import assembled
from edge.capacity.tally import StepTally
from edge.config import EdgeConfig
from edge.desired.beginning import Begun
from edge.desired.course import KeptOrders
from edge.fleet.load import LoadMeter
from edge.fleet.node import Node
from edge.fleet.rating import MOST_SESSIONS
from edge.node_identity import Identity
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.sessions.port import Tell, Told
from edge.workers.watching import Watch, Watching
from shared.web_server.connections import LOOPBACK
from shared.web_server.doors import Doors
from shared.web_server.options import doors_of, listen


@dataclass(slots=True)
class Tap:
    """Gets the workers' reports before the node does."""

    tally: StepTally = field(default_factory=StepTally)
    meter: LoadMeter | None = None

    def through(self, tell: Tell) -> Tell:
        def both(told: Told) -> None:
            if isinstance(told, Measured | Looked):
                self.tally.take(told)
            if isinstance(told, Measured) and self.meter is not None:
                self.meter.called(told)
            tell(told)

        return both


@dataclass(frozen=True, slots=True)
class Stand:
    """The node, ready for candidates."""

    node: Node
    tap: Tap
    meter: LoadMeter
    port: int


def most_tried(config: EdgeConfig) -> int:
    """The most sessions for which this process may open files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return MOST_SESSIONS
    return max(1, min(MOST_SESSIONS, (hard - FILES - config.web.connections.in_all) // FILES_PER_SESSION))


@asynccontextmanager
async def stand_of(
    config: EdgeConfig, identity: Identity, folder: Path, watch: Watch
) -> AsyncIterator[Stand]:
    """A node with these settings, its outbox in `folder`. Raises `ConfigError` when it cannot serve here."""
    tap = Tap()

    def tapped(tell: Tell) -> AbstractAsyncContextManager[Watching]:
        return watch(tap.through(tell))

    caps = Caps(max_alerts=config.outbox.max_alerts, max_bytes=config.outbox.max_bytes)
    doors = doors_of(
        config.web.connections, config.status.port, FILES + FILES_PER_SESSION * most_tried(config)
    )
    outbox = await OutboxThread.open(folder / "outbox.db", caps, partial(seal, node=identity))
    try:
        async with assembled(Begun(config, config, KeptOrders()), identity, tapped, outbox, doors) as node:
            meter = tap.meter = LoadMeter(node.lateness)
            meter.workers = node.workers
            # Not the rating of an earlier measurement.
            node.assignments.roster.rating = most_tried(config)
            async with _serving(node, doors) as port:
                yield Stand(node, tap, meter, port)
    finally:
        await outbox.close()


@asynccontextmanager
async def _serving(node: Node, doors: Doors) -> AsyncIterator[int]:
    """Serve pages of this host. The port."""
    with listen(LOOPBACK, 0, doors) as listener:
        web = served_web(node)
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        # Workers that fail leave their candidates unconnected, and that is measured.
        failing = asyncio.create_task(node.until_workers_fail())
        try:
            yield listener.getsockname()[1]
        finally:
            web.should_exit = True
            await node.actions.close()
            failing.cancel()
            await asyncio.gather(serving, failing, return_exceptions=True)
