"""Two windows of one session, and two devices: which is watched, what the other is told, what staff hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from edge.sessions.answering import OFFERS_OF_SESSION
from edge.sessions.assignment import PAGES
from edge.sessions.port import Notice, assignment_of
from shared.consents import Purpose
from shared.errors import Rejected
from shared.events.types import Action, EventType
from shared.policy.schema import parse_policy
from tests.support.eventually import until
from tests.support.observations import ONE
from tests.support.session_stage import Page, Stage, play, soon

ONE_TAB, OTHER_TAB, THIRD_TAB = (UUID(int=number) for number in (1, 2, 3))


async def sending(world: Stage, page: Page) -> None:
    await world.show(page, ONE, from_s=0, to_s=0.4)


def test_a_second_window_is_told_to_staff_and_the_first_learns_of_it() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order, tab=ONE_TAB)
        await sending(world, first)
        second = await world.page(order, tab=OTHER_TAB)
        await first.seat.add_candidate("", None, None)  # its socket still works
        assert not first.hearing.done()
        second.source.send(0.6)  # only now does it take the place of the one that still sends
        assert await first.hearing == "open-elsewhere"
        await soon(lambda: world.disk.of(EventType.SECOND_DEVICE, 2), "the alert")
        [alert] = world.disk.of(EventType.SECOND_DEVICE)
        assert (alert.severity_score, alert.action_required) == (0.0, Action.NONE)
        await soon(lambda: first.source.closed, "the first connection's end")
        assert not second.source.closed
        with pytest.raises(Rejected) as refused:
            await first.seat.answer("offer")  # it may not take the place back on its old socket
        assert refused.value.code == "open-elsewhere"
        await world.show(second, ONE, from_s=1, to_s=1.4)
        third = await world.page(order, tab=THIRD_TAB)
        third.source.send(1.6)
        await soon(lambda: len(world.disk.of(EventType.SECOND_DEVICE)) == 2, "a third window")

    play(story)


@pytest.mark.parametrize(("before", "after"), [(ONE_TAB, None), (None, OTHER_TAB)])
def test_who_does_not_say_which_window_it_is_cannot_take_over_in_silence(
    before: UUID | None, after: UUID | None
) -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order, tab=before)
        await sending(world, first)
        second = await world.page(order, tab=after)
        second.source.send(0.6)
        await soon(lambda: world.disk.of(EventType.SECOND_DEVICE), "the alert")

    play(story)


@pytest.mark.parametrize(
    ("before", "after", "age_s", "left"),
    [
        (ONE_TAB, ONE_TAB, 0.0, False),  # a window that connects again
        (ONE_TAB, OTHER_TAB, 1.2, False),  # a reload after the browser was gone
        (ONE_TAB, OTHER_TAB, None, False),  # no picture had ever come
        (ONE_TAB, OTHER_TAB, 0.0, True),  # a reload: the window had said goodbye
        (None, None, 0.0, False),  # a program that connects again: it does not say which window it is
    ],
)
def test_what_is_no_second_window(
    before: UUID | None, after: UUID | None, age_s: float | None, left: bool
) -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order, tab=before)
        await sending(world, first)
        first.source.frame_age_s = age_s
        if left:
            await first.seat.left()
        second = await world.page(order, tab=after)
        await world.leave_empty(second, from_s=1)  # something else comes to the disk
        assert world.disk.of(EventType.SECOND_DEVICE) == []

    play(story)


def test_an_answered_offer_takes_no_live_pictures_away_until_its_own_come() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order)
        await sending(world, first)
        second = await world.page(order)
        await world.show(first, ONE, from_s=0.4, to_s=1)
        assert not first.source.closed
        assert world.sources[0].emptied
        second.source.sound(0.5)  # of a time for which the first has delivered
        await world.show(second, ONE, from_s=1, to_s=1.4)
        await soon(lambda: first.source.closed, "the end of the first")
        third = await world.page(order)
        await world.show(second, ONE, from_s=1.4, to_s=1.8)
        assert not second.source.closed
        await world.show(third, ONE, from_s=1.8, to_s=2)
        await soon(lambda: second.source.closed, "the end of the second")
        assert world.sensing(order).listened_to == []

    play(story)


def test_a_connection_without_a_picture_is_closed_and_the_live_one_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.sessions.connections.DELIVERS_S", 0.3)

    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order)
        await sending(world, first)
        second = await world.page(order)
        await until(lambda: second.source.closed, "the end of the one without a picture")
        assert not first.source.closed
        assert not first.hearing.done()
        assert (await world.worker.report()).connection_errors == {"no-picture": 1}
        third = await world.page(order)
        await world.show(third, ONE, from_s=1, to_s=1.4)
        await soon(lambda: first.source.closed, "the end of the first")
        assert [await each.hearing for each in (first, second)] == ["open-elsewhere"] * 2

    play(story)


@pytest.mark.parametrize("seen", [True, False])
def test_a_page_that_never_gets_a_camera_takes_no_socket_away(seen: bool) -> None:
    """Also where no picture of the first has come yet, or none any more."""

    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order, tab=ONE_TAB)
        if seen:
            await sending(world, first)
            first.source.frame_age_s = 1.2
        second = await world.page(order, tab=OTHER_TAB)
        await until(lambda: first.source.closed, "the end of the first connection")
        again = await world.page(order, tab=ONE_TAB)
        assert not first.hearing.done()
        await sending(world, again)
        assert [await each.hearing for each in (first, second)] == ["open-elsewhere"] * 2
        assert not again.hearing.done()

    play(story)


def test_in_a_pause_the_sound_of_a_new_page_shows_that_it_has_taken_over() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(paused=True)
        first = await world.page(order, tab=ONE_TAB)
        second = await world.page(order, tab=OTHER_TAB)
        await soon(lambda: first.source.closed, "the end of the first connection")
        assert not first.hearing.done()
        second.source.sound(0.5)
        assert await first.hearing == "open-elsewhere"
        assert not second.hearing.done()

    play(story)


def closed(page: Page) -> Callable[[], bool]:
    return lambda: page.source.closed


UNSEEN: dict[str, dict[str, object]] = {
    "in a pause": {"paused": True},
    "without the candidate's agreement": {"withheld": (Purpose.CAMERA_MONITORING,)},
}


@pytest.mark.parametrize("unseen", UNSEEN.values(), ids=UNSEEN)
def test_while_nobody_may_look_an_offer_alone_takes_no_page_away(
    unseen: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are counted as they arrive, and reach nobody."""
    monkeypatch.setattr("edge.sessions.connections.DELIVERS_S", 0.3)

    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order, tab=ONE_TAB)
        await sending(world, first)
        await world.actions.change(order.model_copy(update=unseen))
        for _ in range(2):
            await until(closed(await world.page(order, tab=OTHER_TAB)), "the end of one that sends nothing")
        assert not first.source.closed
        assert not first.hearing.done()
        third = await world.page(order, tab=THIRD_TAB)
        third.source.sound_age_s = 0.0  # it arrives, and nobody listens
        assert await first.hearing == "open-elsewhere"
        await soon(lambda: first.source.closed, "the end of the first connection")
        await world.actions.change(order)
        await world.show(third, ONE, from_s=1, to_s=1.4)

    play(story)


def test_an_offer_made_in_a_pause_waits_for_its_picture_after_it() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order)
        await sending(world, first)
        await world.actions.change(order.model_copy(update={"paused": True}))
        second = await world.page(order)
        await world.actions.change(order)
        await world.show(first, ONE, from_s=0.4, to_s=1)
        assert not first.source.closed
        await world.show(second, ONE, from_s=1, to_s=1.4)
        await soon(lambda: first.source.closed, "the end of the first connection")

    play(story)


def test_whoever_is_connected_gets_the_notices_and_who_leaves_makes_room() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        pages = [await world.page(order) for _ in range(PAGES)]
        await pages[1].seat.left()
        pages.append(await world.page(order))
        assert await pages[1].hearing is None
        world.assignments.hear(Notice(assignment_of(order), {"type": "notice"}))
        await soon(lambda: pages[4].told, "the notice")
        assert [len(page.told) for page in pages] == [1, 0, 1, 1, 1]
        assert [page.hearing.done() for page in pages] == [False, True, False, False, False]
        await pages[1].seat.left()  # again
        await world.page(order)
        assert await pages[2].hearing == "open-elsewhere"  # it has waited longest
        assert not pages[0].hearing.done()

    play(story)


def test_a_newer_offer_ends_the_one_that_has_no_picture_yet() -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order)
        await sending(world, first)
        second, third = await world.page(order), await world.page(order)
        await soon(lambda: second.source.closed, "the end of the second")
        assert not first.source.closed
        assert third.source.frames_before > first.source.frame_count
        await world.show(third, ONE, from_s=1, to_s=1.4)
        await soon(lambda: first.source.closed, "the end of the first")
        assert (await world.worker.report()).connection_errors == {}

    play(story)


@pytest.mark.parametrize("how", ["silent", "left"])
def test_a_connection_that_waits_takes_over_when_the_earlier_one_shows_nothing(how: str) -> None:
    async def story(world: Stage) -> None:
        order = await world.started()
        first = await world.page(order)
        await sending(world, first)
        second = await world.page(order)
        assert not first.source.closed
        if how == "silent":
            first.source.frame_age_s = 1.2
        else:
            await first.seat.left()
        await until(lambda: first.source.closed, "the end of the first")
        assert not second.source.closed
        third = await world.page(order)  # the second has never sent
        await until(lambda: second.source.closed, "the end of the second")
        assert not third.source.closed

    play(story)


def test_an_exam_that_does_not_ask_for_it_hears_nothing() -> None:
    async def story(world: Stage) -> None:
        rules = {"rules": {"SECOND_DEVICE": {"enabled": False}}}
        order = await world.started(policy=parse_policy(rules))
        first = await world.page(order, tab=ONE_TAB)
        await sending(world, first)
        second = await world.page(order, tab=OTHER_TAB)
        second.source.send(0.6)
        assert await first.hearing == "open-elsewhere"
        await world.end(order)
        assert world.disk.of(EventType.SECOND_DEVICE) == []

    play(story)


def test_a_device_whose_place_another_took_is_ended_and_does_not_come_back() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(device=1)
        first = await world.page(order, tab=ONE_TAB, device=1)
        await sending(world, first)
        moved = order.model_copy(update={"device": 2})
        await world.actions.change(moved)
        assert await first.hearing == "device-moved"
        await soon(lambda: first.source.closed, "the end of its media")
        for refusal in (world.seat(order, device=1), first.seat.answer("offer")):
            with pytest.raises(Rejected) as refused:
                await refusal
            assert (refused.value.status, refused.value.code) == (401, "device-moved")
        second = await world.page(order, tab=OTHER_TAB, device=2)
        await world.show(second, ONE, from_s=1, to_s=1.4)
        assert (await world.state(order)).device == 2
        await world.actions.change(moved)  # told again
        assert not second.source.closed
        assert not second.hearing.done()
        assert world.disk.of(EventType.SECOND_DEVICE) == []  # the first was ended before

    play(story)


def test_a_device_that_the_coordinator_has_approved_is_let_in_before_the_node_has_heard_of_it() -> None:
    async def story(world: Stage) -> None:
        order = await world.started(device=1)
        first = await world.page(order, tab=ONE_TAB, device=1)
        second = await world.page(order, tab=OTHER_TAB, device=2)
        assert not first.hearing.done()
        await world.actions.change(order.model_copy(update={"device": 2}))
        assert await first.hearing == "device-moved"
        assert not second.source.closed
        assert not second.hearing.done()

    play(story)


def test_offers_of_one_session_at_a_time_are_few_and_others_still_get_in() -> None:
    async def story(world: Stage) -> None:
        order, other = await world.started(), await world.started()
        world.answers.clear()
        seats = [await world.seat(order) for _ in range(OFFERS_OF_SESSION + 1)]
        answers = [asyncio.create_task(seat.answer("offer")) for seat in seats[:-1]]
        await soon(lambda: len(world.sources) == len(answers), "the work on the first ones")
        with pytest.raises(Rejected) as refused:
            await seats[-1].answer("offer")
        assert (refused.value.status, refused.value.code) == (429, "too-many-requests")
        assert len(world.sources) == len(answers)  # no work was done for it
        await (await world.seat(other)).left()
        world.answers.set()
        done = await asyncio.gather(*answers, return_exceptions=True)
        assert "answer to offer" in done
        assert await seats[-1].answer("offer") == "answer to offer"

    play(story)


def test_a_connection_of_an_extended_session_is_made_for_its_new_end() -> None:
    """A relay's password ends soon after the session, as long as the order says that it lasts."""

    async def story(world: Stage) -> None:
        order = await world.started()
        await world.page(order)
        longer = order.model_copy(update={"expires_utc": order.expires_utc + timedelta(hours=1)})
        await world.actions.change(longer)
        await world.page(order)
        assert [one.expires_utc for one in world.connected_under] == [order.expires_utc, longer.expires_utc]

    play(story)
