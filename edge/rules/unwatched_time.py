"""Adds up unwatched time by cause: in total, and for the last minute in parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import floor
from typing import Annotated

from shared.saving import AtMost, Count
from shared.unwatched import Kind

WINDOW_S = 60.0
PART_S = 5.0
"""The last `WINDOW_S` are kept in parts of this length."""
MAX_PARTS = 14


@dataclass(slots=True)
class Seconds:
    """Unwatched seconds by cause: nothing arrived, what arrived was damaged or showed nothing, the node did
    not look as required."""

    gaps: float = 0.0
    damaged: float = 0.0
    node: float = 0.0

    @property
    def total(self) -> float:
        return self.gaps + self.damaged + self.node

    def plus(self, other: Seconds) -> Seconds:
        """The sum of both, as a new value."""
        return Seconds(self.gaps + other.gaps, self.damaged + other.damaged, self.node + other.node)


Part = tuple[Count, float, float, float]
"""A part of the last minute: its number (start ÷ `PART_S`), and its unwatched seconds as in `Seconds`."""
Parts = Annotated[deque[Part], AtMost(MAX_PARTS)]
"""In order of time."""


def count(total: Seconds, parts: deque[Part], until_s: float, seconds: Seconds) -> None:
    """Add unwatched time that ends at `until_s` to the total and to the parts of the last minute."""
    total.gaps += seconds.gaps
    total.damaged += seconds.damaged
    total.node += seconds.node
    begins_s = max(until_s - seconds.total, until_s - WINDOW_S)
    while until_s - begins_s > 1e-6:
        number = max(0, floor(begins_s / PART_S + 1e-9))
        ends_s = min(until_s, (number + 1) * PART_S)
        share = (ends_s - begins_s) / seconds.total
        _add(parts, number, Seconds(*(share * each for each in _causes(seconds))))
        begins_s = ends_s


def recent(parts: Iterable[Part], at: float) -> Seconds:
    """Unwatched time in the minute before `at`."""
    first, found = floor((at - WINDOW_S) / PART_S), Seconds()
    for number, *seconds in parts:
        if number > first:
            found = found.plus(Seconds(*seconds))
    return found


def _add(parts: deque[Part], number: int, seconds: Seconds) -> None:
    """Add to a part. Parts are in order; time of an older part goes to the last one."""
    if parts and parts[-1][0] >= number:
        number, *before = parts.pop()
        seconds = seconds.plus(Seconds(*before))
    gaps_s, damaged_s, node_s = (round(each, 3) for each in _causes(seconds))
    parts.append((number, gaps_s, damaged_s, node_s))


def _causes(seconds: Seconds) -> tuple[float, float, float]:
    return seconds.gaps, seconds.damaged, seconds.node


_WHY = (
    "nothing arrived",
    "what arrived was damaged, dark, frozen or silent",
    "the node did not look as required",
)
"""The causes in the order of `Seconds`."""


def told(kind: Kind, seconds: Seconds) -> list[str]:
    """The unwatched time in words, one line per cause."""
    parts = zip(_WHY, _causes(seconds), strict=True)
    return [f"{kind}: {why} for {each:.1f} s" for why, each in parts if each >= 0.05]
