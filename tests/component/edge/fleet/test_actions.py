"""What the node does when the coordinator tells it to, over sessions without WebRTC and without networks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

import pytest

from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.types import EventType
from tests.support.observations import ONE
from tests.support.session_stage import JOIN_WINDOW_S, Stage, order, play, soon

ABSENCE = EventType.FACE_NOT_FOUND


def test_a_session_started_again_goes_on_as_it_was_and_answers_alike() -> None:
    async def story(world: Stage) -> None:
        one = order()
        first = await world.actions.start(one)
        assert str(one.session_id) in first.signaling_url
        assert await world.actions.start(one) == first
        assert (len(world.senses), len(world.roster)) == (1, 1)

    play(story)


def test_of_starts_at_once_one_counts() -> None:
    async def story(world: Stage) -> None:
        one = order()
        first, second = await asyncio.gather(world.actions.start(one), world.actions.start(one))
        assert first == second
        assert (len(world.senses), len(world.roster)) == (1, 1)

    play(story)


def test_a_replaced_assignment_ends_and_its_end_does_not_take_the_newer_one_out() -> None:
    async def story(world: Stage) -> None:
        older = await world.started()
        page = await world.page(older)
        await world.leave_empty(page, from_s=0)
        newer = older.model_copy(update={"epoch": 2, "elapsed_s": 60.0})
        await world.actions.start(newer)
        await page.hearing
        await soon(lambda: world.disk.of(ABSENCE, 2), "the older one's alert ends")
        assert page.source.closed
        assert [one.id.epoch for one in world.assignments.watched] == [2]
        assert world.roster.find(newer.session_id).order.epoch == 2
        fresh = await world.page(newer)
        await world.leave_empty(fresh, from_s=60)
        assert len({one.event_id for one in world.disk.of(ABSENCE)}) == 2
        assert [one.epoch for one in world.disk.addressed] == [1, 1, 2]
        assert await world.end(newer)

    play(story)


def test_an_order_that_cannot_be_obeyed_leaves_the_running_assignment_alone() -> None:
    async def story(world: Stage) -> None:
        older = await world.started()
        page = await world.page(older)
        world.refuses = True
        with pytest.raises(Corrupt):
            await world.actions.start(older.model_copy(update={"epoch": 2}))
        with pytest.raises(Corrupt):
            await world.actions.start(order())
        world.refuses = False
        assert (len(world.roster), world.roster.find(older.session_id).order.epoch) == (1, 1)
        await world.leave_empty(page, from_s=0)

    play(story)


def test_a_change_that_cannot_be_obeyed_changes_nothing() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        page = await world.page(one)
        world.refuses = True
        with pytest.raises(Corrupt):
            await world.actions.change(one.model_copy(update={"paused": True}))
        world.refuses = False
        assert (await world.state(one)).paused is False
        await world.leave_empty(page, from_s=0)

    play(story)


def test_a_change_is_for_the_assignment_that_runs() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        with pytest.raises(Rejected) as other:
            await world.actions.change(one.model_copy(update={"epoch": 2}))
        assert (other.value.code, other.value.status) == ("epoch-old", 409)
        with pytest.raises(Rejected) as nobodys:
            await world.actions.change(order())
        assert nobodys.value.status == 404

    play(story)


def test_what_does_not_run_ends_as_well_and_says_so() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        assert await world.end(one)
        assert not await world.end(one)
        assert not await world.end(order())

    play(story)


def test_a_session_ends_when_its_time_is_over() -> None:
    async def story(world: Stage) -> None:
        one, long = await world.started(), await world.started()
        page = await world.page(one)
        await world.actions.end_expired()
        assert len(world.roster) == 2
        short = one.model_copy(update={"expires_utc": datetime.now(UTC)})
        await world.actions.change(short)
        await world.actions.end_expired()
        assert page.source.closed
        await page.hearing
        assert [one.order for one in world.roster] == [long]
        with pytest.raises(Rejected) as refusal:
            await world.actions.start(short)
        assert (refusal.value.code, refusal.value.status) == ("session-expired", 410)

    play(story)


def test_a_session_that_still_ends_is_not_taken_again_yet() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        page = await world.page(one)
        await world.leave_empty(page, from_s=0)
        await world.actions.change(one.model_copy(update={"expires_utc": datetime.now(UTC)}))
        page.source.may_close.clear()
        ending = asyncio.create_task(world.actions.end_expired())
        await soon(lambda: len(world.roster) == 0, "its leaving the roster")
        with pytest.raises(Unavailable):
            await world.actions.start(one)
        page.source.may_close.set()
        await ending
        await world.actions.start(one)
        assert len(world.disk.of(ABSENCE, 2)) == 1

    play(story)


def test_an_order_whose_keys_are_none_is_refused() -> None:
    async def story(world: Stage) -> None:
        for wrong in ({"seal_key": "x25519:AAAA"}, {"transcript_key": "none"}):
            with pytest.raises(Corrupt):
                await world.actions.start(order(**wrong))
        assert len(world.roster) == 0

    play(story)


def test_an_alert_that_nobody_foresaw_to_fail_is_lost_alone() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        page = await world.page(one)
        world.disk.breaks = ZeroDivisionError()
        at_s = await world.leave_empty(page, from_s=0, kept=False)
        await soon(lambda: world.disk.breaks is None, "the broken write")
        await world.show(page, ONE, from_s=at_s, to_s=at_s + 1)
        await soon(lambda: world.disk.of(ABSENCE, 2), "the next alert")
        assert world.disk.of(ABSENCE) == []
        assert await world.end(one)

    play(story)


def test_a_level_that_is_set_reaches_every_running_session_with_its_next_frame() -> None:
    async def story(world: Stage) -> None:
        pages = [await world.page(await world.started()) for _ in range(2)]
        for page in pages:
            await world.show(page, ONE, from_s=0, to_s=1)
        await world.worker.set_level(3)
        assert (await world.worker.report()).level == 3
        for page in pages:
            await world.leave_empty(page, from_s=1)
        assert [one.metadata.degradation_level for one in world.disk.of(ABSENCE)] == [3, 3]

    play(story)


def test_above_the_rating_none_is_taken() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        await world.started()
        with pytest.raises(Rejected) as refusal:
            await world.started()
        assert refusal.value.code == "node-full"
        await world.end(one)
        await world.started()

    play(story)


def test_a_session_that_nobody_joins_gives_its_seat_back_and_may_still_be_joined() -> None:
    async def story(world: Stage) -> None:
        here, nobody = await world.started(), await world.started()
        page = await world.page(here)
        await world.show(page, ONE, from_s=0, to_s=1)
        states = (await world.worker.report()).sessions
        begun_s = monotonic() - 2 * JOIN_WINDOW_S
        assert [state.phase for state in states if state.session_id == nobody.session_id] == ["waiting"]
        world.assignments.attend(states, begun_s)
        assert world.assignments.held(begun_s + JOIN_WINDOW_S - 1) == 2
        await world.actions.take_attendance()
        assert world.assignments.held(monotonic()) == 1
        third = await world.started()
        assert world.assignments.held(monotonic()) == 2
        with pytest.raises(Rejected) as refusal:
            await world.started()
        assert refusal.value.code == "node-full"
        late = await world.page(nobody)
        await world.show(late, ONE, from_s=0, to_s=1)
        await world.actions.take_attendance()
        assert world.assignments.held(monotonic()) == 3
        assert third.session_id in {one.order.session_id for one in world.roster}

    play(story)


def test_the_nodes_own_end_writes_down_what_is_open_everywhere_and_takes_no_more() -> None:
    async def story(world: Stage) -> None:
        pages = [await world.page(await world.started()) for _ in range(2)]
        for page in pages:
            await world.leave_empty(page, from_s=0)
        world.disk.takes.clear()
        closing = asyncio.create_task(world.actions.close())
        await soon(lambda: all(page.source.closed for page in pages), "the connections' end")
        with pytest.raises(Unavailable):
            await world.actions.start(order())
        assert not closing.done()
        world.disk.takes.set()
        await closing
        assert len(world.disk.of(ABSENCE, 2)) == 2

    play(story)


def test_what_was_dropped_still_counts_when_its_session_is_over() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        page = await world.page(one)
        await world.show(page, ONE, from_s=0, to_s=0.4)
        page.source.send(0.4, damaged=True)
        await soon(lambda: page.source.emptied, "the picture taken")
        page.source.dropped["video_packet_lost"] = 5
        await world.end(one)
        dropped = await world.dropped()
        assert (dropped["damaged"], dropped["video_packet_lost"]) == (1, 5)

    play(story)


def test_nobody_is_let_in_without_the_sessions_token() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        with pytest.raises(Rejected) as stranger:
            await world.door.connect(one.session_id, "x.y.z")
        assert stranger.value.status == 401
        with pytest.raises(Rejected) as nowhere:
            await world.door.connect(uuid4(), "x.y.z")
        assert nowhere.value.status == 404

    play(story)
