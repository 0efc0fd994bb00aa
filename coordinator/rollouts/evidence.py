"""Defines what is counted of a new version of a network, and judges one look at it. Pure.

In the shadow both versions see the same frames, so their findings come in pairs. In which sessions the new
one finds fewer and in which more decides: more of either than chance explains is a difference, because a
version that misses things looks better than it is. Sessions are counted and not findings, for one odd
candidate may bring many of them. Where each finds as many but other things, the share of what only one of
them found tells.

In the exams of the canary only one version sees each frame. Chance has chosen the exams, so their findings
per hour are compared by ranks, exam by exam: candidates of one exam are alike, and many of them are no many
exams.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from coordinator.rollouts.exact import binomial, least_share, most_share, rank_sum

MOST_DIFFERING: Final = 0.15
"""The largest share of the findings of an event that only one of two equal versions may have."""
MOST_EXAMS: Final = 120
"""The most exams whose ranks are compared, up to half of them with the new version; the caller gives the
latest. Twice as many would take seconds for each event."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The findings of one event in the shadow."""

    both: int = 0
    only_old: int = 0
    only_new: int = 0
    fewer: int = 0
    """Sessions in which the new version found fewer than the old, …"""
    more: int = 0
    """… and in which it found more."""

    @property
    def total(self) -> int:
        return self.both + self.only_old + self.only_new

    @property
    def differing(self) -> int:
        return self.only_old + self.only_new


def with_session(pairs: Mapping[str, Pairs], session: Mapping[str, tuple[int, int, int]]) -> dict[str, Pairs]:
    """The counts with those of one more session: by event, findings of both, of the old and of the new
    alone."""
    added = dict(pairs)
    for event, (both, only_old, only_new) in session.items():
        one = pairs.get(event, Pairs())
        added[event] = Pairs(
            both=one.both + both,
            only_old=one.only_old + only_old,
            only_new=one.only_new + only_new,
            fewer=one.fewer + (only_new < only_old),
            more=one.more + (only_new > only_old),
        )
    return added


@dataclass(frozen=True, slots=True)
class Arms:
    """Findings of one event per hour, exam by exam."""

    old: tuple[float, ...] = ()
    new: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one look at the counts says."""

    worse: str = ""
    """What differs, in words; empty: nothing that chance does not explain."""
    alike: bool = False
    """Whether there is proof that the versions do not differ by more than may be."""


def weigh_pairs(pairs: Mapping[str, Pairs], alpha: float, least: int) -> Weighed:
    """Judge the shadow's findings; `alpha`: how probable a false word on any event may be; `least`: findings
    of an event, of either version, below which it is not judged alone."""
    judged = {event: one for event, one in pairs.items() if one.total >= least}
    each = alpha / max(1, len(judged))
    for event, one in sorted(judged.items()):
        if said := _differs(one, each):
            return Weighed(f"{event}: {said}")
    together = Pairs(
        sum(one.both for one in pairs.values()),
        sum(one.only_old for one in pairs.values()),
        sum(one.only_new for one in pairs.values()),
    )
    most = most_share(together.differing, together.total, alpha)
    return Weighed(alike=together.total > 0 and most <= MOST_DIFFERING)


def weigh_exams(arms: Mapping[str, Arms], alpha: float) -> Weighed:
    """Judge the canary's exams. They are alike as long as nothing differs: the shadow has proved the rest."""
    each = alpha / max(1, len(arms))
    for event, one in sorted(arms.items()):
        new = one.new[-MOST_EXAMS // 2 :]
        old = one.old[len(new) - MOST_EXAMS :]
        if rank_sum(new, old) <= each:
            more = _mean(new) > _mean(old)
            return Weighed(
                f"{event}: {_mean(new):.2f} per hour instead of {_mean(old):.2f}, "
                f"{'more' if more else 'fewer'} than chance explains"
            )
    return Weighed(alike=True)


def _differs(one: Pairs, alpha: float) -> str:
    counts = f"{one.both} of both, {one.only_old} of the old alone, {one.only_new} of the new alone"
    if binomial(one.more, one.more + one.fewer) <= alpha:
        return f"it finds {'fewer' if one.more < one.fewer else 'more'}: {counts}"
    if least_share(one.differing, one.total, alpha) > MOST_DIFFERING:
        return f"it finds others: {counts}"
    return ""


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values) if values else 0.0
