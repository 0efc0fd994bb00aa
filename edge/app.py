"""Runs the daemon and shuts it down; `edge.assembling` builds it from its parts.

Start: outbox, networks, engine; then hub, publisher, heartbeat and web server concurrently. Shutdown: refuse
new pages; sessions close open events and write their alerts; the publisher has a short time to send them.
Alerts that it cannot send stay in the outbox for the next run.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final
from uuid import UUID

from edge.assembling import assembled, watch_of
from edge.config import EdgeConfig
from edge.desired.beginning import Begun
from edge.fleet.actions import NodeActions
from edge.fleet.heartbeat import Heart
from edge.fleet.node import Node
from edge.fleet.rating_file import foreseen
from edge.membership import renewing
from edge.node_identity import Identity
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.sessions.answering import OFFERS_AT_ONCE
from edge.sessions.seat import Door
from edge.web import WebServer, create_status, create_web
from models.distributions import check_distributions
from shared import subjects
from shared.garbage import spare_what_is_loaded
from shared.ice import IceServer, for_session
from shared.supervisor import of_environment
from shared.traces.opening import traces_of
from shared.web_server.options import doors_of, listen
from shared.web_server.status import ByPort

log = logging.getLogger(__name__)

END_SESSIONS_S: Final = 4.0
SETTLE_S: Final = 2.0
EXPIRY_INTERVAL_S: Final = 5.0
FILES: Final = 256
FILES_PER_SESSION: Final = 64
"""The most open files of a session."""


async def run(begun: Begun, identity: Identity, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, which the node does itself when its settings need a restart.

    Raises `ConfigError` for a problem that a person must fix, and an exception group when a part of the
    daemon failed, after an orderly shutdown.
    """
    check_distributions()
    config = begun.running
    async with AsyncExitStack() as closed:
        traces = traces_of(config.traces, "proctor-edge", str(identity.node_id))
        if traces is not None:
            closed.push_async_callback(traces.close)
        web, status = config.web, config.status
        way_in = doors_of(web.connections, status.port, _other_files(config))
        listeners = [
            closed.enter_context(listen(web.host, web.port, way_in)),
            closed.enter_context(listen(status.host, status.port)),
        ]
        outbox = await OutboxThread.open(
            config.data_folder / "outbox.db",
            Caps(max_alerts=config.outbox.max_alerts, max_bytes=config.outbox.max_bytes),
            partial(seal, node=identity),
        )
        try:
            watch = watch_of(config, identity.node_id)
            async with assembled(begun, identity, watch, outbox, way_in, traces) as node:
                await _serve(node, listeners, stop)
        finally:
            await outbox.close()


async def _serve(node: Node, listeners: list[socket.socket], stop: asyncio.Event) -> None:
    async def on_mark(_: str, message: bytes) -> None:
        await node.publisher.marks(message)

    node.hub.listen(subjects.commands(node.identity.node_id), node.commands.handle)
    node.hub.listen(subjects.mark(node.identity.node_id), on_mark)
    web, supervisor = served_web(node), of_environment()
    device = (await node.worker.report()).device
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(web.serve(sockets=listeners))
        running = [tasks.create_task(work) for work in (*_steady(node, stop), supervisor.beat())]
        spare_what_is_loaded()
        log.info("the node is ready", extra={"port": node.config.web.port, "device": device})
        supervisor.ready()
        try:
            await stop.wait()
        finally:
            supervisor.stopping()
            web.should_exit = True
            await _wind_down(node)
        await serving
        for task in running:
            task.cancel()
    log.info("the node has ended")


def _steady(node: Node, stop: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
    """What runs as long as the node does."""
    heart = Heart(node.hub, node.publisher, node.identity, node.heartbeat, node.pages)

    def restart() -> None:
        node.actions.refuse_new()
        stop.set()

    steady: list[Coroutine[Any, Any, None]] = [
        node.hub.run(),
        node.publisher.run(),
        node.states.run(),
        node.logged.run(),
        heart.run(),
        node.until_workers_fail(),
        _look_after(node.actions),
        node.configuring.run(node.health, node.worker.report, restart),
        node.at_hand.run(),
    ]
    if (url := node.config.coordinator.url) is not None:
        refused = node.hub.turned_away
        steady.append(renewing.run(url, node.config.data_folder, node.identity, refused))
    if node.config.analysis.steps_down:
        steady.append(node.stepping.run())
    return steady


async def _wind_down(node: Node) -> None:
    try:
        async with asyncio.timeout(END_SESSIONS_S):
            await node.actions.close()
    except TimeoutError:
        log.error("sessions did not end in time; alerts not yet written are lost")
    if node.hub.connected and not await node.publisher.settle(SETTLE_S):
        log.warning("some alerts wait in the outbox for the next run")


def served_web(node: Node) -> WebServer:
    """The web server of a node: its doors for candidates' pages, health and metrics."""
    web, status_port = node.config.web, node.config.status.port
    processes = max(1, node.config.workers.count)
    door = Door(node.assignments.roster, node.worker, OFFERS_AT_ONCE * processes)
    ice_servers = node.config.media.read_ice_servers()

    def servers(session_id: UUID) -> tuple[IceServer, ...]:
        order = node.assignments.roster.find(session_id).order
        return for_session(ice_servers, session_id, order.expires_utc)

    public = create_web(door, web.allowed_origins, node.health, servers)
    status = create_status(node.health, node.metrics_text)
    return WebServer(ByPort(public, status, status_port), node.doors, web)


async def _look_after(actions: NodeActions) -> None:
    while True:
        await actions.end_expired()
        await actions.take_attendance()
        await asyncio.sleep(EXPIRY_INTERVAL_S)


def _other_files(config: EdgeConfig) -> int:
    """Beside connections: a session has a socket per address of this host, and twice when it reconnects."""
    return FILES + FILES_PER_SESSION * foreseen(config)
