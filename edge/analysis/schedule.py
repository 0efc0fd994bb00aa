"""Which looks are due at a frame, by capture time, so that live stream and recording agree. Pure.

Time is cut into slots of each task's period, a quarter of a period early, so that the frames of a stream
whose rate is a multiple of the task's fall well inside their slot and jitter does not push two into one. The
first frame of a slot is looked at. Tasks that build on faces wait for a frame whose faces are looked for, and
so does the body: what is said of one instant is then seen in one picture.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import floor

from edge.analysis.levels import FULL, LEVELS, Task

SLOT_LEAD = 0.25
"""How much of its period a slot begins early."""


@dataclass(slots=True)
class ScheduleState:
    """When each task was last due."""

    last_s: dict[Task, float] = field(default_factory=dict)


class Schedule:
    """The looks of one session."""

    __slots__ = ("_last_s", "_rates_hz", "_wanted")

    def __init__(
        self,
        wanted: Collection[Task],
        cadences_hz: Mapping[str, float] | None = None,
        state: ScheduleState | None = None,
    ) -> None:
        """`wanted` names the tasks that policy and networks allow at all, `cadences_hz` the policy's own."""
        self._wanted = frozenset(wanted)
        self._rates_hz = [_rates_hz(level, cadences_hz or {}) for level in range(len(LEVELS))]
        self._last_s = (state or ScheduleState()).last_s

    def due(self, at: float, level: int) -> frozenset[Task]:
        """The tasks to do on the frame captured at `at`; empty: leave it. Counts as done when answered."""
        rates_hz = self._rates_hz[level]
        if not self._is_due(Task.FACES, at, rates_hz[Task.FACES]):
            return frozenset()
        due = {
            task
            for task, rate_hz in rates_hz.items()
            if task in self._wanted and self._is_due(task, at, rate_hz)
        }
        for task in due:
            self._last_s[task] = at
        return frozenset(due)

    def _is_due(self, task: Task, at: float, rate_hz: float) -> bool:
        last_s = self._last_s.get(task)
        return last_s is None or slot(at, rate_hz) > slot(last_s, rate_hz)


def _rates_hz(level: int, cadences_hz: Mapping[str, float]) -> dict[Task, float]:
    """The level's cadences, or the policy's in their place; what a level leaves out stays out.

    Below the full levels a policy's cadence counts only where it is slower: they are there to do less.
    """
    rates_hz = {}
    for task, own_hz in LEVELS[level].rates_hz.items():
        asked_hz = cadences_hz.get(task, own_hz)
        rates_hz[task] = asked_hz if level <= FULL else min(asked_hz, own_hz)
    return rates_hz


def slot(at: float, rate_hz: float) -> int:
    """The number of the slot of a task's period in which a time lies."""
    return floor(at * rate_hz + SLOT_LEAD)
