"""The looks at one value in the last seconds, for rules that use their median."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.hold import EPSILON_S
from shared.saving import AtMost

MAX_LOOKS = 64
"""The most that any rule keeps."""


@dataclass(slots=True)
class RecentLooksState:
    """Times and values of the looks, the oldest first."""

    taken: Annotated[deque[tuple[float, float]], AtMost(MAX_LOOKS)] = field(
        default_factory=lambda: deque(maxlen=MAX_LOOKS)
    )


class RecentLooks:
    """The looks of the last `window_s`; at least `least`, at most `most` of them.

    They are forgotten after more than `max_gap_s` without a look.
    """

    __slots__ = ("_least", "_max_gap_s", "_most", "_taken", "_window_s")

    def __init__(
        self, window_s: float, least: int, most: int, max_gap_s: float, state: RecentLooksState
    ) -> None:
        self._window_s, self._least, self._most, self._max_gap_s = window_s, least, most, max_gap_s
        self._taken = state.taken

    def add(self, at: float, value: float) -> None:
        """Add a look at capture time `at`; forget those that are too old."""
        taken = self._taken
        if taken and at - taken[-1][0] > self._max_gap_s + EPSILON_S:
            taken.clear()
        taken.append((at, round(value, 3)))
        while len(taken) > self._most or (
            len(taken) > self._least and at - taken[0][0] > self._window_s + EPSILON_S
        ):
            taken.popleft()

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter(self._taken)

    def __reversed__(self) -> Iterator[tuple[float, float]]:
        return reversed(self._taken)

    @property
    def last(self) -> float:
        """The last value. Raises IndexError when there is none."""
        return self._taken[-1][1]
