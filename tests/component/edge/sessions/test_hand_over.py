"""A session goes on at the next node from the former one's state: nothing twice, nothing left open."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from edge.sessions.port import assignment_of
from shared.alerts import Alert
from shared.consents import Purpose
from shared.events.types import EventType
from shared.messages.sessions import EndSession, HandedOver, StartSession
from tests.support.observations import ONE
from tests.support.session_stage import Stage, play, soon

ABSENT = EventType.FACE_NOT_FOUND


async def absent(world: Stage, one: StartSession) -> tuple[Alert, dict[str, Any], float]:
    """An absence that is told; the state after it, and the time of the next picture."""
    page = await world.page(one)
    await world.show(page, ONE, from_s=0, to_s=1)
    to_s = await world.leave_empty(page, from_s=1)
    saved = await world.worker.saved(assignment_of(one))
    assert saved is not None
    [told] = world.disk.of(ABSENT)
    return told, json.loads(saved), to_s


async def moved(world: Stage, one: StartSession, handed: HandedOver, **changes: Any) -> StartSession:
    """The next assignment of a session whose former one was stopped here."""
    stop = EndSession(session_id=one.session_id, submitted=False, epoch=one.epoch, handed_over=True)
    assert (await world.actions.end(stop)).was_running
    following = one.model_copy(update={"epoch": one.epoch + 1, "handed": handed, **changes})
    await world.actions.start(following)
    return following


def given(one: StartSession, memory: dict[str, Any] | None, *told: Alert, **more: Any) -> HandedOver:
    return HandedOver(memory=memory, age_s=3.0, policy_version=one.policy.version, open=told, **more)


def test_an_open_event_stays_open_and_ends_once_under_its_own_id() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        told, memory, to_s = await absent(world, one)
        following = await moved(world, one, given(one, memory, told))
        assert world.disk.of(ABSENT, 2) == []  # the former node does not say that it is over
        page = await world.page(following)
        await world.show(page, (), from_s=to_s + 5, to_s=to_s + 6)
        await world.show(page, ONE, from_s=to_s + 6, to_s=to_s + 7)
        await soon(lambda: world.disk.of(ABSENT, 2), "its end")
        assert [each.event_id for each in world.disk.of(ABSENT)] == [told.event_id]
        [cleared] = world.disk.of(ABSENT, 2)
        assert (cleared.event_id, cleared.onset, cleared.raised) == (told.event_id, told.onset, told.raised)
        assert (await world.state(following)).alerts_triggered >= 1

    play(story)


def test_the_clock_goes_on_and_the_former_nodes_unwatched_time_is_not_counted_twice() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        _, memory, _ = await absent(world, one)
        memory["course"]["unwatched_s"] = {"face": 50.0}
        following = await moved(world, one, given(one, memory))
        saved = await world.worker.saved(assignment_of(following))
        assert saved is not None
        course = json.loads(saved)["course"]
        assert course["saved_s"] >= memory["course"]["saved_s"] + 3.0
        assert course["started_utc"] == memory["course"]["started_utc"]
        assert course["unwatched_s"]["face"] == 50.0
        unwatched_s = (await world.state(following)).unwatched_s
        assert unwatched_s is not None
        assert unwatched_s.get("face", 0.0) < 40.0  # type: ignore[call-overload]

    play(story)


def test_only_the_clock_of_the_node_that_has_begun_is_corrected() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        _, memory, _ = await absent(world, one)
        second = await moved(world, one, given(one, memory).model_copy(update={"ahead_s": 20.0}))
        saved = await world.worker.saved(assignment_of(second))
        assert saved is not None
        again = given(second, json.loads(saved)).model_copy(update={"ahead_s": -30.0})
        third = await moved(world, second, again)
        last = await world.worker.saved(assignment_of(third))
        assert last is not None
        states = (memory, json.loads(saved), json.loads(last))
        begun = [datetime.fromisoformat(each["course"]["started_utc"]) for each in states]
        assert begun == [begun[0], begun[0] - timedelta(seconds=20), begun[0] - timedelta(seconds=20)]

    play(story)


def test_the_time_in_which_no_node_ran_is_reported_by_the_next_one() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        _, memory, _ = await absent(world, one)
        silent = given(one, memory).model_copy(update={"age_s": 1_000.0})
        following = await moved(world, one, silent)
        unwatched_s = (await world.state(following)).unwatched_s
        assert unwatched_s is not None
        first_s = unwatched_s.get("face", 0.0)  # type: ignore[call-overload]
        assert 950.0 < first_s <= 1_000.0
        saved = await world.worker.saved(assignment_of(following))
        assert saved is not None
        # Moved once more at once, it is not reported twice.
        third = await moved(world, following, given(following, json.loads(saved)))
        unwatched_s = (await world.state(third)).unwatched_s
        assert unwatched_s is not None
        assert unwatched_s.get("face", 0.0) < 40.0  # type: ignore[call-overload]

    play(story)


def test_a_pause_in_the_meantime_ends_what_was_open() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        told, memory, _ = await absent(world, one)
        following = await moved(world, one, given(one, memory, told), paused=True)
        await soon(lambda: world.disk.of(ABSENT, 2), "its end")
        assert [each.event_id for each in world.disk.of(ABSENT, 2)] == [told.event_id]
        assert (await world.state(following)).paused

    play(story)


NOBODY_LOOKS: dict[str, dict[str, Any]] = {
    "in a pause that goes on": {"paused": True},
    "without the candidate's agreement": {
        "withheld": (Purpose.CAMERA_MONITORING, Purpose.SPEECH_DETECTION),
    },
}


@pytest.mark.parametrize("known", [True, False], ids=["with a state", "without one"])
@pytest.mark.parametrize("why", NOBODY_LOOKS)
def test_while_nobody_looks_nothing_that_was_told_stays_open(why: str, known: bool) -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        told, memory, _ = await absent(world, one)
        changes = NOBODY_LOOKS[why]
        handed = given(one, memory if known else None, told, paused="paused" in changes)
        await moved(world, one, handed, **changes)
        await soon(lambda: world.disk.of(ABSENT, 2), "its end")
        assert [each.event_id for each in world.disk.of(ABSENT, 2)] == [told.event_id]

    play(story)


def test_what_was_told_as_over_and_still_holds_is_told_anew() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        told, memory, _ = await absent(world, one)
        following = await moved(world, one, given(one, memory, over=(told.event_id,)))
        page = await world.page(following)
        # Later than this machine takes to get here, however slow it is.
        await world.show(page, (), from_s=1_000, to_s=1_002)
        await soon(lambda: len(world.disk.of(ABSENT)) == 2, "the second alert")
        [_, again] = world.disk.of(ABSENT)
        assert again.event_id != told.event_id
        assert again.onset >= told.raised

    play(story)


def test_nothing_of_what_was_handed_over_stays_in_the_order() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        _, memory, _ = await absent(world, one)
        await moved(world, one, given(one, memory))
        assert [each.handed for each in world.orders] == [None, None]

    play(story)


def test_the_first_end_counts() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        await absent(world, one)
        await world.worker.end(assignment_of(one), handed_over=True)
        await world.worker.end(assignment_of(one))
        await soon(lambda: not world.worker.assignments, "the end of the session")
        await world.assignments.all_written()
        assert world.disk.of(ABSENT, 2) == []

    play(story)


@pytest.mark.parametrize("memory", [None, {"version": 1}, {"nothing": True}])
def test_without_a_state_that_can_be_used_it_starts_anew_and_still_ends_what_was_told(
    memory: dict[str, Any] | None,
) -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        told, _, to_s = await absent(world, one)
        following = await moved(world, one, given(one, memory, told))
        page = await world.page(following)
        await world.show(page, ONE, from_s=to_s, to_s=to_s + 6)
        await soon(lambda: world.disk.of(ABSENT, 2), "its end")
        assert [each.event_id for each in world.disk.of(ABSENT)] == [told.event_id]
        assert [each.event_id for each in world.disk.of(ABSENT, 2)] == [told.event_id]

    play(story)


def test_under_another_policy_only_the_clock_goes_on() -> None:
    async def story(world: Stage) -> None:
        one = await world.started()
        _, memory, _ = await absent(world, one)
        handed = given(one, memory).model_copy(update={"policy_version": one.policy.version + 1})
        following = await moved(world, one, handed)
        saved = await world.worker.saved(assignment_of(following))
        assert saved is not None
        course = json.loads(saved)["course"]
        assert course["raised"] == 0
        assert course["saved_s"] >= memory["course"]["saved_s"] + 3.0

    play(story)


def test_an_end_for_an_earlier_assignment_ends_nothing() -> None:
    async def story(world: Stage) -> None:
        one = await world.started(epoch=3)
        for epoch, was_running in ((2, False), (3, True)):
            stop = EndSession(session_id=one.session_id, submitted=False, epoch=epoch)
            assert (await world.actions.end(stop)).was_running is was_running

    play(story)
