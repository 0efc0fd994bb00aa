"""Builds a node from its parts: outbox, publisher, workers, commands. Connects and serves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.config import EdgeConfig, MediaSection
from edge.desired.beginning import Begun
from edge.fleet.actions import NodeActions
from edge.fleet.assignments import Assignments
from edge.fleet.at_hand import NetworksAtHand
from edge.fleet.commands import Commands
from edge.fleet.committing import commit_of, note_dispatched
from edge.fleet.configuring import Configuring
from edge.fleet.feature_log import LoggedFeatures
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
from edge.membership.files import hub_identity
from edge.node_identity import Identity
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Dispatched, Pace, Publisher
from edge.sessions.assignment import Assignment
from edge.sessions.port import Worker, WorkerReport
from edge.sessions.roster import Roster
from edge.workers.settings import WorkerSettings
from edge.workers.watching import Watch, in_processes, in_this_process
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import ByIdentity, Password
from shared.sealing import parse_signing_public
from shared.secret_file import read_secret
from shared.web_server.doors import Doors

if TYPE_CHECKING:
    from shared.traces.exporting import Traces

FIRST_REPORTS: Final = 10


@asynccontextmanager
async def assembled(
    begun: Begun,
    identity: Identity,
    watch: Watch,
    outbox: OutboxThread,
    doors: Doors,
    traces: Traces | None = None,
) -> AsyncIterator[Node]:
    """Build a node whose sessions are watched where `watch` says. Nothing is connected or served yet."""
    config = begun.running
    models: dict[str, str] = {}
    metrics = Metrics(models)
    coordinator_key, boot_id = parse_signing_public(config.coordinator.public_key), uuid4()
    hub = node_link(_hub_address(config), identity.node_id)
    dispatched = partial(note_dispatched, metrics, traces)
    publisher = await _publisher(config, outbox, hub, identity.node_id, coordinator_key, dispatched)
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
        meter.workers = watching.statuses
        admits = partial(admitted_here, report=report)
        configuring = Configuring(begun, assignments, admits, publisher.hears)
        actions = NodeActions(config, assignments, watching.worker, configuring)
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
            configuring=configuring,
            at_hand=NetworksAtHand(config.analysis.profile),
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
        weights=config.analysis.weights,
    )


def _peer_settings(media: MediaSection) -> PeerSettings:
    answer = AnswerShape(announced_ip=media.announced_ip)
    reach = Reach(private=media.private_candidates, loopback=media.loopback_candidates)
    ports = LocalPorts(first=media.first_port, last=media.last_port, ipv6=media.ipv6)
    return PeerSettings(ice_servers=media.read_ice_servers(), answer=answer, reach=reach, ports=ports)


async def _publisher(
    config: EdgeConfig,
    outbox: OutboxThread,
    hub: HubLink,
    node_id: UUID,
    coordinator_key: Ed25519PublicKey,
    dispatched: Dispatched,
) -> Publisher:
    pace = Pace(backlog_jitter_s=config.outbox.backlog_jitter_s, resend_after_s=config.outbox.resend_after_s)
    return await Publisher.over(
        outbox, hub, node_id=node_id, coordinator_key=coordinator_key, pace=pace, dispatched=dispatched
    )


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
