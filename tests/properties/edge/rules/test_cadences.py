"""The bound on onset and raise holds at the cadence of every level, wherever between two looks it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from edge.analysis.levels import FULL, LEVELS
from edge.analysis.schedule import Schedule
from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.events.looks import Look
from shared.events.types import EventType
from shared.observations import Box, HandsSeen, ObjectSeen, Observation, PersonsSeen
from shared.policy.schema import parse_policy
from tests.support.observations import (
    BLACK,
    LIGHT,
    ONE,
    TWO,
    alive,
    body,
    check,
    eyes,
    face,
    frame,
    head,
    play,
)

ASKED = {event: {"enabled": True} for event in ("PHONE_VISIBLE", "PRESENTATION_ATTACK")}
SETTINGS = monitor_settings(parse_policy({"baseline_s": 10, "rules": ASKED}))
BEGINS_S = (15.1, 15.37, 15.62, 15.88)
MOST_LATE_S = 2.2
"""A second until the first look, and one until the look after the hold: nothing is raised before it."""
ONSET_WITHIN_S = 1.1
"""A second between two looks, and a frame."""
HONEST: Mapping[Look, dict[str, Any]] = {
    Look.FACES: {"faces": ONE, "picture": LIGHT},
    Look.HEAD: {"head": head()},
    Look.GAZE: {"gaze": eyes(-5, 0)},
    Look.IDENTITY: {"identity": check(0.9)},
    Look.LIVENESS: {"liveness": 0.9},
    Look.BODY: {"body": body(shoulders=True), "hands": HandsSeen(to_ear_head_widths=None)},
    Look.OBJECTS: {"persons": PersonsSeen(count=1, score=0.9), "objects": ()},
}
PHONE = ObjectSeen(kind="phone", score=0.9, box=Box(0, 0, 90, 90))
BEHAVIOURS: Mapping[EventType, tuple[Look, dict[str, Any]]] = {
    EventType.MULTIPLE_FACES: (Look.FACES, {"faces": TWO}),
    EventType.FACE_NOT_FOUND: (Look.FACES, {"faces": ()}),
    EventType.PRESENCE_LOSS: (Look.FACES, {"faces": (face(40),)}),
    EventType.CAMERA_BLOCKED: (Look.FACES, {"picture": BLACK}),
    EventType.CAMERA_FROZEN: (Look.FACES, {"picture": replace(LIGHT, change=0.0)}),
    EventType.FACE_MISMATCH: (Look.IDENTITY, {"identity": check(0.4)}),
    EventType.PRESENTATION_ATTACK: (Look.LIVENESS, {"liveness": 0.05}),
    EventType.GAZE_OFF_SCREEN: (Look.GAZE, {"gaze": eyes(-5, 70)}),
    EventType.PROLONGED_LOOK_AWAY: (Look.GAZE, {"gaze": eyes(-5, 70)}),
    EventType.HEAD_DOWN: (Look.HEAD, {"head": head(-50)}),
    EventType.HEAD_TURNED_AWAY: (Look.HEAD, {"head": head(0, 70)}),
    EventType.LEFT_FRAME: (Look.BODY, {"body": body(shoulders=False), "faces": ()}),
    EventType.HAND_NEAR_EAR: (Look.BODY, {"hands": HandsSeen(to_ear_head_widths=0.3)}),
    EventType.MULTIPLE_PERSONS: (Look.OBJECTS, {"persons": PersonsSeen(count=2, score=0.9)}),
    EventType.PHONE_VISIBLE: (Look.OBJECTS, {"objects": (PHONE,)}),
}
HOLDS_S = {event: SETTINGS.rules[event].hold_s for event in BEHAVIOURS} | {EventType.FACE_MISMATCH: 4.0}
LOOKED_AT = [
    (event, level)
    for event, (task, _) in BEHAVIOURS.items()
    for level in range(len(LEVELS))
    if task in LEVELS[level].rates_hz
]


@cache
def honest(level: int) -> tuple[Observation, ...]:
    """Half a minute of what a level looks at, in a stream whose frames keep no step with the looks."""
    chance, schedule = Random(level), Schedule(set(Look))
    looks = []
    for number in range(round(30 * 14.3)):
        at = number / 14.3 + chance.uniform(0, 0.02)
        seen = {name: value for task in schedule.due(at, level) for name, value in HONEST[task].items()}
        if seen:
            looks.append(alive(replace(frame(at), level=level, frame_id=number, **seen)))
    return tuple(looks)


def behaving(level: int, event: EventType, begins_s: float) -> Iterator[Observation]:
    _, changes = BEHAVIOURS[event]
    for look in honest(level):
        known = {name: value for name, value in changes.items() if getattr(look, name) is not None}
        yield alive(replace(look, **known)) if look.at >= begins_s and known else look


@pytest.mark.parametrize(("event", "level"), LOOKED_AT)
@pytest.mark.parametrize("begins_s", BEGINS_S)
def test_a_behaviour_is_raised_in_time_and_with_its_true_onset(
    event: EventType, level: int, begins_s: float
) -> None:
    found = play(Monitor(SETTINGS), behaving(level, event, begins_s))
    (raised,) = [each for each in found if each.event is event and each.phase == "raised"]
    assert raised.onset_s == pytest.approx(begins_s, abs=ONSET_WITHIN_S)
    assert raised.raised_s <= begins_s + HOLDS_S[event] + MOST_LATE_S
    told_s, hold_s = raised.evidence["duration_seconds"], SETTINGS.rules[event].hold_s
    assert isinstance(told_s, float)
    assert told_s >= hold_s


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_nothing_is_raised_where_nothing_happens(level: int) -> None:
    expected = {EventType.CALIBRATED, EventType.LOW_FRAME_RATE}
    expected |= {EventType.ANALYSIS_DEGRADED} if level > FULL else set()
    assert {each.event for each in play(Monitor(SETTINGS), honest(level))} <= expected
