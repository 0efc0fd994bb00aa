"""Two windows of one session, and two devices: which is watched, what the other is told, what staff hear."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.errors import Rejected
from shared.events.types import Action, EventType
from shared.policy.schema import parse_policy
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
        await world.page(order, tab=THIRD_TAB)
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
        await world.page(order, tab=after)
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


def test_an_exam_that_does_not_ask_for_it_hears_nothing() -> None:
    async def story(world: Stage) -> None:
        rules = {"rules": {"SECOND_DEVICE": {"enabled": False}}}
        order = await world.started(policy=parse_policy(rules))
        first = await world.page(order, tab=ONE_TAB)
        await sending(world, first)
        await world.page(order, tab=OTHER_TAB)
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
        assert await first.hearing == "open-elsewhere"
        await world.actions.change(order.model_copy(update={"device": 2}))
        assert not second.source.closed

    play(story)
