"""Builds the daemon from its parts, runs it and shuts it down.

Start: outbox, networks, engine; then hub, publisher, heartbeat and web server concurrently. Shutdown: refuse
new pages; sessions close open events and write their alerts; the publisher has a short time to send them.
Alerts that it cannot send stay in the outbox for the next run.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from edge.config import EdgeConfig, MediaSection
from edge.fleet.actions import NodeActions
from edge.fleet.assignments import Assignments
from edge.fleet.commands import Commands
from edge.fleet.committing import commit_of, note_dispatched
from edge.fleet.feature_log import LoggedFeatures
from edge.fleet.heartbeat import Heart
from edge.fleet.load import LoadMeter, heard_by
from edge.fleet.metrics import Metrics
from edge.fleet.node import Node
from edge.fleet.rating_file import admitted_here, foreseen
from edge.fleet.states import States
from edge.fleet.stepping import Stepping
from edge.hub import node_link
from edge.media.addresses import Reach
from edge.media.gathering import LocalPorts
from edge.media.lateness import loop_probe
from edge.media.negotiation import PeerSettings
from edge.media.sdp import AnswerShape
from edge.membership import renewing
from edge.membership.files import hub_identity
from edge.node_identity import Identity
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Pace, Publisher
from edge.sessions.answering import OFFERS_AT_ONCE
from edge.sessions.assignment import Assignment
from edge.sessions.port import Worker, WorkerReport
from edge.sessions.roster import Roster
from edge.sessions.seat import Door
from edge.web import WebServer, create_status, create_web
from edge.workers.settings import WorkerSettings
from edge.workers.watching import Watch, in_processes, in_this_process
from models.distributions import check_distributions
from shared import subjects
from shared.hub_caller import HubAddress
from shared.hub_login import ByIdentity, Password
from shared.ice import IceServer, for_session
from shared.sealing import parse_signing_public
from shared.secret_file import read_secret
from shared.supervisor import of_environment
from shared.traces.opening import traces_of
from shared.web_server.doors import Doors
from shared.web_server.options import doors_of, listen
from shared.web_server.status import ByPort

if TYPE_CHECKING:
    from shared.traces.exporting import Traces

log = logging.getLogger(__name__)

END_SESSIONS_S: Final = 4.0
SETTLE_S: Final = 2.0
EXPIRY_INTERVAL_S: Final = 5.0
FIRST_REPORTS: Final = 10
FILES: Final = 256
FILES_PER_SESSION: Final = 64
"""The most open files of a session."""


async def run(config: EdgeConfig, identity: Identity, stop: asyncio.Event) -> None:
    """Serve until `stop` is set.

    Raises `ConfigError` for a problem that a person must fix, and an exception group when a part of the
    daemon failed, after an orderly shutdown.
    """
    check_distributions()
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
            async with assembled(config, identity, watch, outbox, way_in, traces) as node:
                await _serve(node, listeners, stop)
        finally:
            await outbox.close()


@asynccontextmanager
async def assembled(
    config: EdgeConfig,
    identity: Identity,
    watch: Watch,
    outbox: OutboxThread,
    doors: Doors,
    traces: Traces | None = None,
) -> AsyncIterator[Node]:
    """Build a node whose sessions are watched where `watch` says. Nothing is connected or served yet."""
    models: dict[str, str] = {}
    metrics = Metrics(models)
    coordinator_key, boot_id = parse_signing_public(config.coordinator.public_key), uuid4()
    hub = node_link(_hub_address(config), identity.node_id)
    pace = Pace(backlog_jitter_s=config.outbox.backlog_jitter_s, resend_after_s=config.outbox.resend_after_s)
    publisher = await Publisher.over(
        outbox,
        hub,
        node_id=identity.node_id,
        coordinator_key=coordinator_key,
        pace=pace,
        dispatched=partial(note_dispatched, metrics, traces),
    )
    roster: Roster[Assignment] = Roster(foreseen(config))
    lateness = loop_probe().lateness
    meter = LoadMeter(lateness)
    measured = heard_by(metrics.measured, meter, steps_down=config.analysis.steps_down)
    assignments = Assignments(
        roster, commit_of(publisher, metrics, traces), measured, config.analysis.join_window_s
    )
    async with watch(assignments.hear) as watching:
        report = await _first_report(watching.worker)
        models |= report.models
        roster.rating = admitted_here(config, report)
        meter.workers = watching.statuses
        actions = NodeActions(config, assignments, watching.worker)
        states = States(hub, identity, assignments, watching.worker)
        assignments.on_report = states.reported
        logged = LoggedFeatures(hub, identity, assignments)
        assignments.on_features = logged.take
        yield Node(
            config=config,
            identity=identity,
            outbox=outbox,
            hub=hub,
            publisher=publisher,
            states=states,
            logged=logged,
            worker=watching.worker,
            workers=watching.statuses,
            until_workers_fail=watching.until_it_fails,
            assignments=assignments,
            actions=actions,
            commands=Commands(identity, coordinator_key, actions, boot_id),
            boot_id=boot_id,
            lateness=lateness,
            stepping=Stepping(watching.worker, meter, assignments.ask_pages, config.analysis.level_number),
            metrics=metrics,
            doors=doors,
            traces=traces,
        )


def watch_of(config: EdgeConfig, node_id: UUID) -> Watch:
    """Where these settings have sessions watched. Raises as `worker_settings` does."""
    settings, count = worker_settings(config, node_id), config.workers.count
    return partial(in_processes, count, settings) if count else partial(in_this_process, settings)


def worker_settings(config: EdgeConfig, node_id: UUID) -> WorkerSettings:
    """What a worker needs to know. Raises `ConfigError` when a secret's file cannot be used."""
    return WorkerSettings(
        node_id=node_id,
        region=config.region,
        level=config.analysis.level_number,
        profile=config.analysis.profile,
        best_device=config.analysis.best_device,
        threads=config.analysis.threads,
        peer=_peer_settings(config.media),
    )


def _peer_settings(media: MediaSection) -> PeerSettings:
    answer = AnswerShape(announced_ip=media.announced_ip)
    reach = Reach(private=media.private_candidates, loopback=media.loopback_candidates)
    ports = LocalPorts(first=media.first_port, last=media.last_port, ipv6=media.ipv6)
    return PeerSettings(ice_servers=media.read_ice_servers(), answer=answer, reach=reach, ports=ports)


async def _serve(node: Node, listeners: list[socket.socket], stop: asyncio.Event) -> None:
    async def on_mark(_: str, message: bytes) -> None:
        await node.publisher.marks(message)

    node.hub.listen(subjects.commands(node.identity.node_id), node.commands.handle)
    node.hub.listen(subjects.mark(node.identity.node_id), on_mark)
    heart = Heart(node.hub, node.publisher, node.identity, node.heartbeat, node.pages)
    web, supervisor = served_web(node), of_environment()
    device = (await node.worker.report()).device
    steady: list[Coroutine[Any, Any, None]] = [
        node.hub.run(),
        node.publisher.run(),
        node.states.run(),
        node.logged.run(),
        heart.run(),
        node.until_workers_fail(),
        _look_after(node.actions),
        supervisor.beat(),
    ]
    if (url := node.config.coordinator.url) is not None:
        refused = node.hub.turned_away
        steady.append(renewing.run(url, node.config.data_folder, node.identity, refused))
    if node.config.analysis.steps_down:
        steady.append(node.stepping.run())
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(web.serve(sockets=listeners))
        running = [tasks.create_task(work) for work in steady]
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


async def _first_report(worker: Worker) -> WorkerReport:
    """The report of a worker whose networks are open. A process of its own may answer late at first."""
    report = await worker.report()
    for _ in range(FIRST_REPORTS):
        if report.models:
            break
        report = await worker.report()
    return report


def _hub_address(config: EdgeConfig) -> HubAddress:
    nats, login = config.nats, ByIdentity(partial(hub_identity, config.data_folder))
    if nats.user is None or nats.password_file is None:
        return HubAddress(url=nats.url, login=login, ca_file=nats.ca_file)
    password = Password(nats.user, read_secret(nats.password_file))
    return HubAddress(url=nats.url, login=password, ca_file=nats.ca_file)


async def _look_after(actions: NodeActions) -> None:
    while True:
        await actions.end_expired()
        await actions.take_attendance()
        await asyncio.sleep(EXPIRY_INTERVAL_S)


def _other_files(config: EdgeConfig) -> int:
    """Beside connections: a session has a socket per address of this host, and twice when it reconnects."""
    return FILES + FILES_PER_SESSION * foreseen(config)
