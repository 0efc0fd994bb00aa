"""The coordinator's side of the wire over a real nats-server, and a node's narrow connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.client import Client

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.arriving.ingest import Ingest
from coordinator.arriving.intake import AlertStore
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys, make_own_keys
from coordinator.nodes import service as nodes
from coordinator.nodes.alert_stream import CALLER, AlertStream
from coordinator.nodes.commands import Commander
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.heartbeats import Heartbeats
from coordinator.nodes.stream import StreamSettings
from shared import subjects
from shared.events.types import Lane
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import Password
from shared.messages.heartbeats import OutboxState
from shared.sealing import pack
from shared.traces.exporting import Traces
from tests.support.eventually import PATIENCE_S, cancelled
from tests.support.heartbeats import idle_heartbeat
from tests.support.nats import RunningServer, nats_server, node_password
from tests.support.sittings import START, EdgeNode, Sitting, sit


@dataclass(frozen=True)
class Link:
    """The coordinator's side of the wire, running."""

    hub: HubLink
    heartbeats: Heartbeats
    commander: Commander
    ingest: Ingest


@dataclass(frozen=True)
class Centre:
    """What a coordinator is made of; `linked` runs it."""

    database: Database
    keys: OwnKeys
    server: RunningServer
    node: EdgeNode
    next_node: EdgeNode

    @property
    def store(self) -> AlertStore:
        signers = {node.node_id: node.signing.public_key() for node in (self.node, self.next_node)}
        return AlertStore(self.database, self.keys.keyring, signers)

    def hub(self) -> HubLink:
        address = HubAddress(url=self.server.url, login=Password(self.server.user, self.server.password))
        return HubLink(address, CALLER)

    def stream(self, hub: HubLink) -> AlertStream:
        return AlertStream(hub, StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=1.0))

    @asynccontextmanager
    async def linked(
        self, told: list[Stored] | None = None, traces: Traces | None = None
    ) -> AsyncIterator[Link]:
        def on_stored(new: Sequence[Stored]) -> None:
            if told is not None:
                told.extend(new)

        hub, fleet, signers = self.hub(), Fleet(), self.store.signers
        heartbeats = Heartbeats(self.database, fleet, signers, self.keys.signing)
        hub.listen(subjects.ALL_HEARTBEATS, heartbeats.hear)
        commander = Commander(hub, fleet, signers, self.keys.signing)
        ingest = Ingest(hub, self.stream(hub), self.store, self.keys.signing, on_stored, traces)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work.run()) for work in (hub, ingest)]
            async with asyncio.timeout(PATIENCE_S):
                await hub.wait_connected()
            try:
                yield Link(hub, heartbeats, commander, ingest)
            finally:
                await cancelled(*running)


@asynccontextmanager
async def edge(server: RunningServer, node: EdgeNode) -> AsyncIterator[Client]:
    """The node's own, narrow connection."""
    client = await nats.connect(
        server.url,
        user=str(node.node_id),
        password=node_password(node.node_id),
        inbox_prefix=subjects.inbox_prefix(node.node_id),
    )
    try:
        yield client
    finally:
        await client.close()


async def send(client: Client, sitting: Sitting, sequence: int, onset_s: float) -> None:
    alert = sitting.alert(onset_s=onset_s)
    await client.jetstream().publish(sitting.subject(alert), sitting.message(alert, sequence))


def stored(centre: Centre, sitting: Sitting) -> list[Stored]:
    with centre.database.read() as db:
        return alerts.timeline(db, centre.keys.keyring, sitting.session)


def heartbeat(node: EdgeNode, *outboxes: OutboxState) -> bytes:
    about = idle_heartbeat(node.node_id, node.sealing_text, region="local", outbox=outboxes)
    return pack(about.model_dump(mode="json"), b"", node.signing)


def lane_state(node: EdgeNode, last: int, first_waiting: int = 1) -> OutboxState:
    return OutboxState(
        outbox_id=node.outbox_id,
        lane=Lane.CONDUCT,
        last_sequence=last,
        waiting=last,
        dropped=0,
        first_waiting=first_waiting,
    )


@pytest.fixture
def node() -> EdgeNode:
    return EdgeNode()


@pytest.fixture
def next_node(database: Database) -> EdgeNode:
    """A node that watches nothing yet."""
    made = EdgeNode()
    with database.write() as db:
        nodes.seed(db, [made.section], START)
    return made


@pytest.fixture
def server(tmp_path: Path, node: EdgeNode, next_node: EdgeNode) -> Iterator[RunningServer]:
    folder = tmp_path / "nats"
    folder.mkdir()
    with nats_server(folder, [node.node_id, next_node.node_id]) as running:
        yield running


@pytest.fixture
def keys(tmp_path: Path) -> OwnKeys:
    return make_own_keys(tmp_path / "keys", None)


@pytest.fixture
def sitting(database: Database, keys: OwnKeys, node: EdgeNode) -> Sitting:
    return sit(database, keys.keyring, node)


@pytest.fixture
def centre(
    database: Database, keys: OwnKeys, server: RunningServer, node: EdgeNode, next_node: EdgeNode
) -> Centre:
    return Centre(database, keys, server, node, next_node)
