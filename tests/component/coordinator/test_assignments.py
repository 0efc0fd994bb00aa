"""A session goes from one node to the next; no alert of either is lost, and none is stored twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlmodel import select

from coordinator.alerts.tables import RefusedAlert
from coordinator.arriving.ingest import Ingest
from coordinator.arriving.treated import LATER_DELAYS_S
from coordinator.ground.database import Database
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Held
from coordinator.nodes.tables import Assignment
from shared import subjects
from shared.errors import Unavailable
from shared.hub_link import settle
from shared.messages.heartbeats import Marks
from shared.messages.message import parse
from shared.sealing import unpack, verify
from tests.support.centre import Centre, edge, heartbeat, lane_state, send, stored
from tests.support.eventually import PATIENCE_S, until
from tests.support.sittings import EdgeNode, Sitting, hand_over, second_of

MOVED_S = 100.0


def onsets(centre: Centre, sitting: Sitting) -> list[float]:
    """When the stored alerts began, in seconds of the exam, in the order of the timeline."""
    began = sitting.session.started_utc
    return [(one.alert.onset - began).total_seconds() for one in stored(centre, sitting)]


def refusals(centre: Centre) -> list[tuple[int, str]]:
    with centre.database.read() as db:
        return [(row.sequence, row.reason) for row in db.exec(select(RefusedAlert))]


@asynccontextmanager
async def marked(centre: Centre, node: EdgeNode) -> AsyncIterator[tuple[Client, list[int]]]:
    """A node's connection, and every mark of its conduct lane that it is told."""
    told: list[int] = []

    async def hear(message: Msg) -> None:
        parcel = unpack(message.data)
        verify(parcel, centre.keys.signing.public_key())
        told.extend(mark.sequence for mark in parse(Marks, parcel.header).marks)

    async with edge(centre.server, node) as client:
        await client.subscribe(subjects.mark(node.node_id), cb=hear)
        await settle(client)
        yield client, told


async def mark_said(client: Client, node: EdgeNode, last: int) -> int:
    """The mark that answers a heartbeat."""
    beat = heartbeat(node, lane_state(node, last))
    answer = await client.request(subjects.heartbeat(node.node_id), beat, timeout=PATIENCE_S)
    [mark] = parse(Marks, unpack(answer.data).header).marks
    return mark.sequence


def test_what_the_former_node_had_not_delivered_is_stored_once_and_in_order(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        async with (
            centre.linked() as link,
            marked(centre, sitting.node) as (former, marks),
            marked(centre, centre.next_node) as (following, next_marks),
        ):
            await send(former, sitting, 1, onset_s=10)
            await until(lambda: marks[-1:] == [1], "the first is committed")

            moved = hand_over(centre.database, sitting, centre.next_node, MOVED_S)
            await send(following, moved, 1, onset_s=110)
            await until(lambda: next_marks[-1:] == [1], "the next node's first is committed")
            assert await mark_said(former, sitting.node, 3) == 1

            await send(former, sitting, 3, onset_s=90)  # 2 is still in its outbox
            await until(lambda: link.ingest.counts["stored"] == 3, "the third is stored")
            assert await mark_said(former, sitting.node, 3) == 1
            for _ in range(2):
                await send(former, sitting, 2, onset_s=60)
            await until(lambda: marks[-1:] == [3], "all of the former node's is committed")
            await until(lambda: link.ingest.counts["repeated"] >= 1, "the repeat is known")
            assert (link.ingest.counts["stored"], link.ingest.counts["refused"]) == (4, 0)
        assert onsets(centre, sitting) == [10, 60, 90, 110]
        assert refusals(centre) == []

    asyncio.run(scenario())


def test_what_the_former_node_sees_after_the_move_is_refused_counted_and_settled(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        hand_over(centre.database, sitting, centre.next_node, MOVED_S)
        async with centre.linked() as link, marked(centre, sitting.node) as (former, marks):
            await send(former, sitting, 1, onset_s=130)
            await until(lambda: marks[-1:] == [1], "its outbox may forget it")
            assert link.ingest.counts["refused:after-assignment"] >= 1
        assert (onsets(centre, sitting), refusals(centre)) == ([], [(1, "after-assignment")])

    asyncio.run(scenario())


def test_an_alert_under_an_epoch_that_is_not_recorded_yet_waits_and_no_mark_covers_it(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        async with centre.linked() as link, marked(centre, centre.next_node) as (following, marks):
            moved = sitting.by(centre.next_node, epoch=2)
            await send(following, moved, 1, onset_s=110)
            await until(lambda: link.ingest.counts["later:unknown-epoch"] >= 1, "it is put off")
            assert await mark_said(following, moved.node, 1) == 0
            hand_over(centre.database, sitting, centre.next_node, MOVED_S)
            await until(lambda: marks[-1:] == [1], "it is committed")
        assert (onsets(centre, sitting), refusals(centre)) == ([110], [])

    asyncio.run(scenario())


def test_where_the_epoch_stays_unknown_it_goes_back_to_its_outbox_and_is_taken_when_it_comes_again(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        hub = centre.hub()
        stream = centre.stream(hub)
        ingest = Ingest(hub, stream, centre.store, centre.keys.signing, lambda new: None)
        moved = sitting.by(centre.next_node, epoch=2)
        running = asyncio.create_task(hub.run())
        try:
            await hub.wait_connected()
            async with edge(centre.server, centre.next_node) as following:
                await send(following, moved, 1, onset_s=110)
                [delivery] = await stream.fetch(1, 5.0)
                await ingest.take([replace(delivery, delivered=len(LATER_DELAYS_S) + 1)])
                assert ingest.counts["given-back:unknown-epoch"] == 1
                assert await stream.fetch(1, 1.5) == []  # longer than the stream waits for an answer
                hand_over(centre.database, sitting, centre.next_node, MOVED_S)
                await send(following, moved, 1, onset_s=110)
                await ingest.take(await stream.fetch(1, 5.0))
        finally:
            running.cancel()
        assert (onsets(centre, sitting), refusals(centre)) == ([110], [])

    asyncio.run(scenario())


@pytest.fixture
def first(database: Database, sitting: Sitting) -> Assignment:
    """The session's first assignment."""
    with database.read() as db:
        return db.get_one(Assignment, (sitting.session.id, 1))


def test_of_two_that_hand_over_a_session_at_once_one_does(
    database: Database, sitting: Sitting, next_node: EdgeNode, first: Assignment
) -> None:
    moved = hand_over(database, sitting, next_node, MOVED_S)
    with pytest.raises(Unavailable, match="try again"), database.write() as db:
        assignments.hand_over(db, first, sitting.node.node_id, second_of(MOVED_S + 1))
    with database.read() as db:
        held = assignments.held(db, [sitting.session.id])[sitting.session.id]
    began, over = sitting.session.started_utc, second_of(MOVED_S)
    assert held == [
        Held(epoch=1, node_id=sitting.node.node_id, from_utc=began, to_utc=over),
        Held(epoch=2, node_id=moved.node.node_id, from_utc=over, to_utc=None),
    ]


def test_a_slow_clock_ends_no_assignment_before_it_began(
    database: Database, sitting: Sitting, next_node: EdgeNode, first: Assignment
) -> None:
    with database.write() as db:
        following = assignments.hand_over(db, first, next_node.node_id, second_of(-5))
        assert following.from_utc == first.from_utc
