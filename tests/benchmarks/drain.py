"""A backlog that waits at the hub when the coordinator comes back, and single alerts after it.

`python -m tests.benchmarks drain [ALERTS [DATABASE…]]`. All is on: the alerts are signed and sealed with
their pictures, and the whole application verifies, opens, groups, writes down and stores them. None may be
missing or doubled, and each session's alerts are stored in their order. Then `PER_S` alerts a second come for
a while: how long each takes from the node's publishing until the mark that covers it is back there, which the
coordinator sends after its commit.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlmodel import func, select

from coordinator import schema
from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.app import create_app
from coordinator.arriving.tables import ParkedMessage
from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.web_api.parts import Parts
from shared import subjects
from shared.events.types import Lane
from shared.messages.heartbeats import Marks
from shared.messages.message import parse
from shared.sealing import unpack
from tests.benchmarks._databases import DATABASES
from tests.benchmarks._figures import Figure
from tests.benchmarks.coordinator import delivery_of, quantile
from tests.support.centre import edge
from tests.support.eventually import until
from tests.support.exam_site import site_config
from tests.support.nats import RunningServer, nats_server
from tests.support.sittings import EdgeNode, Sitting, sit

ALERTS: Final = 100_000
NODES: Final = 4
SESSIONS: Final = 64
PER_S: Final = 50
FOR_S: Final = 20
BOUND_MS: Final = 250.0
"""p99 from the node to the mark."""
AT_ONCE: Final = 256
"""Messages that are published and not yet acknowledged."""
LOOK_S: Final = 0.5
_PLACED: Final = StoredAlert.id, StoredAlert.session_id, StoredAlert.onset_utc, StoredAlert.received_utc


@dataclass(frozen=True, slots=True)
class Drained:
    """How it went: seconds since its beginning, processor seconds of the application's process, and how many
    were stored by then."""

    wall_s: float
    own_s: float
    stored: int


def run(arguments: Sequence[str]) -> list[Figure]:
    alerts = int(arguments[0]) if arguments else ALERTS
    figures: list[Figure] = []
    for name in arguments[1:] or DATABASES:
        try:
            with DATABASES[name]() as (url, folder):
                figures += asyncio.run(_measure(name, url, folder, alerts))
        except pytest.skip.Exception as missing:
            sys.stdout.write(f"drain on {name}: SKIPPED, {missing.msg}\n")
    return figures


async def _measure(name: str, url: str, folder: Path, alerts: int) -> list[Figure]:
    database = Database(url)
    schema.upgrade(database)
    database.close()
    (folder / "nats").mkdir()
    nodes = [EdgeNode() for _ in range(NODES)]
    with nats_server(folder / "nats", [one.node_id for one in nodes]) as hub:
        config = _config(url, hub, folder, nodes)
        keys = make_own_keys(config.data_folder, None)
        async with _application(config) as parts:  # the stream is made, and the sessions are there
            await until(lambda: parts.hub.connected, "the coordinator is at the hub")
            sittings = await asyncio.to_thread(_sat, parts.database, keys, nodes)
        wanted = await _queued(hub, sittings, alerts)
        async with _application(config) as parts:
            course = await _drain(parts.database, alerts)
            faults = await asyncio.to_thread(_faults, parts.database, wanted)
            took_ms = await _single(hub, sittings[0], alerts)
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    quarters = ", ".join(f"{rate:,.0f}" for rate in _quarters(course))
    last = course[-1]
    on = f"{name}, {alerts:,} alerts of {SESSIONS} sessions, {load}"
    sys.stdout.write(
        f"{on}: {last.stored / last.wall_s:,.0f} a second, {last.stored / last.own_s:,.0f} per core second "
        f"(by quarters {quarters}); faults: {faults}\n"
        f"  {PER_S} a second for {FOR_S} s: p50 {quantile(took_ms, 0.5):.0f} ms, "
        f"p99 {quantile(took_ms, 0.99):.0f} ms\n"
    )
    return [
        Figure.at_most("alerts lost, doubled, refused or out of order", float(sum(faults.values())), 0.0, on),
        Figure("a backlog drained", f"{last.stored / last.own_s:,.0f} per core second", measured_on=on),
        Figure.at_most(f"edge to stored at {PER_S}/s, p99 (ms)", quantile(took_ms, 0.99), BOUND_MS, on),
    ]


def _config(url: str, hub: RunningServer, folder: Path, nodes: Sequence[EdgeNode]) -> CoordinatorConfig:
    config = site_config(url, hub, folder)
    room = config.nats.model_copy(update={"stream_max_bytes": 16 * 2**30})
    return config.model_copy(update={"nats": room, "nodes": tuple(one.section for one in nodes)})


@asynccontextmanager
async def _application(config: CoordinatorConfig) -> AsyncIterator[Parts]:
    app = create_app(config)
    async with app.router.lifespan_context(app), httpx.AsyncClient():
        yield app.state.parts


def _sat(database: Database, keys: OwnKeys, nodes: Sequence[EdgeNode]) -> list[Sitting]:
    return [
        sit(database, keys.keyring, nodes[number % NODES], f"DRAIN-{number}") for number in range(SESSIONS)
    ]


async def _queued(hub: RunningServer, sittings: Sequence[Sitting], alerts: int) -> set[UUID]:
    """Publish the backlog as its nodes do; the ids of its alerts."""
    ids: set[UUID] = set()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(edge(hub, one.node)) for one in sittings[:NODES]]
        sending: list[asyncio.Future[object]] = []
        for number, (sitting, client) in enumerate(_turns(sittings, clients, alerts)):
            alert_number = number // SESSIONS
            made = delivery_of(sitting, alert_number, number // NODES + 1)
            ids.add(sitting.alert(30.0 * alert_number).event_id)
            js = client.jetstream()
            sending.append(asyncio.ensure_future(js.publish(made.subject, made.data, timeout=60)))
            if len(sending) == AT_ONCE:
                await asyncio.gather(*sending)
                sending.clear()
        await asyncio.gather(*sending)
    return ids


def _turns(
    sittings: Sequence[Sitting], clients: Sequence[Client], alerts: int
) -> Iterator[tuple[Sitting, Client]]:
    for number in range(alerts):
        yield sittings[number % SESSIONS], clients[number % NODES]


async def _drain(database: Database, alerts: int) -> list[Drained]:
    wall, own = time.perf_counter(), time.process_time()
    course: list[Drained] = []
    while not course or course[-1].stored < alerts:
        await asyncio.sleep(LOOK_S)
        stored = await asyncio.to_thread(_count, database)
        course.append(Drained(time.perf_counter() - wall, time.process_time() - own, stored))
        if len(course) > 1_000 and course[-1].stored == course[-1_000].stored:
            break  # the rest is lost, and the figures say so
    return course


def _count(database: Database) -> int:
    with database.read() as db:
        return db.exec(select(func.count()).select_from(StoredAlert)).one()


def _quarters(course: Sequence[Drained]) -> Iterator[float]:
    """Alerts per core second, by quarters of the backlog."""
    before = Drained(0.0, 0.0, 0)
    for quarter in range(1, 5):
        after = next(one for one in course if one.stored >= course[-1].stored * quarter / 4)
        yield (after.stored - before.stored) / max(after.own_s - before.own_s, 1e-9)
        before = after


def _faults(database: Database, wanted: set[UUID]) -> dict[str, int]:
    with database.read() as db:
        rows = db.exec(select(*_PLACED)).all()
        refused = len(db.exec(select(RefusedAlert)).all()) + len(db.exec(select(ParkedMessage)).all())
    ids = Counter(one[0] for one in rows)
    late, newest = 0, dict.fromkeys((one[1] for one in rows), min(one[3] for one in rows))
    for _, session_id, _, received_utc in sorted(rows, key=lambda one: one[2]):
        late += received_utc < newest[session_id]
        newest[session_id] = max(received_utc, newest[session_id])
    return {
        "lost": len(wanted - set(ids)),
        "doubled": ids.total() - len(ids) + len(set(ids) - wanted),
        "refused": refused,
        "out of order": late,
    }


async def _single(hub: RunningServer, sitting: Sitting, backlog: int) -> list[float]:
    """Milliseconds from publishing to the mark, of alerts that come one by one."""
    first = backlog // NODES + 1
    sent: dict[int, float] = {}
    took: list[float] = []

    async def marked(message: Msg) -> None:
        now = time.perf_counter()
        for mark in parse(Marks, unpack(message.data).header).marks:
            if mark.lane is Lane.CONDUCT:
                covered = [number for number in sent if number <= mark.sequence]
                took.extend(1000 * (now - sent.pop(number)) for number in covered)

    async with edge(hub, sitting.node) as client:
        await client.subscribe(subjects.mark(sitting.node.node_id), cb=marked)
        began = time.perf_counter()
        for number in range(PER_S * FOR_S):
            made = delivery_of(sitting, backlog + number, first + number)
            await asyncio.sleep(max(0.0, began + number / PER_S - time.perf_counter()))
            sent[first + number] = time.perf_counter()
            await client.publish(made.subject, made.data)
        await until(lambda: not sent, "the last mark")
    return took
