"""Exact two-sided tests, without any assumption about large samples. Pure.

* `binomial`: the sign test, which on pairs of findings is McNemar's test in its exact form (Q. McNemar 1947,
  Psychometrika 12, 153-157). Two-sided: all outcomes that are not more probable than the one at hand.
* `least_share`, `most_share`: bounds of a share by C. J. Clopper and E. S. Pearson (1934), Biometrika 26,
404-413. * `rank_sum`: F. Wilcoxon (1945), Biometrics Bulletin 1, 80-83, with mid-ranks for ties, over all
ways to divide
  the same ranks. It assumes only that chance chose which exams had the new version, and so it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp, log
from typing import Final

_EQUAL: Final = 1.0 + 1e-9
"""Two probabilities that differ by less than rounding are the same."""
_STEPS: Final = 40
"""Halvings of the interval in which a bound lies."""


def binomial(successes: int, trials: int) -> float:
    """How probable it is, if both were equally likely, that a count is at least as far from the half as
    this."""
    if trials == 0:
        return 1.0
    lower = min(successes, trials - successes)
    if 2 * lower == trials:
        return 1.0
    return min(1.0, 2.0 * _at_most(lower, trials, 0.5))


def least_share(successes: int, trials: int, alpha: float) -> float:
    """The share is at least this, but for a probability `alpha`."""
    return 0.0 if successes == 0 else 1.0 - most_share(trials - successes, trials, alpha)


def most_share(successes: int, trials: int, alpha: float) -> float:
    """The share is at most this, but for a probability `alpha`."""
    if successes >= trials:
        return 1.0
    low, high = successes / trials, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _at_most(successes, trials, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def rank_sum(one: Sequence[float], other: Sequence[float]) -> float:
    """How probable it is, if chance alone had divided these values, that the ranks of the first are at least
    as far from the middle as here."""
    ranks = _doubled_ranks([*one, *other])
    mine, total = sum(ranks[: len(one)]), sum(ranks)
    ways = _ways(ranks, len(one))
    middle = len(one) * total / len(ranks) if ranks else 0.0
    far = sum(count for rank, count in ways.items() if abs(rank - middle) * _EQUAL >= abs(mine - middle))
    return far / comb(len(ranks), len(one))


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value; equal ones share the middle of theirs."""
    ordered = sorted(values)
    first = {value: ordered.index(value) for value in set(values)}
    counts = {value: ordered.count(value) for value in first}
    return [2 * first[value] + counts[value] + 1 for value in values]


def _ways(ranks: Sequence[int], chosen: int) -> dict[int, int]:
    """In how many ways so many of these ranks have each sum."""
    # One long number per count of ranks chosen, with some bytes for each sum: to add a rank is to shift.
    size = comb(len(ranks), chosen).bit_length() // 8 + 1
    sums = [1] + [0] * chosen
    for rank in ranks:
        for many in range(chosen, 0, -1):
            sums[many] += sums[many - 1] << (8 * size * rank)
    largest = sum(sorted(ranks)[len(ranks) - chosen :])
    counts = sums[chosen].to_bytes(size * (largest + 1), "little")
    return {
        total: int.from_bytes(counts[size * total : size * (total + 1)], "little")
        for total in range(largest + 1)
    }


def _at_most(successes: int, trials: int, share: float) -> float:
    """The probability of so many successes or fewer."""
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return float(successes >= trials)
    if 2 * successes > trials:  # the other tail is shorter
        return 1.0 - _at_most(trials - successes - 1, trials, 1.0 - share) if successes < trials else 1.0
    logarithm, odds, found = trials * log(1.0 - share), log(share) - log(1.0 - share), 0.0
    for count in range(successes + 1):
        found += exp(logarithm)
        logarithm += log((trials - count) / (count + 1)) + odds if count < trials else 0.0
    return min(1.0, found)
