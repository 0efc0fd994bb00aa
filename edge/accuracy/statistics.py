"""Confidence bounds of counts, and error rates of scores. Pure.

Every share in an accuracy report is a count of trials, with its 95 % bounds: few trials prove little, and the
bounds show that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_TAIL = (1 - CONFIDENCE) / 2
_HALVINGS = 60
"""Steps of a bisection: more than a double's precision needs."""


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of` trials. Raises ValueError for an impossible count."""

    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError(f"{self.count} of {self.of} is not a share")

    @property
    def value(self) -> float | None:
        """0…1; None (unknown) without a trial."""
        return self.count / self.of if self.of else None

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927), valid for few trials and for shares near 0 and 1."""
        return wilson(self.count, self.of)


def wilson(count: int, of: int) -> tuple[float, float]:
    """Low and high bound of a share, 0…1; (0, 1) without a trial."""
    if of == 0:
        return 0.0, 1.0
    share, spread = count / of, _Z * _Z / of
    centre = (share + spread / 2) / (1 + spread)
    reach = _Z / (1 + spread) * sqrt(share * (1 - share) / of + spread / (4 * of))
    # For shares of 0 and 1 the bound is exact; rounding must not change it.
    low = 0.0 if count == 0 else max(0.0, centre - reach)
    high = 1.0 if count == of else min(1.0, centre + reach)
    return low, high


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per hours of watching."""

    events: int
    hours: float

    @property
    def per_hour(self) -> float | None:
        """Rate per hour; None without watching."""
        return self.events / self.hours if self.hours > 0 else None

    @property
    def bounds(self) -> tuple[float, float | None]:
        """95 % bounds per hour of a Poisson process (Garwood 1936); None without watching."""
        if self.hours <= 0:
            return 0.0, None
        low, high = poisson_bounds(self.events)
        return low / self.hours, high / self.hours


def poisson_bounds(events: int) -> tuple[float, float]:
    """The means for which this many events, or more (or fewer), still happen in 2.5 % of all cases."""
    low = 0.0 if events == 0 else _mean_where(events - 1, 1 - _TAIL)
    return low, _mean_where(events, _TAIL)


def _mean_where(most: int, chance: float) -> float:
    """The mean for which `most` events or fewer happen with this probability."""
    low, high = 0.0, most + 20.0 + 6 * sqrt(most + 1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(most, middle) > chance else (low, middle)
    return (low + high) / 2


def _at_most(most: int, mean: float) -> float:
    term = total = exp(-mean)
    for number in range(1, most + 1):
        term *= mean / number
        total += term
    return total


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of pairs, higher is closer: `same` of one person, `different` of two; each sorted."""

    same: tuple[float, ...]
    different: tuple[float, ...]

    @classmethod
    def of(cls, same: Iterable[float], different: Iterable[float]) -> Scores:
        return cls(tuple(sorted(same)), tuple(sorted(different)))

    def false_matches(self, threshold: float) -> Share:
        """Different people taken for one: at the threshold or above."""
        below = bisect_left(self.different, threshold)
        return Share(len(self.different) - below, len(self.different))

    def doubts(self, low: float, high: float) -> Share:
        """Share of pairs of one person with a score from `low` to below `high`."""
        return Share(bisect_left(self.same, high) - bisect_left(self.same, low), len(self.same))

    def false_refusals(self, threshold: float) -> Share:
        """One person not recognised: below the threshold."""
        return Share(bisect_left(self.same, threshold), len(self.same))

    @property
    def equal_error(self) -> tuple[float, float] | None:
        """Threshold and error rate where both errors are closest; None when a kind of pair is missing."""
        if not self.same or not self.different:
            return None
        candidates = sorted({*self.same, *self.different})

        def errors(threshold: float) -> tuple[float, float]:
            matches, refusals = self.false_matches(threshold), self.false_refusals(threshold)
            return (matches.value or 0.0), (refusals.value or 0.0)

        best = min(candidates, key=lambda each: (abs(errors(each)[0] - errors(each)[1]), sum(errors(each))))
        return best, sum(errors(best)) / 2


def histogram(values: Sequence[float], low: float, high: float, bins: int) -> tuple[int, ...]:
    """The number of values in each of `bins` equal parts; values outside count in the nearest part."""
    counts = [0] * bins
    for value in values:
        at = int((value - low) / (high - low) * bins)
        counts[min(max(at, 0), bins - 1)] += 1
    return tuple(counts)


def median(values: Sequence[float]) -> float | None:
    """The middle value; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
