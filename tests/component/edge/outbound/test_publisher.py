"""From the outbox over a real hub to a coordinator that commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.coordinator_keys import CoordinatorKeys
from edge.node_identity import Identity
from edge.outbound import publisher
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import seal
from edge.outbound.outbox_caps import Caps
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Pace, Publisher
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import EventType, Lane
from shared.hub_link import HubLink
from shared.messages.heartbeats import LaneMark, Marks, OtherHost
from shared.sealing import new_sealing_key, pack, signing_public_text
from tests.support.album import JPEG
from tests.support.alerts import alert, envelope_to, first_revision, new_identity
from tests.support.coordinator import FakeCoordinator, fake_coordinator
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.nats import RunningServer, nats_server, node_hub

CAPS = Caps(max_alerts=100_000, max_bytes=2**30)
PROMPT = Pace(backlog_jitter_s=0.0, resend_after_s=1.0)
EXAM_KEY = new_sealing_key()


@dataclass
class Side:
    """The daemon's half of the road: outbox, hub, publisher."""

    node: Identity
    outbox: OutboxThread
    hub: HubLink
    publisher: Publisher
    session_id: UUID
    latencies_s: list[float]

    async def raise_alert(self, onset_s: float, event: EventType = EventType.FACE_NOT_FOUND) -> int:
        made = first_revision(alert(self.session_id, onset_s, event, thumbnail=True))
        return await self.publisher.add(OutgoingAlert(made, envelope_to(EXAM_KEY, self.session_id)))

    async def waiting(self) -> int:
        return sum(state.waiting for state in await self.outbox.states())


@asynccontextmanager
async def publishing(
    folder: Path,
    server: RunningServer,
    node: Identity,
    coordinator_key: Ed25519PrivateKey,
    pace: Pace = PROMPT,
    before: Callable[[OutboxThread], Awaitable[None]] | None = None,
) -> AsyncIterator[Side]:
    """`before` is awaited when all is made and nothing runs yet."""
    outbox = await OutboxThread.open(folder / "outbox.db", CAPS, partial(seal, node=node))
    hub = node_hub(server.url, node.node_id)
    latencies_s: list[float] = []
    sender = await Publisher.over(
        outbox,
        hub,
        node_id=node.node_id,
        coordinator_keys=CoordinatorKeys(signing_public_text(coordinator_key.public_key())),
        pace=pace,
        dispatched=lambda _, latency_s: latencies_s.append(latency_s),
    )

    async def on_mark(_: str, message: bytes) -> None:
        await sender.marks(message)

    hub.listen(subjects.mark(node.node_id), on_mark)
    if before is not None:
        await before(outbox)
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(sender.run())]
    try:
        yield Side(node, outbox, hub, sender, uuid4(), latencies_s)
    finally:
        await cancelled(*tasks)
        await outbox.close()


def scenario(
    folder: Path,
    story: Callable[[RunningServer, Side, FakeCoordinator], Awaitable[None]],
    pace: Pace = PROMPT,
) -> None:
    """Run a story between one publishing daemon and one coordinator."""
    node = new_identity()

    async def run(server: RunningServer) -> None:
        async with (
            fake_coordinator(server, node, EXAM_KEY) as coordinator,
            publishing(folder, server, node, coordinator.signing, pace) as side,
        ):
            await side.hub.wait_connected()
            await story(server, side, coordinator)

    with nats_server(folder, [node.node_id]) as server:
        asyncio.run(run(server))


async def settled(side: Side) -> None:
    """Until the coordinator's marks have emptied the outbox."""

    async def empty() -> bool:
        return await side.waiting() == 0

    await until(empty, "an empty outbox")


def test_alerts_arrive_sealed_in_order_and_leave_the_outbox_when_marked(tmp_path: Path) -> None:
    async def story(__: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        for second in range(20):
            await side.raise_alert(second)
        await side.raise_alert(0, EventType.STREAM_STALLED)
        await settled(side)
        sequences = [one.sequence for one in coordinator.committed.headers if one.lane is Lane.CONDUCT]
        assert sequences == list(range(1, 21))
        assert len(coordinator.committed.alerts) == 21
        stored = next(iter(coordinator.committed.alerts.values()))
        assert stored.candidate_id == "candidate"
        assert coordinator.committed.jpegs[stored.event_id] == JPEG

    scenario(tmp_path, story)


def test_settling_waits_for_new_alerts_to_be_sent_and_gives_up_in_time(tmp_path: Path) -> None:
    async def story(server: RunningServer, side: Side, _: FakeCoordinator) -> None:
        for second in range(5):
            await side.raise_alert(second)
        assert await side.publisher.settle(PATIENCE_S)
        assert side.publisher.counts["sent"] == 5
        assert len(side.latencies_s) == 5
        assert all(0.0 < latency_s < PATIENCE_S for latency_s in side.latencies_s)
        server.kill()
        await until(lambda: not side.hub.connected, "the loss is noticed")
        await side.raise_alert(5)
        assert not await side.publisher.settle(0.2)
        assert await side.waiting() >= 1

    scenario(tmp_path, story)


@pytest.mark.chaos
def test_a_broker_killed_for_twenty_seconds_costs_no_alert_and_doubles_none(tmp_path: Path) -> None:
    async def story(server: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        for second in range(5):
            await side.raise_alert(second)
        server.kill()
        for second in range(5, 25):
            await side.raise_alert(second)
            await asyncio.sleep(1)
        assert await side.waiting() >= 20
        server.start()
        await until(lambda: len(coordinator.committed.alerts) == 25, "all alerts")
        await settled(side)
        assert {one.sequence for one in coordinator.committed.headers} == set(range(1, 26))
        assert side.hub.counts["connected"] == 2

    scenario(tmp_path, story)


def test_after_an_outage_the_backlog_waits_no_longer_than_it_lasted_and_new_alerts_go_at_once(
    tmp_path: Path,
) -> None:
    spreads: list[float] = []

    def longest(longest_s: float) -> float:
        spreads.append(longest_s)
        return longest_s

    async def story(server: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        server.kill()
        await until(lambda: not side.hub.connected, "the loss is noticed")
        for second in range(10):
            await side.raise_alert(second)
        await asyncio.sleep(3)
        before = len(spreads)
        server.start()
        await side.hub.wait_connected()
        fresh = await side.raise_alert(100)
        await until(lambda: len(coordinator.committed.headers) > 0, "the new alert")
        assert coordinator.committed.headers[0].sequence == fresh
        await settled(side)
        assert len(coordinator.committed.alerts) == 11
        assert len(spreads) - before == side.hub.counts["connected"] - 1  # the wait is chosen once

    scenario(tmp_path, story, Pace(backlog_jitter_s=180, resend_after_s=10, spread=longest))


def test_a_stream_that_loses_what_it_acknowledged_is_filled_again(tmp_path: Path) -> None:
    async def story(__: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        await side.raise_alert(0)
        await settled(side)
        coordinator.sending_marks = False
        for second in range(1, 6):
            await side.raise_alert(second)
        await until(lambda: side.publisher.counts["sent"] == 6, "the hub's acknowledgements")
        coordinator.committed.headers[1:] = []
        coordinator.committed.alerts.clear()
        await coordinator.lose_stream()
        coordinator.sending_marks = True

        async def covered() -> bool:
            await side.publisher.marks(coordinator.marks())
            return await side.waiting() == 0

        await until(covered, "all of it sent again")
        assert len(coordinator.committed.alerts) == 5
        assert side.publisher.counts["sent-again"] >= 5

    scenario(tmp_path, story)


def test_before_the_stream_exists_alerts_wait_and_then_go(tmp_path: Path) -> None:
    async def story(__: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        await coordinator._client.jetstream().delete_stream(subjects.ALERT_STREAM)
        await side.raise_alert(0)
        await until(lambda: side.publisher.counts["failed"] >= 1, "a failed send")
        await coordinator.make_stream()
        await settled(side)
        assert len(coordinator.committed.headers) == 1

    scenario(tmp_path, story)


def test_marks_of_a_stranger_of_another_node_or_another_outbox_are_not_obeyed(tmp_path: Path) -> None:
    async def story(__: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        coordinator.sending_marks = False
        await side.raise_alert(0)

        def marks(node_id: UUID, outbox_id: UUID, sequence: int = 1) -> dict[str, object]:
            mark = LaneMark(outbox_id=outbox_id, lane=Lane.CONDUCT, sequence=sequence)
            return Marks(node_id=node_id, marks=(mark,)).model_dump(mode="json")

        own, outbox_id = side.node.node_id, side.outbox.outbox_id
        good = pack(marks(own, outbox_id), b"", coordinator.signing)
        await side.publisher.marks(pack(marks(own, outbox_id), b"", Ed25519PrivateKey.generate()))
        await side.publisher.marks(pack(marks(uuid4(), outbox_id), b"", coordinator.signing))
        await side.publisher.marks(pack(marks(own, uuid4()), b"", coordinator.signing))
        await side.publisher.marks(pack(marks(own, outbox_id, 99), b"", coordinator.signing))
        await side.publisher.marks(good[:-1])
        await side.publisher.marks(good.replace(b'"sequence":1', b'"sequence":9'))
        assert await side.waiting() == 1
        assert side.publisher.counts["marks-refused"] == 5
        await side.publisher.marks(good)
        assert await side.waiting() == 0

    scenario(tmp_path, story)


def test_what_an_earlier_run_left_is_sent_by_the_next(tmp_path: Path) -> None:
    node = new_identity()

    async def run(server: RunningServer) -> None:
        async with fake_coordinator(server, node, EXAM_KEY) as coordinator:
            server.kill()
            async with publishing(tmp_path, server, node, coordinator.signing) as before:
                for second in range(3):
                    await before.raise_alert(second)
            server.start()
            async with publishing(tmp_path, server, node, coordinator.signing) as after:
                await settled(after)
            assert len(coordinator.committed.alerts) == 3

    with nats_server(tmp_path, [node.node_id]) as server:
        asyncio.run(run(server))


def test_an_outbox_that_cannot_be_read_for_a_while_leaves_no_alert_of_either_lane_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node = new_identity()
    session_id = uuid4()

    async def fill() -> None:
        outbox = await OutboxThread.open(tmp_path / "outbox.db", CAPS, partial(seal, node=node))
        for event in (EventType.FACE_NOT_FOUND, EventType.STREAM_STALLED):
            made = first_revision(alert(session_id, 0, event))
            await outbox.add(OutgoingAlert(made, envelope_to(EXAM_KEY, session_id)))
        await outbox.close()

    async def run(server: RunningServer) -> None:
        await fill()  # an earlier run left one alert in each lane: both are due at once
        async with (
            fake_coordinator(server, node, EXAM_KEY) as coordinator,
            publishing(tmp_path, server, node, coordinator.signing, before=_hidden) as side,
        ):
            await until(lambda: "alerts do not reach the hub" in caplog.text, "a read that failed")
            assert coordinator.committed.alerts == {}
            await _shown(side.outbox)
            await settled(side)
            assert {one.lane for one in coordinator.committed.headers} == set(Lane)
            assert await side.publisher.settle(5)

    with nats_server(tmp_path, [node.node_id]) as server:
        asyncio.run(run(server))


def test_each_failed_send_is_counted_once_and_the_end_of_the_trouble_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO", logger=publisher.__name__)
    tries: list[str] = []

    async def refuse(_: HubLink, subject: str, *__: object, **___: object) -> None:
        tries.append(subject)
        raise Unavailable("the stream is full")

    async def story(__: RunningServer, side: Side, _: FakeCoordinator) -> None:
        await side.raise_alert(0)
        await settled(side)
        assert caplog.messages == []
        with monkeypatch.context() as patched:
            patched.setattr(publisher, "store", refuse)
            await side.raise_alert(1)
            await until(lambda: len(tries) >= 2, "two tries")
            assert side.publisher.counts["failed"] == len(tries)
        await settled(side)
        await side.raise_alert(2)
        await settled(side)
        told = ["alerts do not reach the hub; they wait in the outbox", "alerts reach the hub again"]
        assert caplog.messages == told

    scenario(tmp_path, story)


def test_marks_that_the_disk_does_not_take_are_counted_and_obeyed_when_they_are_repeated(
    tmp_path: Path,
) -> None:
    async def story(__: RunningServer, side: Side, coordinator: FakeCoordinator) -> None:
        coordinator.sending_marks = False
        await side.raise_alert(0)
        await until(lambda: coordinator.committed.headers != [], "a committed alert")
        await _hidden(side.outbox)
        for times in (1, 2):
            await side.publisher.marks(coordinator.marks())
            assert side.publisher.counts["marks-not-kept"] == times
        await _shown(side.outbox)
        assert await side.waiting() == 1
        await side.publisher.marks(coordinator.marks())
        assert await side.waiting() == 0
        assert side.publisher.counts["marks-obeyed"] == 1

    scenario(tmp_path, story)


async def _hidden(outbox: OutboxThread) -> None:
    """Take the alerts out of reach of the next statement."""
    await outbox._run(outbox._outbox._db.execute, "ALTER TABLE alert RENAME TO hidden")


async def _shown(outbox: OutboxThread) -> None:
    await outbox._run(outbox._outbox._db.execute, "ALTER TABLE hidden RENAME TO alert")


def test_a_host_that_is_refused_deletes_nothing_by_the_marks_of_the_one_that_is_the_node(
    tmp_path: Path,
) -> None:
    node, coordinator = new_identity(), Ed25519PrivateKey.generate()

    async def run(server: RunningServer) -> None:
        async with publishing(tmp_path, server, node, coordinator) as side:
            await side.raise_alert(0)
            [mine] = [state for state in await side.outbox.states() if state.waiting]
            mark = LaneMark(outbox_id=mine.outbox_id, lane=mine.lane, sequence=mine.last_sequence)

            async def told(other_host: OtherHost) -> tuple[str, int]:
                said = Marks(node_id=node.node_id, marks=(mark,), other_host=other_host)
                await side.publisher.marks(pack(said.model_dump(mode="json"), b"", coordinator))
                return side.publisher.other_host, await side.waiting()

            assert await told("refused") == ("refused", 1)
            unsaid = Marks(node_id=node.node_id, marks=(mark,))  # as they come when they advance
            await side.publisher.marks(pack(unsaid.model_dump(mode="json"), b"", coordinator))
            assert (side.publisher.other_host, await side.waiting()) == ("refused", 1)
            assert await told("none") == ("none", 0)

    with nats_server(tmp_path, [node.node_id]) as server:
        asyncio.run(run(server))
