"""The cadence holds whatever the steps between frames."""

from __future__ import annotations

from hypothesis import given, strategies as st

from edge.analysis.levels import LEVELS
from edge.analysis.schedule import Schedule
from shared.events.looks import Look

ALL = frozenset(Look)


@given(st.lists(st.floats(0.001, 3.0), max_size=80), st.integers(0, 4))
def test_no_task_is_ever_due_faster_than_its_rate(steps: list[float], level: int) -> None:
    schedule, at, last = Schedule(ALL), 0.0, dict[Look, list[float]]()
    for step in steps:
        at += step
        for task in schedule.due(at, level):
            last.setdefault(task, []).append(at)
    for task, times in last.items():
        slots = (times[-1] - times[0]) * LEVELS[level].rates_hz[task]
        assert len(times) <= slots + 2
