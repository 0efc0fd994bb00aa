"""Looks by capture time: the table's cadences at every frame rate, alike for jittered and dropped frames."""

from __future__ import annotations

from collections import Counter

import pytest

from edge.analysis.levels import LEVELS
from edge.analysis.schedule import Schedule
from shared.events.looks import Look

ALL = frozenset(Look)


def looks(times: list[float], level: int, wanted: frozenset[Look] = ALL) -> Counter[Look]:
    schedule = Schedule(wanted)
    return Counter(task for at in times for task in schedule.due(at, level))


def stream(rate_hz: float, duration_s: float = 60.0) -> list[float]:
    return [number / rate_hz for number in range(round(rate_hz * duration_s))]


def test_the_table_says_what_the_specification_says() -> None:
    rates = [{task.value: rate for task, rate in level.rates_hz.items()} for level in LEVELS]
    assert rates == [
        {"faces": 10, "head": 6, "gaze": 6, "identity": 1, "liveness": 1, "body": 3, "objects": 2},
        {"faces": 5, "head": 3, "gaze": 3, "identity": 1, "liveness": 1, "body": 1.5, "objects": 1},
        {"faces": 5, "head": 3, "gaze": 3, "identity": 1, "liveness": 1, "objects": 1},
        {"faces": 2, "head": 1, "gaze": 1, "identity": 1},
        {"faces": 1, "identity": 1},
    ]
    assert [Look.SPEECH in level.hears for level in LEVELS] == [True, True, True, True, False]
    assert [Look.SOUNDS in level.hears for level in LEVELS] == [True, True, False, False, False]


@pytest.mark.parametrize("level", range(5))
@pytest.mark.parametrize("rate_hz", [10, 12, 15, 24, 25, 29.97, 30])
def test_every_task_keeps_its_cadence(level: int, rate_hz: float) -> None:
    found = looks(stream(rate_hz), level)
    for task, wanted_hz in LEVELS[level].rates_hz.items():
        assert found[task] / 60 == pytest.approx(min(wanted_hz, rate_hz), rel=0.03, abs=0.05)


@pytest.mark.parametrize("level", range(5))
def test_verification_stays_at_one_hertz(level: int) -> None:
    times = [at for at in stream(15) if at < 59.7]
    assert looks(times, level)[Look.IDENTITY] == 60


def test_a_stream_as_slow_as_the_task_is_looked_at_frame_by_frame_in_spite_of_jitter() -> None:
    jittered = [at + (0.03 if number % 2 else -0.03) for number, at in enumerate(stream(5)[1:])]
    assert looks(jittered, 1)[Look.FACES] == len(jittered)


def test_other_tasks_ride_on_frames_whose_faces_are_looked_for() -> None:
    schedule = Schedule(ALL)
    others = [due for at in stream(30) if (due := schedule.due(at, 1)) - {Look.FACES}]
    assert others
    assert all(Look.FACES in due for due in others)


def test_a_lost_stretch_is_not_made_up_for() -> None:
    schedule = Schedule(ALL)
    schedule.due(0.0, 1)
    assert Look.FACES in schedule.due(10.0, 1)
    assert schedule.due(10.05, 1) == frozenset()


def test_what_nobody_asked_for_is_never_due() -> None:
    found = looks(stream(15), 1, frozenset({Look.FACES, Look.IDENTITY}))
    assert set(found) == {Look.FACES, Look.IDENTITY}


def test_stepping_down_takes_effect_at_once_and_back_again() -> None:
    schedule = Schedule(ALL)
    counts = [sum(Look.FACES in schedule.due(at + 20.0 * n, level) for at in stream(15, 20))
              for n, level in enumerate((1, 3, 1))]  # fmt: skip
    assert counts == pytest.approx([100, 40, 100], abs=1)


def test_a_policy_s_own_cadence_stands_in_place_of_a_full_level_s() -> None:
    cadences_hz = {Look.HEAD: 1.0, Look.OBJECTS: 2.5}
    schedule = Schedule(ALL, cadences_hz)
    found = Counter(task for at in stream(15) for task in schedule.due(at, 1))
    looked = [found[task] for task in (Look.HEAD, Look.OBJECTS, Look.GAZE)]
    assert looked == pytest.approx([60, 150, 180], abs=2)


def test_below_the_full_levels_a_policy_only_slows_down_and_what_is_left_out_stays_out() -> None:
    schedule = Schedule(ALL, {Look.FACES: 10.0, Look.IDENTITY: 0.5, Look.BODY: 3.0})
    found = Counter(task for at in stream(15) for task in schedule.due(at, 4))
    assert [found[task] for task in (Look.FACES, Look.IDENTITY)] == pytest.approx([60, 30], abs=1)
    assert set(found) == {Look.FACES, Look.IDENTITY}
