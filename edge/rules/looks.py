"""The last seconds' looks at one number, for rules that go by the middle one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from edge.rules.hold import EPSILON_S
from edge.rules.snapshots import Json, Saved, numbers


class Looks:
    """When it was looked and what was seen, the oldest first: of `window_s`, `least` looks at least.

    After more than `max_gap_s` without a look they begin anew.
    """

    __slots__ = ("_least", "_max_gap_s", "_most", "_taken", "_window_s")

    def __init__(self, window_s: float, least: int, most: int, max_gap_s: float) -> None:
        self._window_s, self._least, self._most, self._max_gap_s = window_s, least, most, max_gap_s
        self._taken: deque[tuple[float, float]] = deque(maxlen=most)

    def add(self, at: float, value: float) -> None:
        """A look at capture time `at`, and forget what is too old."""
        if self._taken and at - self._taken[-1][0] > self._max_gap_s + EPSILON_S:
            self._taken.clear()
        self._taken.append((at, round(value, 3)))
        while len(self._taken) > self._least and at - self._taken[0][0] > self._window_s + EPSILON_S:
            self._taken.popleft()

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter(self._taken)

    def __reversed__(self) -> Iterator[tuple[float, float]]:
        return reversed(self._taken)

    @property
    def last(self) -> float:
        """What was seen last. Raises IndexError when nothing was."""
        return self._taken[-1][1]

    def snapshot(self) -> Saved:
        """All of them, for another node to go on with."""
        flat: list[Json] = [value for look in self._taken for value in look]
        return {"looks": flat}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        flat = numbers(saved, "looks", 2 * self._most)
        if len(flat) % 2:
            raise ValueError("the snapshot's looks are not whole")
        self._taken = deque(zip(flat[::2], flat[1::2], strict=True), maxlen=self._most)
