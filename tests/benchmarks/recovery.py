"""How soon everything is back after kill -9, and what a backlog costs those who are not concerned.

`[ALERTS]` is the size of the backlog, 5,000 if not given. A whole installation of real programs is killed and
started again as a supervisor does, at once. Then a coordinator finds a backlog of one session in the hub and
stores it, while somebody else reads and writes over REST.

Where more wants to run than there are cores, the wall clock tells of the others, and nothing is asked of it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil
from sqlmodel import func, select

from coordinator import schema, serving
from coordinator.alerts.tables import StoredAlert
from coordinator.config import CoordinatorConfig
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events.types import EventType
from shared.tokens import Claims, Role, issue
from tests.benchmarks._figures import Figure
from tests.support.eventually import cancelled
from tests.support.exam_site import NODE_ID, NODE_KEY, site_config
from tests.support.fake_node import FakeNode, fake_node
from tests.support.findings import alert
from tests.support.mortal import Mortal
from tests.support.nats import nats_server
from tests.support.ports import reserved_port
from tests.support.whole import Whole, wait_until, whole

ALERTS: Final = 5_000
APART_S: Final = 30.0
EVERY_S: Final = 0.02
IDLE_S: Final = 10.0
BOUND_START_S: Final = 5.0
BOUND_BACK_S: Final = 10.0
BOUND_P99_S: Final = 0.05
BEGAN: Final = datetime(2026, 11, 22, 14, tzinfo=UTC)


def run(arguments: Sequence[str]) -> list[Figure]:
    """The figures of killed programs, then those of a backlog."""
    alerts = int(arguments[0]) if arguments else ALERTS
    with tempfile.TemporaryDirectory() as folder, whole(Path(folder)) as site:
        figures = _killed(site)
    with tempfile.TemporaryDirectory() as folder:
        return figures + asyncio.run(_backlog(Path(folder), alerts))


def _killed(site: Whole) -> list[Figure]:
    site.start("CAND-killed")
    wait_until(lambda: site.metric("active_exam_sessions") == 1, "the session")
    began_s = time.monotonic()
    site.kill("proctor-edge")
    site.restart("proctor-edge")
    node = psutil.Process(site.pid("proctor-edge"))
    ready_s, own_s = time.monotonic() - began_s, _processor_s(node)
    wait_until(lambda: site.metric("active_exam_sessions") == 1, "the session goes on")
    again_s = time.monotonic() - began_s
    began_s = time.monotonic()
    site.kill("proctor-coordinator")
    site.restart("proctor-coordinator")
    answers_s = time.monotonic() - began_s
    wait_until(site.online, "the node is heard")
    return [
        _timed("node, start-up: processor", own_s, BOUND_START_S),
        _timed("node, killed: answers again", ready_s, BOUND_BACK_S),
        _timed("node, killed: has its session again", again_s, BOUND_BACK_S),
        _timed("coordinator, killed: answers again", answers_s, BOUND_BACK_S),
        _timed("coordinator, killed: hears the node again", time.monotonic() - began_s, BOUND_BACK_S),
    ]


def _processor_s(process: psutil.Process) -> float:
    """Of the process and its children, those that have ended included."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


@dataclass(slots=True)
class _Neighbour:
    """Somebody who reads and writes over REST and has nothing to do with the backlog."""

    http: httpx.AsyncClient
    read_s: list[float] = field(default_factory=list)
    written_s: list[float] = field(default_factory=list)
    _number: int = 0

    async def live(self) -> None:
        """Ask again and again, until cancelled: five times for a list, then to make an exam."""
        while True:
            for _ in range(5):
                self.read_s.append(await self._took(self.http.get("/api/v1/exams")))
            self._number += 1
            body = {"exam_id": f"NEW-{self._number}", "title": "another exam"}
            self.written_s.append(await self._took(self.http.post("/api/v1/exams", json=body)))

    def forget(self) -> None:
        self.read_s, self.written_s = [], []

    async def _took(self, asked: Awaitable[httpx.Response]) -> float:
        began_s = time.monotonic()
        (await asked).raise_for_status()
        took_s = time.monotonic() - began_s
        await asyncio.sleep(EVERY_S)
        return took_s


async def _backlog(folder: Path, alerts: int) -> list[Figure]:
    (folder / "nats").mkdir()
    database = Database(f"sqlite:///{folder}/coordinator.db")
    schema.upgrade(database)
    with nats_server(folder / "nats", [NODE_ID]) as hub:
        config = site_config(f"sqlite:///{folder}/coordinator.db", hub, folder, port=reserved_port())
        roomy = config.nats.model_copy(update={"stream_max_bytes": 256 * 2**20})
        config = config.model_copy(update={"nats": roomy})
        coordinator = Mortal(config.web.port, folder / "coordinator.log", serving.run, config)
        keys = make_own_keys(config.data_folder, None)
        async with fake_node(hub, NODE_ID, NODE_KEY) as node, _api(config, keys) as http:
            node.commander = keys.signing.public_key()
            await asyncio.to_thread(coordinator.start)
            try:
                await _session(http, node)
                coordinator.kill()
                for number in range(alerts):
                    await _found(node, number)
                await asyncio.to_thread(coordinator.start)
                return await _drained(http, database, alerts)
            finally:
                coordinator.kill()
                database.close()


async def _drained(http: httpx.AsyncClient, database: Database, alerts: int) -> list[Figure]:
    neighbour, began_s = _Neighbour(http), time.monotonic()
    living = asyncio.create_task(neighbour.live())
    while await asyncio.to_thread(_stored, database) < alerts and not living.done():  # noqa: ASYNC110
        await asyncio.sleep(0.25)
    took_s = time.monotonic() - began_s
    read_s, written_s = neighbour.read_s, neighbour.written_s
    neighbour.forget()
    await asyncio.wait({living}, timeout=IDLE_S)
    await cancelled(living)
    figures = [
        Figure(
            f"backlog of {alerts:,} alerts of one session: a second",
            f"{alerts / took_s:.0f}",
            measured_on=f"SQLite, {_load()}",
        )
    ]
    for what, beside_s, alone_s in (
        ("read", read_s, neighbour.read_s),
        ("written", written_s, neighbour.written_s),
    ):
        bound_s = max(BOUND_P99_S, 2 * _p99(alone_s))
        figures += [
            Figure(f"neighbour, {what}, alone: p99 (s)", f"{_p99(alone_s):.3f}", measured_on=_load()),
            _timed(f"neighbour, {what}, beside the backlog: p99", _p99(beside_s), bound_s),
        ]
    return figures


def _stored(database: Database) -> int:
    with database.read() as db:
        return db.exec(select(func.count()).select_from(StoredAlert)).one()


def _api(config: CoordinatorConfig, keys: OwnKeys) -> httpx.AsyncClient:
    who = Claims(subject="platform", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
    now, hour = datetime.now(UTC), timedelta(hours=1)
    token = issue(who, keys.token, key_id=keys.token_key_id, now_utc=now, lifetime=hour)
    bearer = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{config.web.port}", headers=bearer, timeout=60)


async def _session(http: httpx.AsyncClient, node: FakeNode) -> None:
    body = {"exam_session_id": "SESS-1", "candidate_id": "CAND-1", "exam_id": "EXAM"}
    response = None
    while response is None or response.status_code == 503:
        with suppress(Exception):  # the coordinator may not listen to the hub yet
            await node.beat()
        response = await http.post("/api/v1/session/start", json=body | {"allow_unregistered": True})
    response.raise_for_status()


async def _found(node: FakeNode, number: int) -> None:
    start, onset_s = node.obeyed.newest, APART_S * number
    onset = BEGAN + timedelta(seconds=onset_s)
    times = {"onset": onset, "raised": onset, "cleared": onset + timedelta(seconds=1)}
    one = alert(start, node, EventType.MULTIPLE_FACES, onset_s)
    await node.publish(one.model_copy(update={**times, "evidence_pictures": ()}), start, 2)


def _timed(name: str, value_s: float, bound_s: float) -> Figure:
    holds = None if os.getloadavg()[0] > (os.cpu_count() or 1) else value_s <= bound_s
    return Figure(f"{name} (s)", f"{value_s:.3g}", f"≤ {bound_s:.3g}", holds, _load())


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _p99(values_s: Sequence[float]) -> float:
    ordered = sorted(values_s)
    return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
