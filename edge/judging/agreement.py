"""Compares two versions of a network by what follows from the same frames. Pure.

Two monitors with the same rules get the same frames at the same times, one with what the old version saw, one
with what the new version saw. A finding of both is one whose two times overlap, give or take `MATCH_S`: a
version that looks a little later is no other version. What only one of them found is counted for that one. So
a version that finds less is told as well as one that finds more; neither is right by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from edge.rules.settings import Settings
from shared.events.table import lane
from shared.events.types import EventType, Lane
from shared.messages.versions import Tally
from shared.observations import Observation

OF_THE_NETWORKS: Final = frozenset({EventType.ANALYSIS_DEGRADED, EventType.NOT_JUDGED})
"""The technical events that a network can bring about."""
MATCH_S: Final = 5.0
"""The longest gap between two findings of one event that still count as the same."""


class Side(Enum):
    """Whose finding it is."""

    OLD = "old"
    NEW = "new"

    @property
    def other(self) -> Side:
        return Side.NEW if self is Side.OLD else Side.OLD


@dataclass(slots=True)
class _Found:
    """A finding that has no counterpart yet."""

    onset_s: float
    until_s: float | None = None
    """When it ended; None: it lasts."""


@dataclass(slots=True)
class _Open:
    """Of one event: what each side found alone so far, and what it found last, matched or not."""

    alone: dict[Side, list[_Found]] = field(default_factory=lambda: {side: [] for side in Side})
    last: dict[Side, _Found] = field(default_factory=dict)


class Agreement:
    """Counts, event by event, what both versions or only one of them found in one session."""

    def __init__(self, settings: Settings) -> None:
        self._monitors = {side: Monitor(settings) for side in Side}
        self._open: dict[EventType, _Open] = {}
        self._counts: dict[EventType, Counter[str]] = {}
        self._now_s = float("-inf")

    @property
    def tallies(self) -> Mapping[EventType, Tally]:
        """By event; those that nobody found are missing. What lasts and has no counterpart so far counts as
        alone, until it gets one."""
        counts = {event: Counter(of_event) for event, of_event in self._counts.items()}
        for event, found in self._open.items():
            for side in Side:
                alone = sum(self._now_s - one.onset_s > MATCH_S for one in found.alone[side])
                counts.setdefault(event, Counter())[f"only_{side.value}"] += alone
        return {event: Tally(**of_event) for event, of_event in counts.items() if of_event.total()}

    def observe(self, old: Observation, new: Observation, now: float | None = None) -> None:
        """Add what each version saw of one frame. What no network saw is the same value twice."""
        self._take(Side.OLD, self._monitors[Side.OLD].observe(old, now))
        self._take(Side.NEW, self._monitors[Side.NEW].observe(new, now))
        self._now_s = old.at if now is None else now
        self._settle(self._now_s)

    def _take(self, side: Side, findings: Iterable[Finding]) -> None:
        for finding in filter(_counts, findings):
            events = self._open.setdefault(finding.event, _Open())
            if finding.phase is Phase.CLEARED:
                events.last[side].until_s = finding.at_s
                continue
            found = events.last[side] = _Found(finding.onset_s)
            counterpart = _counterpart(events.alone[side.other], found)
            if counterpart is None:
                events.alone[side].append(found)
            else:
                events.alone[side.other].remove(counterpart)
                self._count(finding.event, "both")

    def _settle(self, now: float) -> None:
        """Give up waiting for the counterparts of what ended long enough ago."""
        for event, found in self._open.items():
            for side in Side:
                over = [one for one in found.alone[side] if now - _end(one, now) > MATCH_S]
                for one in over:
                    found.alone[side].remove(one)
                    self._count(event, f"only_{side.value}")

    def _count(self, event: EventType, what: str) -> None:
        self._counts.setdefault(event, Counter())[what] += 1


def _counts(finding: Finding) -> bool:
    """What the same stream shows to any version, such as too few frames, is no agreement of two."""
    return lane(finding.event) is Lane.CONDUCT or finding.event in OF_THE_NETWORKS


def _counterpart(others: list[_Found], found: _Found) -> _Found | None:
    """What the other side found at the same time, the earliest first."""
    return next((one for one in others if found.onset_s - _end(one, found.onset_s) <= MATCH_S), None)


def _end(one: _Found, now: float) -> float:
    return now if one.until_s is None else one.until_s
