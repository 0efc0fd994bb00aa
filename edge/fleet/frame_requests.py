"""Counts whether pages obey when they are asked for fewer frames, by what arrives before and after. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from edge.sessions.port import AssignmentId

FEWER_HZ: Final = 8
"""Half of what a page sends by itself; enough for every look of a processor's levels in its time."""
FULL_HZ: Final = 15
"""What a page sends by itself."""
WINDOW_S: Final = 5.0
"""Rates are measured over so long, up to a request and after it has had `EFFECT_S`."""
EFFECT_S: Final = 2.0
LEEWAY: Final = 1.25
"""Frames that were on their way, and clocks that differ, are no disobedience."""


class RequestOutcome(StrEnum):
    """What became of a request to one page."""

    OBEYED = "obeyed"
    IGNORED = "ignored"
    NEEDLESS = "needless"
    """It sent no more than that before."""


@dataclass(frozen=True, slots=True)
class Obedience:
    """One page's answer to a request."""

    assignment: AssignmentId
    outcome: RequestOutcome
    before_hz: float
    after_hz: float


@dataclass(slots=True)
class FrameRequests:
    """Follows the frames that arrive from each session."""

    counts: Counter[RequestOutcome] = field(default_factory=Counter)
    """Requests so far, by outcome."""
    _seen: dict[AssignmentId, deque[tuple[float, int]]] = field(default_factory=dict)
    """When so many frames had arrived, over the last window."""
    _asked: dict[AssignmentId, tuple[float, float]] = field(default_factory=dict)
    """When a page was asked, and what it sent before."""

    def ask(self, now_s: float) -> None:
        """Note that all pages are asked for fewer frames now."""
        rates_hz = {one: _rate_hz(seen) for one, seen in self._seen.items()}
        self._asked = {one: (now_s, rate_hz) for one, rate_hz in rates_hz.items() if rate_hz}

    def undo(self) -> None:
        """Note that pages may send all frames again: what is not measured yet never is."""
        self._asked.clear()

    def observe(self, received: Mapping[AssignmentId, int], now_s: float) -> list[Obedience]:
        """Note how many frames have arrived from each session. Returns the answers that are measured now."""
        self._seen = {one: self._seen.get(one, deque()) for one in received}
        self._asked = {one: asked for one, asked in self._asked.items() if one in received}
        for one, frames in received.items():
            seen = self._seen[one]
            if seen and frames < seen[-1][1]:
                seen.clear()  # it goes on in another process, which counts anew
            seen.append((now_s, frames))
            while len(seen) > 1 and now_s - seen[1][0] >= WINDOW_S:
                seen.popleft()
        due = [one for one, (at_s, _) in self._asked.items() if now_s - at_s >= EFFECT_S + WINDOW_S]
        return [self._judged(one) for one in due]

    def _judged(self, one: AssignmentId) -> Obedience:
        _, before_hz = self._asked.pop(one)
        after_hz = _rate_hz(self._seen[one])
        outcome = RequestOutcome.OBEYED if after_hz <= FEWER_HZ * LEEWAY else RequestOutcome.IGNORED
        if before_hz <= FEWER_HZ * LEEWAY:
            outcome = RequestOutcome.NEEDLESS
        self.counts[outcome] += 1
        return Obedience(one, outcome, round(before_hz, 2), round(after_hz, 2))


def _rate_hz(seen: deque[tuple[float, int]]) -> float:
    """Frames per second between the first and the last reading; 0 with one reading."""
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    return (last - first) / (last_s - first_s) if last_s > first_s else 0.0
