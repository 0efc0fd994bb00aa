"""The coordinator as one ASGI application: routes, background work.

    create_app(config)    routes and layers; opens nothing
    lifespan              opens keys, database and node rows, then runs hub, ingest and sweep as tasks

From the outside in, a request passes: metrics, security headers, failures, CORS, audit log, body limit,
routes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request

from coordinator.alerts.stored import Stored
from coordinator.arriving.ingest import Ingest
from coordinator.arriving.replaying import store_of
from coordinator.audit import chaining
from coordinator.audit.layer import Audited
from coordinator.audit.owed import Owed
from coordinator.backups import running as backing_up
from coordinator.backups.creating import maker_of
from coordinator.building import build, following_masters, require_own_database
from coordinator.config import CoordinatorConfig
from coordinator.deliveries.working import Workers
from coordinator.desired import telling as settings
from coordinator.examples import ALL_EXAMPLES
from coordinator.excerpts import expiring
from coordinator.memberships import accepting, succeeding
from coordinator.nodes import service as nodes
from coordinator.nodes.gauges import GAUGES, LABELS, Gauge, Values
from coordinator.nodes.heartbeats import Heartbeats
from coordinator.nodes.hosts import Hosts
from coordinator.privacy import steps as erasures
from coordinator.replicas.spreading import Spreading
from coordinator.retention import running as erasing
from coordinator.rollouts import following as rollouts
from coordinator.routing import API, all_routes
from coordinator.sessions import sweeping
from coordinator.sessions.presence.noting import Pages
from coordinator.web_api.errors import Failures, add_error_handlers
from coordinator.web_api.headers import SecurityHeaders
from coordinator.web_api.limits import BodyBound
from coordinator.web_api.metrics import Metrics, RequestMetrics
from coordinator.web_api.openapi import describe
from coordinator.web_api.pages import add_pages
from coordinator.web_api.parts import Parts
from coordinator.web_api.security import bearer_of, verify_token
from shared import subjects
from shared.errors import Unavailable
from shared.tokens import Claims

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
"""What goes on in the background until it is cancelled."""

RESTART_PAUSE_S: Final = 1.0
CANCEL_AGAIN_S: Final = 0.5


def create_app(config: CoordinatorConfig) -> FastAPI:
    """The application; it opens its parts at startup and closes them at shutdown.

    Startup raises `ConfigError` for unusable keys or settings, `Unavailable` if the database cannot be
    reached.
    """
    app = FastAPI(
        title="Proctor Edge coordinator",
        version=version("proctor"),
        description="Enrollments, sessions and alerts of proctored exams. People decide; software reports.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda app: _running(app, config),
    )
    metrics = app.state.metrics = Metrics()
    owed = app.state.owed = Owed()
    app.router.routes.extend(all_routes())
    add_pages(app, config.web.public_url, lambda: _signaling_urls(app))
    add_error_handlers(app)
    describe(app, ALL_EXAMPLES)
    app.add_middleware(BodyBound, authorise=_authorise)
    app.add_middleware(Audited, owed=owed)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(config.web.allowed_origins),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
    )
    app.add_middleware(Failures)
    app.add_middleware(SecurityHeaders, https=config.web.public_url.startswith("https://"))
    app.add_middleware(RequestMetrics, metrics=metrics)
    return app


@asynccontextmanager
async def _running(app: FastAPI, config: CoordinatorConfig) -> AsyncIterator[None]:
    parts = app.state.parts = build(config, app.state.metrics)
    following = following_masters(parts)
    try:
        await asyncio.to_thread(following.begin)
        await asyncio.to_thread(require_own_database, parts)
        await parts.writing(lambda db: nodes.seed(db, config.nodes, datetime.now(UTC)))
        await erasures.replay_journal(parts)
        await accepting.refresh(parts)
        await parts.verifier.refresh()
        booted, pages = sweeping.Booted(), Pages()
        await parts.lead.look()  # so that no heartbeat waits for it
        heartbeats, ingest = _background(parts, booted, pages)
        spreading = _spreading(parts)
        workers = _workers(parts)
        parts.hub.listen(subjects.ALL_HEARTBEATS, heartbeats.hear, shared=False)
        parts.fleet.listening_since = parts.clock()
        works = {
            "hub": parts.hub.run,
            "ingest": ingest.run,
            "lead": parts.lead.run,
            "master keys": lambda: following.run(parts.clock),
            "spreading": spreading.run,
            "pages": lambda: pages.run(parts),
            "deliveries": workers.run,
            **_followed(parts, workers),
            "audit log": lambda: chaining.run(parts, app.state.owed),
            **_works(parts, booted),
        }
        tasks = [asyncio.create_task(_kept_running(name, work)) for name, work in works.items()]
        try:
            yield
        finally:
            await _stopped(tasks)
            with suppress(Unavailable):
                await asyncio.to_thread(app.state.owed.settle, parts)
    finally:
        await asyncio.to_thread(following.close)
        for issuer in parts.issuers.values():
            await issuer.close()
        if parts.traces is not None:
            await parts.traces.close()
        parts.database.close()


def _background(parts: Parts, booted: sweeping.Booted, pages: Pages) -> tuple[Heartbeats, Ingest]:
    def tell(stored: Sequence[Stored]) -> None:
        for one in stored:
            parts.rooms.tell(one.session_id, one.shown, one.revision)

    signing, metrics = parts.keys.signing_keys, parts.metrics
    hosts = Hosts(parts.hub, parts.database, parts.signers, signing)
    heartbeats = Heartbeats(
        parts.database,
        parts.fleet,
        parts.signers,
        signing,
        booted.note,
        on_heard=pages.heard,
        leads=lambda: parts.lead.leads,
        hosts=hosts,
    )
    ingest = Ingest(parts.hub, parts.alert_stream, store_of(parts), signing, tell, parts.traces)
    metrics.read_counts(
        "coordinator_alert_messages", "Alert messages by treatment and reason.", ingest.counts
    )
    if parts.traces is not None:
        metrics.read_counts("coordinator_trace_spans", "Spans of traces by result.", parts.traces.counts)
    metrics.read_counts("coordinator_heartbeats", "Heartbeats by result.", heartbeats.counts)
    metrics.read_counts("coordinator_node_hosts", "Hosts that became a node, or were refused.", hosts.counts)
    metrics.read_counts("coordinator_hub_events", "Events of the hub's connection.", parts.hub.counts)
    metrics.read_each(
        "coordinator_hub_certificate_end_seconds",
        "When the hub's certificate ends, in seconds of the epoch; nothing without TLS.",
        (),
        lambda: {} if (ends_s := parts.hub.certificate_ends_s) is None else {(): ends_s},
    )
    _read_nodes(parts)
    metrics.read("coordinator_live_listeners", "Open live sockets.", lambda: parts.rooms.listeners)
    metrics.read(
        "coordinator_live_slow",
        "Live sockets closed because the client was too slow.",
        lambda: parts.rooms.slow,
    )
    metrics.read("coordinator_requests_refused_by_rate", "429 answers.", lambda: parts.rates.refused)
    return heartbeats, ingest


def _spreading(parts: Parts) -> Spreading:
    spreading = Spreading(parts)
    parts.metrics.read_counts(
        "coordinator_spread", "Messages between coordinators by result.", spreading.counts
    )
    parts.metrics.read("coordinator_others", "Other coordinators heard lately.", lambda: spreading.others)
    parts.metrics.read("coordinator_leads", "1 while this coordinator leads.", lambda: parts.lead.leads)
    return spreading


def _read_nodes(parts: Parts) -> None:
    metrics = parts.metrics
    for gauge in GAUGES:
        metrics.read_each(gauge.name, gauge.text, LABELS, partial(_now_of, parts, gauge))
    metrics.read(
        "coordinator_alert_consumer_depth",
        "Alert messages that waited in the stream at the last fetch.",
        lambda: parts.alert_stream.pending,
    )


def _now_of(parts: Parts, gauge: Gauge) -> Values:
    return gauge.read(parts.fleet, parts.clock())


def _workers(parts: Parts) -> Workers:
    workers = Workers(parts)
    parts.metrics.read_counts(
        "coordinator_deliveries", "Deliveries to institutions' systems by result of a try.", workers.counts
    )
    return workers


def _followed(parts: Parts, workers: Workers) -> dict[str, Work]:
    if (section := parts.config.deliveries.grpc) is None:
        return {}
    from coordinator.following.serving import Serving  # h2 and protobuf, only where they are needed

    serving = Serving(parts, section, workers.counts)
    parts.metrics.read(
        "coordinator_followers", "Open connections of programs that follow.", lambda: serving.open
    )
    return {"deliveries over gRPC": serving.run}


def _works(parts: Parts, booted: sweeping.Booted) -> dict[str, Work]:
    """What is done besides, and what one coordinator alone does of several on a database."""
    account = parts.hub_account
    led: dict[str, Work] = {
        "sweep": lambda: sweeping.run(parts, booted),
        "transcript keys": lambda: expiring.run(parts),
        "settings": lambda: settings.run(parts),
        "signing keys": lambda: succeeding.run(parts),
        "rollouts": lambda: rollouts.run(parts),
        "erasures": lambda: erasures.run(parts),
        **_backups(parts),
    }
    return {
        "token keys": parts.verifier.run,
        "nodes": lambda: accepting.run(parts),
        "retention": lambda: erasing.run(parts),
        "erasure journal": lambda: erasures.keep_journal(parts),
        **({"hub account": account.link.run} if account else {}),
        **{name: partial(parts.lead.while_leading, work) for name, work in led.items()},
    }


def _backups(parts: Parts) -> dict[str, Work]:
    if parts.config.backup is None:
        return {}
    maker, latest = maker_of(parts.config, parts.database, parts.keys), backing_up.Latest({})
    parts.metrics.read_each(
        "coordinator_backup_time_seconds",
        "When the last good backup was made, by kind, in seconds since 1970; only where a coordinator leads.",
        ("kind",),
        lambda: latest.times.copy(),
    )
    return {"backups": lambda: backing_up.run(parts, maker, latest)}


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("background work failed; restarting it", extra={"task": name})
        await asyncio.sleep(RESTART_PAUSE_S)


async def _stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        # A library may swallow a cancellation, so cancel again.
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


async def _authorise(request: Request) -> Claims:
    return await verify_token(request.app.state.parts, bearer_of(request))


def _signaling_urls(app: FastAPI) -> list[str]:
    parts: Parts = app.state.parts
    return [state.heartbeat.signaling_url for state in parts.fleet.online(parts.clock())]
