"""What perception remembers goes on elsewhere after any of its looks as if it had never moved."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import given, strategies as st

from edge.analysis.lids import Lids, LidsState
from edge.analysis.owed_sound import OwedSound, OwedSoundState
from edge.analysis.schedule import Schedule, ScheduleState
from edge.analysis.tilts import Tilts, TiltsState
from shared.events.looks import Look
from shared.saving import restore, save

T = TypeVar("T")
steps = st.lists(st.sampled_from([0.02, 0.07, 0.2, 0.34, 1.0, 4.0]), max_size=60)


def times(passed: Sequence[float]) -> list[float]:
    return list(itertools.accumulate(passed))


def carried(state: T) -> T:
    return restore(type(state), json.loads(json.dumps(save(state), sort_keys=True)))


@given(steps, st.lists(st.integers(0, 4), min_size=60, max_size=60))
def test_the_schedule(passed: list[float], levels: list[int]) -> None:
    moving, staying = ScheduleState(), Schedule(set(Look))
    for at, level in zip(times(passed), levels, strict=False):
        moving = carried(moving)
        assert Schedule(set(Look), None, moving).due(at, level) == staying.due(at, level)


@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(0.3, 1.0)), max_size=100))
def test_the_tilts(checks: list[tuple[float, float]]) -> None:
    moving, staying = TiltsState(), Tilts(0.75)
    for pitch_deg, similarity in checks:
        moving = carried(moving)
        assert Tilts(0.75, moving).doubtful(pitch_deg, similarity) == staying.doubtful(pitch_deg, similarity)


@given(
    st.lists(st.tuples(st.sampled_from([0.2, 0.34, 1.0]), st.sampled_from([0.1, 0.28, 0.3])), max_size=130)
)
def test_the_lids(looks: list[tuple[float, float]]) -> None:
    moving, staying = LidsState(), Lids()
    for at, (_, ratio) in zip(times([step for step, _ in looks]), looks, strict=True):
        moving = carried(moving)
        assert Lids(moving).shut(at, ratio) == staying.shut(at, ratio)


@given(steps, st.sets(st.integers(0, 59)), st.sampled_from([0.0, 2.0, 9.0]))
def test_the_sound_that_is_owed(passed: list[float], heard: set[int], away_s: float) -> None:
    moving, staying = OwedSoundState(), OwedSound()
    for number, at in enumerate(times(passed)):
        moving = carried(moving)
        going = OwedSound(moving)
        for each in (going, staying):
            if number in heard:
                each.heard(at)
            if number == 30:
                each.pause(at + away_s)
        assert going.overdue(at + away_s * (number >= 30)) == staying.overdue(at + away_s * (number >= 30))
