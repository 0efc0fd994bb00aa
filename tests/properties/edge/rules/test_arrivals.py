"""No gap lies between watched and stalled: in any arrival pattern, what lasts is raised or told unwatched.

A sender decides when its pictures arrive. So arrivals here are any: even, in bursts, at random. The looks at
them are those of the real schedule, the rules those of a real session.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from edge.analysis.schedule import Schedule
from edge.judging.policy_settings import monitor_settings
from edge.media.clock import CaptureClock
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.looks import Look
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from shared.unwatched import Kind
from tests.support.observations import LIGHT, ONE, TWO, alive, arrival, body, check, frame

SETTINGS = monitor_settings(Policy())
BEGINS_S = 12.0
MARGIN_S = 3.0
FIELDS: Mapping[Look, Callable[[bool, EventType], dict[str, Any]]] = {
    Look.FACES: lambda on, event: {
        "picture": LIGHT,
        "faces": {EventType.FACE_NOT_FOUND: (), EventType.MULTIPLE_FACES: TWO}.get(event, ONE) if on else ONE,
    },
    Look.IDENTITY: lambda on, event: {
        "identity": check(0.4 if on and event is EventType.FACE_MISMATCH else 0.9)
    },
    Look.BODY: lambda on, event: {"body": body(shoulders=not (on and event is EventType.LEFT_FRAME))},
}
HOLDS_S = {
    EventType.FACE_NOT_FOUND: SETTINGS.rules[EventType.FACE_NOT_FOUND].hold_s,
    EventType.MULTIPLE_FACES: SETTINGS.rules[EventType.MULTIPLE_FACES].hold_s,
    EventType.LEFT_FRAME: SETTINGS.rules[EventType.LEFT_FRAME].hold_s,
    EventType.FACE_MISMATCH: float(SETTINGS.mismatch_checks),
}
KINDS = {event: Kind.BODY if event is EventType.LEFT_FRAME else Kind.FACE for event in HOLDS_S}
EVEN = [1 / 15] * 600
BURSTS = [0.1 / 36] * 36 + [2.5]
gaps = st.one_of(
    st.lists(st.floats(0.02, 3.5), min_size=1, max_size=12),
    st.lists(st.sampled_from([0.07, 0.2, 0.9, 0.99, 1.2, 2.0, 2.4, 2.9, 2.99]), min_size=1, max_size=12),
    st.builds(
        lambda frames, away_s: [0.1 / frames] * frames + [away_s], st.integers(2, 39), st.floats(0.5, 2.99)
    ),
)


def looked_at(pattern: list[float], event: EventType) -> list[Observation]:
    """What is seen where pictures arrive with these gaps, over and over; the event begins at `BEGINS_S`."""
    schedule, seen = Schedule(set(Look)), []
    times = itertools.accumulate(itertools.cycle(pattern))
    for number, at in enumerate(itertools.takewhile(lambda at: at < BEGINS_S + 30, times)):
        known: dict[str, Any] = {}
        for look in schedule.due(at, 1) & FIELDS.keys():
            known |= FIELDS[look](at >= BEGINS_S, event)
        one = replace(frame(at, picture=None), **known) if known else arrival(at)
        seen.append(alive(replace(one, frame_id=number)))
    return seen


def live(monitor: Monitor, seen: list[Observation], until_s: float) -> list[Finding]:
    found: list[Finding] = []
    for at, observation in [*((each.at, each) for each in seen if each.at <= until_s), (until_s, None)]:
        while (deadline_s := monitor.deadline()) is not None and deadline_s <= at:
            found += monitor.tick(deadline_s)
        found += [] if observation is None else monitor.observe(observation, at)
    return found


@pytest.mark.parametrize("event", HOLDS_S)
@settings(deadline=None, max_examples=25)
@given(gaps)
@example(EVEN)
@example(BURSTS)
@example([2.5])
@example([2.2])
@example([2.99])
def test_what_lasts_is_raised_within_its_hold_and_three_seconds_or_that_time_is_told_as_unwatched(
    event: EventType, pattern: list[float]
) -> None:
    seen, monitor = looked_at(pattern, event), Monitor(SETTINGS)
    monitor.expect(0.0)
    live(monitor, seen, BEGINS_S)
    before_s = monitor.unwatched(BEGINS_S).get(KINDS[event], 0.0)
    until_s = BEGINS_S + HOLDS_S[event] + MARGIN_S
    rest = [each for each in seen if each.at > BEGINS_S]
    found = live(monitor, rest, until_s)
    raised = [each for each in found if each.event is event]
    # A gap that began before counts with the look that ends it.
    unwatched_s = monitor.unwatched(until_s).get(KINDS[event], 0.0) - before_s
    assert raised or unwatched_s > 0 or KINDS[event] not in monitor.unwatched(until_s)


@pytest.mark.parametrize("event", HOLDS_S)
@settings(deadline=None, max_examples=25)
@given(gaps)
def test_where_pictures_never_stay_away_as_long_as_a_stall_what_lasts_is_raised_or_told(
    event: EventType, pattern: list[float]
) -> None:
    shorter = [min(gap_s, 2.9) for gap_s in pattern]
    found = live(Monitor(SETTINGS), looked_at(shorter, event), BEGINS_S + 30)
    raised = next((each for each in found if each.event is event), None)
    if raised is None:
        # With a look every three seconds, a second face may stay undecided between a person and a picture.
        assert event is EventType.MULTIPLE_FACES
        assert EventType.UNWATCHED in {each.event for each in found}
        return
    assert BEGINS_S <= raised.onset_s <= raised.raised_s
    if event is not EventType.FACE_MISMATCH:
        assert raised.raised_s - raised.onset_s >= HOLDS_S[event] - 1e-6
        assert float(str(raised.evidence["duration_seconds"])) >= HOLDS_S[event]


@settings(deadline=None, max_examples=25)
@given(st.integers(33, 39), st.floats(2.2, 2.6))
def test_a_sender_of_bursts_is_told_as_unwatched_and_as_a_low_rate(frames: int, every_s: float) -> None:
    pattern = [0.1 / frames] * frames + [every_s - 0.1]
    found = live(Monitor(SETTINGS), looked_at(pattern, EventType.FACE_NOT_FOUND), BEGINS_S + 30)
    assert {EventType.UNWATCHED, EventType.LOW_FRAME_RATE} <= {each.event for each in found}


@settings(deadline=None, max_examples=8)
@given(st.floats(0.01, 3.0))
@example(0.3)
@example(0.5)
def test_whatever_the_senders_clock_says_an_empty_chair_is_raised_or_told_as_unwatched(rate: float) -> None:
    clock, schedule, monitor, found = CaptureClock(90_000), Schedule(set(Look)), Monitor(SETTINGS), []
    at = float("-inf")
    for number in range(15 * 40):
        now, ticks = number / 15, round(rate * number * 6_000)
        clock.heard(ticks, now)
        at = max(clock.at(ticks), at + 0.001)
        found += monitor.observe(replace(arrival(at), frame_id=number), now)
        if Look.FACES in schedule.due(at, 1):
            seen = frame(at, faces=() if now > BEGINS_S else ONE)
            found += monitor.observe(alive(replace(seen, frame_id=number)), now)
    assert {EventType.FACE_NOT_FOUND, EventType.UNWATCHED} & {each.event for each in found}
