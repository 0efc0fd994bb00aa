"""Decides which looks are due at a frame, by capture time, so that live stream and recording agree. Pure.

Time is divided into slots of each look's period, which begin a quarter of a period early. So the frames of a
stream whose rate is a multiple of the look's rate are well inside their slots, and jitter does not push two
of them into one slot. The first frame of a slot is analysed. Looks that need faces, and the body, wait for a
frame on which faces are looked for: all values of one moment then come from one picture.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import floor

from edge.analysis.levels import FULL, LEVELS
from shared.events.looks import Look

SLOT_LEAD = 0.25
"""How early a slot begins, as a share of its period."""


@dataclass(slots=True)
class ScheduleState:
    """When each task was last due."""

    last_s: dict[Look, float] = field(default_factory=dict)


class Schedule:
    """The looks of one session."""

    __slots__ = ("_last_s", "_rates_hz", "_wanted")

    def __init__(
        self,
        wanted: Collection[Look],
        cadences_hz: Mapping[Look, float] | None = None,
        state: ScheduleState | None = None,
    ) -> None:
        """`wanted`: the looks that policy and networks allow; `cadences_hz`: the policy's own rates."""
        self._wanted = frozenset(wanted)
        self._rates_hz = [_rates_hz(level, cadences_hz or {}) for level in range(len(LEVELS))]
        self._last_s = (state or ScheduleState()).last_s

    def due(self, at: float, level: int) -> frozenset[Look]:
        """The looks to do on the frame captured at `at`; may be empty. They count as done."""
        rates_hz = self._rates_hz[level]
        if not self._is_due(Look.FACES, at, rates_hz[Look.FACES]):
            return frozenset()
        due = {
            look
            for look, rate_hz in rates_hz.items()
            if look in self._wanted and self._is_due(look, at, rate_hz)
        }
        for look in due:
            self._last_s[look] = at
        return frozenset(due)

    def _is_due(self, look: Look, at: float, rate_hz: float) -> bool:
        last_s = self._last_s.get(look)
        return last_s is None or slot(at, rate_hz) > slot(last_s, rate_hz)


def _rates_hz(level: int, cadences_hz: Mapping[Look, float]) -> dict[Look, float]:
    """The policy's rates, or else the level's; looks that a level leaves out stay out.

    Below the full levels a policy's rate counts only when it is slower, because these levels must do less.
    """
    rates_hz = {}
    for look, own_hz in LEVELS[level].rates_hz.items():
        asked_hz = cadences_hz.get(look, own_hz)
        rates_hz[look] = asked_hz if level <= FULL else min(asked_hz, own_hz)
    return rates_hz


def slot(at: float, rate_hz: float) -> int:
    """The number of the slot that contains a time, for a look's period."""
    return floor(at * rate_hz + SLOT_LEAD)
