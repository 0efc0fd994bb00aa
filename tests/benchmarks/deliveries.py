"""How many alerts a second reach a webhook, a Kafka topic and a program that follows, from the outbox to the
stored result.

`python -m tests.benchmarks deliveries [ALERTS [SESSIONS]]`. The receiver is a program of its own on this
machine; "own" counts this process's processor time, with the Kafka library's threads. Database: SQLite.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from coordinator import schema
from coordinator.alerts import service as alerts
from coordinator.alerts.service import Written
from coordinator.deliveries.schedule import Pace
from coordinator.deliveries.working import Workers
from coordinator.destinations.tables import Destination
from coordinator.ground.database import Database
from coordinator.ground.keyring import Keyring
from shared.kafka_place import KafkaPlace, read_server
from tests.benchmarks._figures import Figure
from tests.support.follower import office
from tests.support.own_certificates import own_certificate
from tests.support.ports import reserved_port
from tests.support.told import Told, told

ALERTS: Final = 4_000
SESSIONS: Final = 100
BOUND: Final = 500.0
"""Deliveries a second of one core."""
BATCH: Final = 250
RECEIVER: Final = """
import asyncio, sys
class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.waiting = transport, b""
    def data_received(self, data):
        self.waiting += data
        while True:
            head, found, rest = self.waiting.partition(b"\\r\\n\\r\\n")
            if not found:
                return
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\\r\\n")[0])
            if len(rest) < length:
                return
            self.waiting = rest[length:]
            self.transport.write(b"HTTP/1.1 204 Taken\\r\\n\\r\\n")
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

TOPIC: Final = "proctoring"
CLUSTER: Final = """
import signal
from tests.support.kafka_cluster import KafkaCluster
cluster = KafkaCluster()
print(cluster.server, flush=True)
signal.pause()
"""
PROGRAM: Final = """
import sys
from pathlib import Path
import grpc
from coordinator.following.calls import ACKNOWLEDGE, FOLLOW
from coordinator.following.deliveries_pb2 import AcknowledgeRequest, Delivery, FollowRequest
port, count = sys.argv[1:3]
authority, certificate, key = (Path(one).read_bytes() for one in sys.argv[3:])
own = grpc.ssl_channel_credentials(authority, key, certificate)
with grpc.secure_channel(f"localhost:{port}", own) as channel:
    follow = channel.unary_stream(FOLLOW, FollowRequest.SerializeToString, Delivery.FromString)
    acknowledge = channel.unary_unary(ACKNOWLEDGE, AcknowledgeRequest.SerializeToString, bytes)
    told = follow(FollowRequest())
    for number in range(1, int(count) + 1):
        cursor = next(told).cursor
        if number % 256 == 0 or number == int(count):
            acknowledge(AcknowledgeRequest(cursor=cursor))
"""
Way = Callable[[Path, int, int], Coroutine[Any, Any, tuple[float, float]]]
"""Sends so many alerts of so many sessions; returns seconds by the clock and of this process."""


def run(arguments: Sequence[str]) -> list[Figure]:
    """Print a line for each way: the rate by the wall clock and by this process's own time."""
    count = int(arguments[0]) if arguments else ALERTS
    sessions = int(arguments[1]) if len(arguments) > 1 else SESSIONS
    ways = {"webhook": _by_webhook, "Kafka": _by_kafka, "gRPC": _by_grpc}
    return [_figure(name, way, count, sessions) for name, way in ways.items()]


def _figure(name: str, way: Way, count: int, sessions: int) -> Figure:
    folder = Path(tempfile.mkdtemp())
    try:
        database = Database(f"sqlite:///{folder / 'coordinator.db'}")
        schema.upgrade(database)
        database.close()
        wall_s, own_s = asyncio.run(way(folder, count, sessions))
    finally:
        shutil.rmtree(folder)
    text = f"{count} alerts of {sessions} sessions, SQLite, a local receiver of its own"
    sys.stdout.write(
        f"deliveries by {name}: {count} in {wall_s:.2f} s, own processor time {own_s:.2f} s: "
        f"{count / wall_s:.0f}/s by the clock, {count / own_s:.0f}/s of one core, "
        f"{1_000 * own_s / count:.2f} s of a core for 1,000\n"
    )
    return Figure.at_least(f"deliveries/s of one core by {name}", count / own_s, BOUND, text)


async def _by_kafka(folder: Path, count: int, sessions: int) -> tuple[float, float]:
    async with told(f"sqlite:///{folder / 'coordinator.db'}", folder) as site:
        cluster = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLUSTER, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert cluster.stdout is not None
            server = read_server((await cluster.stdout.readline()).decode().strip())
            destination = await site.topic(KafkaPlace((server,), TOPIC, tls=False))
            await _fill(site, count, sessions)
            return await _carried(site, destination, count)
        finally:
            cluster.kill()
            await cluster.wait()


async def _by_grpc(folder: Path, count: int, sessions: int) -> tuple[float, float]:
    async with (
        told(f"sqlite:///{folder / 'coordinator.db'}", folder) as site,
        office(site.parts, folder) as port,
    ):
        own = own_certificate()
        await port.destination(own)
        await _fill(site, count, sessions)
        (folder / "desk").mkdir()
        paths = (folder / "own.pem", *own.in_files(folder / "desk"))
        arguments = (str(port.port), str(count), *map(str, paths))
        wall, spent = time.perf_counter(), time.process_time()
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, *arguments)
        assert await program.wait() == 0
        assert port.counts == {"delivered": count}, port.counts
        return time.perf_counter() - wall, time.process_time() - spent


async def _by_webhook(folder: Path, count: int, sessions: int) -> tuple[float, float]:
    port = reserved_port()
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RECEIVER, str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert receiver.stdout is not None
        await receiver.stdout.readline()
        async with told(f"sqlite:///{folder / 'coordinator.db'}", folder) as site:
            destination, _ = await site.destination(f"http://127.0.0.1:{port}/hook")
            await _fill(site, count, sessions)
            return await _carried(site, destination, count)
    finally:
        receiver.kill()
        await receiver.wait()


async def _carried(site: Told, destination: Destination, count: int) -> tuple[float, float]:
    workers = Workers(site.parts, Pace())
    wall, own = time.perf_counter(), time.process_time()
    await workers.carry(destination.id)
    spent = time.perf_counter() - wall, time.process_time() - own
    assert workers.counts == {"delivered": count}, workers.counts
    return spent


async def _fill(site: Told, count: int, sessions: int) -> None:
    sittings = [site.sit(f"SESS-{number}") for number in range(sessions)]
    made = [
        Written(
            session=sittings[number % sessions].session,
            alert=sittings[number % sessions].alert(60.0 * (1 + number // sessions)),
            revision=1,
            node_id=site.node.node_id,
            epoch=1,
        )
        for number in range(count)
    ]
    keyring = site.parts.keys.keyring
    for first in range(0, count, BATCH):
        await site.parts.writing(partial(_store, keyring, made[first : first + BATCH]))


def _store(keyring: Keyring, batch: Sequence[Written], db: Session) -> None:
    alerts.store(db, keyring, batch, datetime.now(UTC))
