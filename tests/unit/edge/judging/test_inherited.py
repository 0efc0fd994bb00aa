"""What a session's former node has told is neither told again nor left open by the next one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
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
    watch.inherit([told], [], 20)
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
    watch.inherit([told], [], 20)
    seen(watch, 20, 40, two=True)
    seen(watch, 40, 60, two=False)
    [again] = seen(watch, 60, 64, two=True)
    assert again.revision == 1
    assert again.alert.event_id != told.event_id


def test_what_does_not_show_again_ends_soon() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [], 20)
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
    watch.inherit([raised.alert], [], 20)
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
    watch.inherit([], [raised.alert.event_id], 20)
    [cleared] = seen(twin, 20, 24, two=False)
    assert cleared.alert.event_id == raised.alert.event_id
    assert seen(watch, 20, 24, two=False) == []
    [again] = seen(watch, 24, 28, two=True)
    assert again.revision == 1


def test_the_end_of_the_session_ends_what_is_open() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [], 20)
    cleared = next(each for each in watch.finish(21.0) if each.alert.event_type is SECOND)
    assert (cleared.revision, cleared.alert.event_id) == (2, told.event_id)
    assert watch.finish(22.0) == []


def test_it_is_saved_and_restored_in_mid_wait() -> None:
    told = told_by_the_former()
    watch = next_node()
    watch.inherit([told], [told.event_id], 20)
    watch.inherit([told], [], 20)
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
    other = raised.alert.model_copy(update={"event_type": EventType.FACE_NOT_FOUND})
    assert inherited.take([other], [], 20, watched()) == []
    assert inherited.passed([raised]) == [raised]


def known_as_over(to_s: float, *, raised_at_s: float = 9.0) -> tuple[Alert, Watch]:
    """An alert that the former node has told as over, and the next node's watch from a state before that."""
    before = Watch(watched(), level=1)
    seen(before, 0, 5, two=False)
    found = seen(before, 5, to_s, two=True)
    saved = json.loads(json.dumps(before.snapshot()))
    [raised] = found or seen(before, to_s, raised_at_s, two=True)
    watch = next_node()
    watch.restore(saved, resumed_s=20)
    assert watch.inherit([], [raised.alert.event_id], 20) == []
    return raised.alert, watch


@pytest.mark.parametrize("to_s", [7.0, 9.0], ids=["a pending one", "a raised one"])
def test_what_was_told_as_over_and_still_holds_is_told_anew(to_s: float) -> None:
    told, watch = known_as_over(to_s)
    assert seen(watch, 20, 22, two=True) == []  # by a wait of its own
    [raised] = seen(watch, 22, 30, two=True)
    assert raised.revision == 1
    assert raised.alert.event_id != told.event_id
    assert raised.alert.onset == STARTED + timedelta(seconds=20)
    [cleared] = seen(watch, 30, 40, two=False)
    assert (cleared.revision, cleared.alert.event_id) == (2, raised.alert.event_id)
    assert cleared.alert.duration == pytest.approx(10, abs=0.5)


def test_a_third_node_neither_repeats_it_nor_loses_it() -> None:
    told, watch = known_as_over(9.0)
    assert seen(watch, 20, 22, two=True) == []
    third = next_node()
    third.restore(json.loads(json.dumps(watch.snapshot())), resumed_s=40)
    assert third.inherit([], [told.event_id], 40) == []
    [raised] = seen(third, 40, 44, two=True)
    assert raised.alert.onset == STARTED + timedelta(seconds=20)
    [cleared] = seen(third, 44, 50, two=False)
    assert cleared.alert.event_id == raised.alert.event_id


def test_of_two_open_alerts_of_one_event_the_newer_goes_on_and_the_older_ends() -> None:
    older, newer = told_by_the_former(), told_by_the_former().model_copy(update={"event_id": OTHER})
    watch = next_node()
    [ended] = watch.inherit([older, newer], [], 20)
    assert (ended.revision, ended.alert.event_id) == (2, older.event_id)
    assert ended.alert.cleared == STARTED + timedelta(seconds=20)
    assert seen(watch, 20, 22, two=True) == []
    [cleared] = seen(watch, 22, 30, two=False)
    assert cleared.alert.event_id == newer.event_id


def test_an_alert_keeps_its_picture_although_the_state_came_without_it() -> None:
    before = Watch(watched(), level=1)
    picture = np.zeros((48, 64, 3), np.uint8)
    pictures = every(0, 4, frame(0, faces=TWO, identity=check(0.9)))
    [raised] = [each for one in pictures for each in before.observe(one, picture) if is_second(each)]
    assert raised.alert.evidence_pictures
    watch = next_node()
    watch.restore(json.loads(json.dumps(before.snapshot())) | {"kept": {}}, resumed_s=20)
    watch.inherit([raised.alert], [], 20)
    [cleared] = seen(watch, 20, 30, two=False)
    assert cleared.alert.event_id == raised.alert.event_id
    assert cleared.alert.evidence_pictures == raised.alert.evidence_pictures


def is_second(revision: AlertRevision) -> bool:
    return revision.alert.event_type is SECOND


def test_an_alert_keeps_the_words_that_the_former_node_has_sealed() -> None:
    told = told_by_the_former().model_copy(update={"sealed_excerpt": "c2VhbGVk"})
    cleared = AlertRevision(told.model_copy(update={"cleared": told.raised, "sealed_excerpt": None}), 2)
    inherited = Inherited()
    inherited.take([told], [], 20, watched())
    [passed] = inherited.passed([cleared])
    assert passed.alert.sealed_excerpt == told.sealed_excerpt
