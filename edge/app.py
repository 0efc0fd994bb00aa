"""The daemon put together: what is made in which order, what runs, and how it all ends.

Start: outbox, networks, engine; then hub, publisher, heartbeat and web server side by side. End: no new
pages; sessions write down what is open; the publisher has a moment to send it. What it cannot send waits in
the outbox for the next run.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any, Final

from edge.analysis.engine import Engine
from edge.analysis.networks import Networks, open_networks
from edge.config import EdgeConfig
from edge.fleet.actions import NodeActions
from edge.fleet.commands import Commands
from edge.fleet.heartbeat import Heart
from edge.fleet.lag import LoopLag
from edge.fleet.metrics import Metrics
from edge.fleet.node import Node, Restarts
from edge.hub import node_link
from edge.node_identity import Identity
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Pace, Publisher
from edge.sessions.roster import Roster
from edge.sessions.seat import Door
from edge.sessions.session import Session
from edge.sessions.session_maker import SessionMaker, peer_settings
from edge.web import WebServer, create_web
from models.distributions import check_distributions
from models.serving import Serving
from models.store import Store
from shared import subjects
from shared.errors import ConfigError, Unavailable
from shared.hub_link import HubAddress
from shared.sealing import parse_signing_public
from shared.secret_file import read_secret

log = logging.getLogger(__name__)

END_SESSIONS_S: Final = 4.0
SETTLE_S: Final = 2.0
EXPIRY_INTERVAL_S: Final = 5.0


async def run(config: EdgeConfig, identity: Identity, stop: asyncio.Event) -> None:
    """Serve until `stop` is set.

    Raises `ConfigError` for what a person must mend; an exception group when a part of the daemon failed,
    after everything was ended in order.
    """
    check_distributions()
    listener = _listener(config.web.host, config.web.port)
    outbox = await OutboxThread.open(
        config.data_folder / "outbox.db",
        Caps(max_alerts=config.outbox.max_alerts, max_bytes=config.outbox.max_bytes),
    )
    try:
        networks = await asyncio.to_thread(_open_networks, config)
        metrics, restarts = Metrics(), Restarts()
        engine = Engine(config.analysis.threads, on_call=metrics.called, on_restart=restarts.note)
        async with engine:
            node = await _assemble(config, identity, networks, engine, outbox, metrics, restarts)
            await _serve(node, listener, stop)
    finally:
        listener.close()
        await outbox.close()


async def _assemble(
    config: EdgeConfig,
    identity: Identity,
    networks: Networks,
    engine: Engine,
    outbox: OutboxThread,
    metrics: Metrics,
    restarts: Restarts,
) -> Node:
    coordinator_key = parse_signing_public(config.coordinator.public_key)
    password = read_secret(config.nats.password_file)
    address = HubAddress(url=config.nats.url, user=config.nats.user, password=password)
    hub = node_link(address, identity.node_id)
    pace = Pace(backlog_jitter_s=config.outbox.backlog_jitter_s, resend_after_s=config.outbox.resend_after_s)
    publisher = await Publisher.over(
        outbox, hub, node_id=identity.node_id, coordinator_key=coordinator_key, pace=pace
    )
    roster: Roster[Session] = Roster(config.analysis.rating)
    maker = SessionMaker(
        config=config,
        identity=identity,
        networks=networks,
        engine=engine,
        outbox=outbox,
        publisher=publisher,
        metrics=metrics,
        peer_settings=peer_settings(config),
    )
    actions = NodeActions(config, roster, engine, networks, maker)
    commands = Commands(identity, coordinator_key, actions)
    return Node(
        config=config,
        identity=identity,
        networks=networks,
        engine=engine,
        restarts=restarts,
        outbox=outbox,
        hub=hub,
        publisher=publisher,
        roster=roster,
        actions=actions,
        commands=commands,
        lag=LoopLag(),
        metrics=metrics,
    )


async def _serve(node: Node, listener: socket.socket, stop: asyncio.Event) -> None:
    async def on_mark(_: str, message: bytes) -> None:
        await node.publisher.marks(message)

    node.hub.listen(subjects.commands(node.identity.node_id), node.commands.handle)
    node.hub.listen(subjects.mark(node.identity.node_id), on_mark)
    heart = Heart(node.hub, node.publisher, node.identity, node.heartbeat)
    web = _web(node)
    steady: list[Coroutine[Any, Any, None]] = [
        node.hub.run(),
        node.publisher.run(),
        heart.run(),
        node.lag.run(),
        _end_expired(node.actions),
    ]
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(web.serve(sockets=[listener]))
        running = [tasks.create_task(work) for work in steady]
        log.info("the node is ready", extra={"port": node.config.web.port, "device": node.networks.device})
        try:
            await stop.wait()
        finally:
            web.should_exit = True
            await _wind_down(node)
        await serving
        for task in running:
            task.cancel()
    log.info("the node has ended")


async def _wind_down(node: Node) -> None:
    try:
        async with asyncio.timeout(END_SESSIONS_S):
            await node.actions.close()
    except TimeoutError:
        log.error("sessions did not end in time; what they had not written is lost")
    if node.hub.connected and not await node.publisher.settle(SETTLE_S):
        log.warning("some alerts wait in the outbox for the next run")


def _web(node: Node) -> WebServer:
    web = node.config.web
    app = create_web(Door(node.roster), web.allowed_origins, health=node.health, metrics=node.metrics_text)
    return WebServer(app, web.host, web.port)


async def _end_expired(actions: NodeActions) -> None:
    while True:
        await actions.end_expired()
        await asyncio.sleep(EXPIRY_INTERVAL_S)


def _open_networks(config: EdgeConfig) -> Networks:
    serving = Serving(Store.here(), config.analysis.profile, streams=config.analysis.threads)
    try:
        networks = open_networks(serving)
    except Unavailable as error:
        raise ConfigError(f"this node cannot find faces: {error}") from error
    for task, reason in networks.missing.items():
        log.warning("a task cannot be done here", extra={"task": task.value, "reason": reason})
    return networks


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
