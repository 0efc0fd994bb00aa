"""What a session's former node has told is neither told again nor left open by the next one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from edge.judging.alerts import AlertRevision
from edge.judging.inherited import SHOWS_AGAIN_WITHIN_S, Inherited
from edge.judging.watch import Watch
from shared.alerts import Alert
from shared.events.types import EventType
from tests.support.observations import ONE, TWO, check, every, frame
from tests.support.watched import STARTED, watched

SECOND = EventType.MULTIPLE_FACES
OTHER = UUID("018f3c1e-7b1a-7c00-8000-0000000000bb")


def seen(watch: Watch, from_s: float, to_s: float, *, two: bool) -> list[AlertRevision]:
    """What is told of a second person."""
    faces = TWO if two else ONE
    pictures = every(from_s, to_s, frame(0, faces=faces, identity=check(0.9)))
    told = [each for one in pictures for each in watch.observe(one)]
    return [each for each in told if each.alert.event_type is SECOND]


def told_by_the_former(raised_at_s: float = 9.0) -> Alert:
    """An open alert about a second person whose onset was at 5 s."""
    before = Watch(watched(), level=1)
    assert seen(before, 0, 5, two=False) == []
    [raised] = seen(before, 5, raised_at_s, two=True)
    assert (raised.revision, raised.alert.event_type) == (1, SECOND)
    return raised.alert


def next_node() -> Watch:
    return Watch(replace(watched(), node_id=OTHER, region="eu-2"), level=1)


def test_without_anything_inherited_everything_is_told() -> None:
    twin = next_node()
    raised, cleared = seen(twin, 20, 24, two=True) + seen(twin, 24, 28, two=False)
    assert (raised.revision, cleared.revision) == (1, 2)


def test_what_still_holds_goes_on_as_the_same_alert_and_ends_once() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [])
    assert seen(watch, 20, 40, two=True) == []
    [cleared] = seen(watch, 40, 60, two=False)
    assert (cleared.revision, cleared.alert.event_id) == (2, told.event_id)
    assert (cleared.alert.onset, cleared.alert.raised) == (told.onset, told.raised)
    assert cleared.alert.cleared == STARTED + timedelta(seconds=40)
    assert cleared.alert.duration == pytest.approx(told.duration + 20, abs=0.5)
    assert cleared.alert.metadata.node == OTHER


def test_a_second_time_after_that_is_an_alert_of_its_own() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [])
    seen(watch, 20, 40, two=True)
    seen(watch, 40, 60, two=False)
    [again] = seen(watch, 60, 64, two=True)
    assert again.revision == 1
    assert again.alert.event_id != told.event_id


def test_what_does_not_show_again_ends_soon() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [])
    assert seen(watch, 20, 20 + SHOWS_AGAIN_WITHIN_S - 0.2, two=False) == []
    [cleared] = seen(watch, 20 + SHOWS_AGAIN_WITHIN_S - 0.2, 30, two=False)
    assert (cleared.revision, cleared.alert.event_id) == (2, told.event_id)
    assert cleared.alert.cleared is not None
    assert cleared.alert.cleared >= told.raised


def test_a_state_that_knows_the_alert_only_as_pending_does_not_raise_it_again() -> None:
    before = Watch(watched(), level=1)
    seen(before, 0, 5, two=False)
    assert seen(before, 5, 7, two=True) == []
    saved = json.loads(json.dumps(before.snapshot()))
    [raised] = seen(before, 7, 9, two=True)

    twin, watch = next_node(), next_node()
    twin.restore(saved, resumed_s=20)
    watch.restore(saved, resumed_s=20)
    watch.inherit([raised.alert], [])
    [doubled] = seen(twin, 20, 24, two=True)
    assert doubled.alert.event_id == raised.alert.event_id  # without that knowledge it is told twice
    assert seen(watch, 20, 24, two=True) == []
    [cleared] = seen(watch, 24, 28, two=False)
    assert cleared.alert.event_id == raised.alert.event_id


def test_what_was_cleared_after_the_state_is_not_cleared_again() -> None:
    before = Watch(watched(), level=1)
    seen(before, 0, 5, two=False)
    [raised] = seen(before, 5, 9, two=True)
    saved = json.loads(json.dumps(before.snapshot()))

    twin, watch = next_node(), next_node()
    for one in (twin, watch):
        one.restore(saved, resumed_s=20)
    watch.inherit([], [raised.alert.event_id])
    [cleared] = seen(twin, 20, 24, two=False)
    assert cleared.alert.event_id == raised.alert.event_id
    assert seen(watch, 20, 24, two=False) == []
    [again] = seen(watch, 24, 28, two=True)
    assert again.revision == 1


def test_the_end_of_the_session_ends_what_is_open() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [])
    cleared = next(each for each in watch.finish(21.0) if each.alert.event_type is SECOND)
    assert (cleared.revision, cleared.alert.event_id) == (2, told.event_id)
    assert watch.finish(22.0) == []


def test_it_is_saved_and_restored_in_mid_wait() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [told.event_id])
    watch.inherit([told], [])
    assert seen(watch, 20, 22, two=True) == []
    other = next_node()
    other.restore(json.loads(json.dumps(watch.snapshot())))
    assert seen(other, 22, 26, two=True) == []
    [cleared] = seen(other, 26, 30, two=False)
    assert cleared.alert.event_id == told.event_id
    assert "inherited" not in other.snapshot()


def test_an_alert_of_another_kind_is_not_held_back() -> None:
    raised = AlertRevision(told_by_the_former(), 1)
    inherited = Inherited()
    inherited.take([raised.alert.model_copy(update={"event_type": EventType.FACE_NOT_FOUND})], [])
    assert inherited.passed([raised]) == [raised]
