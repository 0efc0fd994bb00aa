"""From a node's outbox over a real nats-server into a real database, through crashes and absences."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from coordinator.alerts import service as alerts
from coordinator.alerts.intake import AlertStore
from coordinator.alerts.service import Stored
from coordinator.commands import Commander, Order
from coordinator.database import Database
from coordinator.heartbeats import RATE, Heartbeats
from coordinator.hub import Hub
from coordinator.ingest import Ingest
from coordinator.nodes.fleet import Fleet
from coordinator.own_keys import OwnKeys, make_own_keys
from coordinator.stream import MAX_ACK_PENDING, HubAddress, StreamSettings
from shared import subjects
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events import Lane
from shared.messages import CommandHeader, Heartbeat, Marks, OutboxState, ReplyHeader, parse
from shared.sealing import open_body, pack, unpack, verify
from tests.support.eventually import until
from tests.support.nats import RunningServer, nats_server, node_password
from tests.support.sittings import EdgeNode, Sitting, sit

PROGRAM = Path(__file__).parent / "dying_ingest.py"


@pytest.fixture
def node() -> EdgeNode:
    return EdgeNode()


@pytest.fixture
def server(tmp_path: Path, node: EdgeNode) -> Iterator[RunningServer]:
    folder = tmp_path / "nats"
    folder.mkdir()
    with nats_server(folder, [node.node_id]) as running:
        yield running


@pytest.fixture
def keys(tmp_path: Path) -> OwnKeys:
    return make_own_keys(tmp_path / "keys", None)


@pytest.fixture
def sitting(database: Database, keys: OwnKeys, node: EdgeNode) -> Sitting:
    return sit(database, keys.keyring, node)


@dataclass(frozen=True)
class Link:
    """The coordinator's side of the wire, running."""

    hub: Hub
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

    @property
    def store(self) -> AlertStore:
        signers = {self.node.node_id: self.node.signing.public_key()}
        return AlertStore(self.database, self.keys.keyring, signers)

    def hub(self) -> Hub:
        address = HubAddress(url=self.server.url, user=self.server.user, password=self.server.password)
        return Hub(address, StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=1.0))

    @asynccontextmanager
    async def linked(self, told: list[Stored] | None = None) -> AsyncIterator[Link]:
        def on_stored(new: Sequence[Stored]) -> None:
            if told is not None:
                told.extend(new)

        hub, fleet, signers = self.hub(), Fleet(), self.store.signers
        heartbeats = Heartbeats(self.database, fleet, signers, self.keys.signing)
        hub.listen(subjects.ALL_HEARTBEATS, heartbeats.hear)
        commander = Commander(hub, fleet, signers, self.keys.signing)
        ingest = Ingest(hub, self.store, self.keys.signing, on_stored)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work.run()) for work in (hub, ingest)]
            async with asyncio.timeout(20):
                await hub.wait_connected()
            try:
                yield Link(hub, heartbeats, commander, ingest)
            finally:
                for task in running:
                    task.cancel()


@pytest.fixture
def centre(database: Database, keys: OwnKeys, server: RunningServer, node: EdgeNode) -> Centre:
    return Centre(database, keys, server, node)


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
    about = Heartbeat(
        node_id=node.node_id,
        boot_id=uuid4(),
        sent_utc=datetime.now(UTC),
        region="local",
        sealing_key=node.sealing_text,
        signaling_url="ws://edge/signal",
        health=10,
        level=1,
        rating=4,
        device="cpu",
        models={},
        recognisers=(),
        outbox=outboxes,
    )
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


def test_alerts_are_stored_told_and_their_mark_comes_back(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        told: list[Stored] = []
        marks: list[int] = []

        async def marked(message: Msg) -> None:
            parcel = unpack(message.data)
            verify(parcel, centre.keys.signing.public_key())
            marks.extend(mark.sequence for mark in parse(Marks, parcel.header).marks)

        async with centre.linked(told), edge(centre.server, sitting.node) as client:
            await client.subscribe(subjects.mark(sitting.node.node_id), cb=marked)
            for n in (1, 2, 3):
                await send(client, sitting, n, onset_s=n)
            await until(lambda: marks and marks[-1] == 3, "the mark reaches 3")
        assert [new.alert for new in told] == [sitting.alert(onset_s=n) for n in (1, 2, 3)]
        assert [s.alert for s in stored(centre, sitting)] == [new.alert for new in told]
        assert marks == sorted(marks)

    asyncio.run(scenario())


def test_messages_played_again_are_stored_and_told_once(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        told: list[Stored] = []
        async with centre.linked(told) as link, edge(centre.server, sitting.node) as client:
            for _ in range(5):  # without a message id, as an attacker or a lost stream would
                await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["repeated"] == 4, "four repeats")
        assert (len(told), len(stored(centre, sitting))) == (1, 1)

    asyncio.run(scenario())


def test_tampered_messages_are_dropped_counted_and_do_not_stop_the_rest(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            tampered = bytearray(sitting.message(alert, 1))
            tampered[-1] ^= 1
            await client.jetstream().publish(sitting.subject(alert), bytes(tampered))
            await client.jetstream().publish(sitting.subject(alert), b"\x00" * 1_000)
            await send(client, sitting, 2, onset_s=2)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")
            await until(lambda: link.ingest.counts["forged"] == 2, "both others are dropped")
            counts = link.ingest.counts
            assert (counts["forged:bad-signature"], counts["forged:malformed"]) == (1, 1)
            reply = await client.request(
                subjects.heartbeat(sitting.node.node_id), heartbeat(sitting.node, lane_state(sitting.node, 2))
            )
            [mark] = parse(Marks, unpack(reply.data).header).marks
            assert mark.sequence == 0  # the real 1 is still to come
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 2, "the real one is stored")

    asyncio.run(scenario())


def test_an_alert_that_overtakes_its_session_is_stored_when_the_session_is_there(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        with centre.database.write() as db:
            db.delete(sitting.session)
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["later:unknown-session"] >= 1, "it is put off")
            with centre.database.write() as db:
                db.add(type(sitting.session).model_validate(sitting.session.model_dump()))
            await until(lambda: link.ingest.counts["stored"] == 1, "it is stored")
        assert [one.alert for one in stored(centre, sitting)] == [sitting.alert(onset_s=1)]

    asyncio.run(scenario())


def test_alerts_wait_in_the_stream_while_the_database_is_away(
    centre: Centre,
    sitting: Sitting,
) -> None:
    lock = {"sqlite": "SELECT 1", "postgresql": "LOCK TABLE lane_marks"}[centre.database.dialect]

    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            with centre.database.write() as held:  # nobody else may write now, and is told so after 5 s
                held.connection().exec_driver_sql(lock)
                await send(client, sitting, 1, onset_s=1)
                await until(lambda: link.ingest.counts["away"] >= 1, "storing fails")
                assert link.ingest.counts["stored"] == 0
            await until(lambda: link.ingest.counts["stored"] == 1, "it is stored afterwards")

    asyncio.run(scenario())


def test_a_coordinator_killed_between_commit_and_acknowledgement_stores_once(
    centre: Centre, sitting: Sitting, tmp_path: Path
) -> None:
    about = {
        "url": centre.server.url,
        "password": centre.server.password,
        "database": centre.database.engine.url.render_as_string(hide_password=False),
        "keys": str(tmp_path / "keys"),
        "node_id": str(sitting.node.node_id),
        "signing_key": sitting.node.section.signing_key,
    }

    async def scenario() -> None:
        async with edge(centre.server, sitting.node) as client:
            command = [sys.executable, str(PROGRAM), json.dumps(about)]
            dying = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            assert dying.stdout is not None
            async with asyncio.timeout(30):
                assert await dying.stdout.readline() == b"connected\n"
                await send(client, sitting, 1, onset_s=1)
                assert await dying.wait() == -9
            assert len(stored(centre, sitting)) == 1  # committed, and never acknowledged
            told: list[Stored] = []
            async with centre.linked(told) as link:
                await until(lambda: link.ingest.counts["repeated"] == 1, "it comes again")
            assert (told, len(stored(centre, sitting))) == ([], 1)

    asyncio.run(scenario())


def test_a_heartbeat_is_answered_with_marks_and_steps_over_what_was_given_up(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        node = sitting.node
        async with centre.linked() as link, edge(centre.server, node) as client:
            subject = subjects.heartbeat(node.node_id)
            for first_waiting, expected in ((1, 0), (7, 6)):
                beat = heartbeat(node, lane_state(node, 9, first_waiting))
                reply = await client.request(subject, beat, timeout=5)
                parcel = unpack(reply.data)
                verify(parcel, centre.keys.signing.public_key())
                marks = parse(Marks, parcel.header)
                assert [(m.outbox_id, m.sequence) for m in marks.marks] == [(node.outbox_id, expected)]
            assert link.heartbeats.counts["alerts-lost"] == 6
            with pytest.raises(nats.errors.TimeoutError):  # played again
                await client.request(subject, beat, timeout=0.3)
            stranger = heartbeat(EdgeNode(node_id=node.node_id))
            with pytest.raises(nats.errors.TimeoutError):  # signed by somebody else
                await client.request(subject, stranger, timeout=0.3)
            assert link.heartbeats.counts["refused"] == 2

    asyncio.run(scenario())


def test_a_command_reaches_its_node_sealed_and_its_reply_comes_back(
    centre: Centre,
    sitting: Sitting,
) -> None:
    node = sitting.node
    replies: Iterator[dict[str, Any]] = iter(
        [{"status": "ok"}, {"status": "rejected", "code": "full", "http_status": 503}]
    )

    async def obey(message: Msg) -> None:
        parcel = unpack(message.data)
        verify(parcel, centre.keys.signing.public_key())
        command = parse(CommandHeader, parcel.header)
        assert open_body(parcel, node.sealing) == b"do it"
        answer = ReplyHeader(command_id=command.command_id, node_id=node.node_id, **next(replies))
        about = answer.model_dump(mode="json")
        await message.respond(pack(about, b"done", node.signing))

    async def scenario() -> None:
        order = Order(kind="end", body=b"do it")
        async with centre.linked() as link, edge(centre.server, node) as client:
            with pytest.raises(Unavailable):  # never heard of
                await link.commander.send(node.node_id, order)
            await client.request(subjects.heartbeat(node.node_id), heartbeat(node), timeout=5)
            with pytest.raises(Unavailable):  # heard of, and not listening
                await link.commander.send(node.node_id, order)
            await client.subscribe(subjects.commands(node.node_id), cb=obey)
            await client.flush()
            assert await link.commander.send(node.node_id, order) == b"done"
            with pytest.raises(Rejected) as refused:
                await link.commander.send(node.node_id, order)
            assert (refused.value.code, refused.value.status) == ("full", 503)

    asyncio.run(scenario())


def test_a_mark_signed_by_somebody_else_does_not_verify(keys: OwnKeys) -> None:
    stranger = EdgeNode()
    forged = pack({"kind": "marks"}, b"", stranger.signing)
    with pytest.raises(Corrupt):
        verify(unpack(forged), keys.signing.public_key())


def test_a_flood_of_garbage_is_counted_whole_and_logged_once_a_minute(
    centre: Centre, sitting: Sitting, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            for n in range(50):
                await client.publish(sitting.subject(alert), b"garbage %d" % n)
            await until(lambda: link.ingest.counts["forged:malformed"] == 50, "all are counted")
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")

    asyncio.run(scenario())
    assert len([record for record in caplog.records if record.name == "coordinator.ingest"]) == 1


def test_alerts_of_unknown_sessions_hold_up_no_other_alert_and_are_not_settled(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, sitting.node) as client:
            alert = sitting.alert(onset_s=1)
            flood = 2 * MAX_ACK_PENDING
            for n in range(flood):
                message = sitting.message(alert, 1_000 + n, session_id=UUID(int=n))
                await client.publish(sitting.subject(alert), message)
            await send(client, sitting, 1, onset_s=1)
            await until(lambda: link.ingest.counts["stored"] == 1, "the good one is stored")
            assert link.ingest.counts["given-back"] > 0
            assert link.ingest.counts["refused"] == 0

    asyncio.run(scenario())


def test_heartbeats_that_come_too_often_are_refused_and_the_next_ones_heard(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        node = sitting.node
        async with centre.linked() as link, edge(centre.server, node) as client:
            subject = subjects.heartbeat(node.node_id)
            for _ in range(RATE.burst):
                await client.request(subject, heartbeat(node), timeout=5)
            with pytest.raises(nats.errors.TimeoutError):
                await client.request(subject, heartbeat(node), timeout=0.2)
            assert link.heartbeats.counts["too-often"] == 1
            await asyncio.sleep(1 / RATE.per_s)
            await client.request(subject, heartbeat(node), timeout=5)

    asyncio.run(scenario())
