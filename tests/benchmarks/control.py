"""What the coordinator's process costs per session while exams run, at more and more sessions.

`python -m tests.benchmarks control [SESSIONS…]`. The coordinator is a program of its own on SQLite, the hub
a real one; `PER_NODE` sessions share a node. Every `BEAT_S` each node says a heartbeat with all its sessions
and saves the state of each at the hub, and a session raises `ALERTS_PER_HOUR` alerts. Nobody looks at a page.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator import schema, serving
from coordinator.config import CoordinatorConfig, NodeSection
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.messages.sessions import StartSession
from shared.sealing import signing_public_text
from shared.tokens import Claims, Role, issue
from tests.benchmarks._figures import Figure
from tests.support.alerts import alert
from tests.support.as_ordered import heard
from tests.support.eventually import cancelled
from tests.support.exam_site import ACKNOWLEDGED, site_config
from tests.support.fake_node import FakeNode, fake_node
from tests.support.mortal import Mortal
from tests.support.nats import RunningServer, nats_server
from tests.support.ports import reserved_port

SESSIONS: Final = (50, 200, 500)
PER_NODE: Final = 8
BEAT_S: Final = 5.0
ALERTS_PER_HOUR: Final = 12
WATCHED_S: Final = 30.0
STATE: Final[dict[str, object]] = {"state": "x" * 6_000}
"""About as long as a session's state is."""
ASKED_S: Final = 60.0
AT_ONCE: Final = 4
TRIES: Final = 60
WHOLE_CORE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a stretch of time, in cores."""

    sessions: int
    coordinator: float
    hub: float


@dataclass
class Stand:
    """The coordinator, its hub and the nodes."""

    program: Mortal
    hub: RunningServer
    http: httpx.AsyncClient
    nodes: list[FakeNode]


def run(arguments: Sequence[str]) -> list[Figure]:
    sizes = tuple(map(int, arguments)) or SESSIONS
    costs = asyncio.run(_measure(sizes))
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    for one in costs:
        sys.stdout.write(
            f"{one.sessions} sessions on {-(-one.sessions // PER_NODE)} nodes: coordinator "
            f"{100 * one.coordinator:.1f} % of a core, {1000 * one.coordinator / one.sessions:.2f} ms a "
            f"second and session; hub {100 * one.hub:.1f} %\n"
        )
    return [
        Figure.at_most(
            f"coordinator at {one.sessions} sessions (cores)", one.coordinator, WHOLE_CORE, f"SQLite, {load}"
        )
        for one in costs
    ]


async def _measure(sizes: Sequence[int]) -> list[Cost]:
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as name:
        async with _stand(Path(name), -(-max(sizes) // PER_NODE)) as stand:
            costs, begun = [], 0
            for size in sizes:
                await _begin(stand, range(begun, size))
                begun = size
                costs.append(await _cost(stand, size))
            return costs


@asynccontextmanager
async def _stand(folder: Path, nodes: int) -> AsyncIterator[Stand]:
    identities = {uuid4(): Ed25519PrivateKey.generate() for _ in range(nodes)}
    (folder / "nats").mkdir()
    async with AsyncExitStack() as stack:
        hub = stack.enter_context(nats_server(folder / "nats", list(identities)))
        config = _config(folder, hub, identities)
        keys = make_own_keys(config.data_folder, None)
        database = Database(config.database)
        schema.upgrade(database)
        database.close()
        program = Mortal(config.web.port, folder / "coordinator.log", serving.run, config)
        await asyncio.to_thread(program.start)
        stack.callback(program.kill)
        opened = [
            await stack.enter_async_context(fake_node(hub, node_id, key))
            for node_id, key in identities.items()
        ]
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{config.web.port}/api/v1",
                headers={"Authorization": f"Bearer {_staff(keys)}"},
                timeout=ASKED_S,
            )
        )
        living = [asyncio.create_task(_live(one)) for one in opened]
        try:
            yield Stand(program, hub, http, opened)
        finally:
            await cancelled(*living)


def _config(folder: Path, hub: RunningServer, identities: dict[UUID, Ed25519PrivateKey]) -> CoordinatorConfig:
    own = site_config(f"sqlite:///{folder / 'coordinator.db'}", hub, folder, port=reserved_port())
    sections = tuple(
        NodeSection(node_id=one, region="test", signing_key=signing_public_text(key.public_key()))
        for one, key in identities.items()
    )
    return own.model_copy(update={"nodes": sections})


def _staff(keys: OwnKeys) -> str:
    who = Claims(subject="platform", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
    day = timedelta(hours=2)
    return issue(who, keys.token, key_id=keys.token_key_id, now_utc=datetime.now(UTC), lifetime=day)


async def _live(node: FakeNode) -> None:
    """A node's part in the traffic, until cancelled."""
    await asyncio.sleep(BEAT_S * random.random())
    while True:
        began = asyncio.get_running_loop().time()
        orders = {one.session_id: one for one in (*node.obeyed.started, *node.obeyed.changed)}
        node.sessions = tuple(heard(one) for one in orders.values())
        await node.beat()
        for order in orders.values():
            await node.save(order, STATE)
            if random.random() < ALERTS_PER_HOUR * BEAT_S / 3_600:
                await _raise(node, order)
        await asyncio.sleep(max(0.0, began + BEAT_S - asyncio.get_running_loop().time()))


async def _raise(node: FakeNode, order: StartSession) -> None:
    now, at_s = datetime.now(UTC), round(asyncio.get_running_loop().time(), 3)
    told = {
        "exam_session_id": order.exam_session_id,
        "candidate_id": order.candidate_id,
        "exam_id": order.exam_id,
        "onset": now - timedelta(seconds=5),
        "raised": now,
    }
    await node.publish(alert(order.session_id, at_s).model_copy(update=told), order)


async def _begin(stand: Stand, numbers: Sequence[int]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def begin(number: int) -> None:
        body = {
            "exam_session_id": f"SESS-{number}",
            "candidate_id": f"CAND-{number}",
            "exam_id": "EXAM-1",
            "acknowledged": ACKNOWLEDGED,
            "allow_unregistered": True,
        }
        async with turn:
            for _ in range(TRIES):
                answer = await stand.http.post("/session/start", json=body)
                if answer.status_code not in (429, 503):
                    break
                await asyncio.sleep(1.0)
        assert answer.status_code == 201, answer.text

    await asyncio.gather(*map(begin, numbers))


async def _cost(stand: Stand, sessions: int) -> Cost:
    await asyncio.sleep(2 * BEAT_S)  # every node has said all its sessions
    processes = [psutil.Process(stand.program.pid), psutil.Process(stand.hub.pid)]
    before, began = [_spent_s(one) for one in processes], asyncio.get_running_loop().time()
    await asyncio.sleep(WATCHED_S)
    lasted = asyncio.get_running_loop().time() - began
    shares = [(_spent_s(one) - was) / lasted for one, was in zip(processes, before, strict=True)]
    return Cost(sessions, *shares)


def _spent_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
