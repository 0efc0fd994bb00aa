"""The tests' probabilities are the exact ones: against values of tables, and against counting by hand."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest

from coordinator.rollouts.exact import binomial, least_share, most_share, rank_sum


@pytest.mark.parametrize(
    ("successes", "trials", "p"),
    [(0, 0, 1.0), (0, 1, 1.0), (5, 10, 1.0), (0, 5, 2 / 32), (1, 10, 22 / 1024), (9, 10, 22 / 1024)],
)
def test_the_sign_test_counts_both_tails(successes: int, trials: int, p: float) -> None:
    assert binomial(successes, trials) == pytest.approx(p)


def test_the_sign_test_is_one_of_all_outcomes_and_symmetric() -> None:
    for trials in range(1, 30):
        for successes in range(trials + 1):
            far = abs(2 * successes - trials)
            by_hand = sum(comb(trials, k) for k in range(trials + 1) if abs(2 * k - trials) >= far)
            assert binomial(successes, trials) == pytest.approx(by_hand / 2**trials)
    assert 0 < binomial(900, 2_000) < 1e-4


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0), (1, 100, 0.00025, 0.05446)],
)
def test_the_bounds_of_a_share_are_those_of_clopper_and_pearson(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert least_share(successes, trials, 0.025) == pytest.approx(low, abs=1e-4)
    assert most_share(successes, trials, 0.025) == pytest.approx(high, abs=1e-4)


def test_nothing_counted_bounds_nothing() -> None:
    assert (least_share(0, 0, 0.05), most_share(0, 0, 0.05)) == (0.0, 1.0)


def ranks(values: list[float]) -> list[float]:
    return [sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2 for value in values]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2, 3], [4, 5, 6, 7]),
        ([1, 5], [2, 3, 4, 6]),
        ([0, 0, 1], [0, 0, 0, 2, 3]),
        ([2.5], [2.5, 2.5]),
        ([9, 8, 7, 6], [1, 2, 3, 4]),
        ([], [1.0, 2.0]),
    ],
)
def test_the_rank_sum_counts_every_way_to_divide(one: list[float], other: list[float]) -> None:
    both = ranks([*one, *other])
    middle = len(one) * sum(both) / len(both)
    far = abs(sum(both[: len(one)]) - middle)
    ways = [abs(sum(chosen) - middle) >= far - 1e-9 for chosen in combinations(both, len(one))]
    assert rank_sum(one, other) == pytest.approx(sum(ways) / len(ways))
    assert rank_sum(other, one) == pytest.approx(rank_sum(one, other))


def test_ranks_of_many_exams_are_compared_in_time() -> None:
    old = [float(number % 17) for number in range(108)]
    assert rank_sum([value + 0.5 for value in old[:12]], old) > 0.05
    assert rank_sum([value + 20 for value in old[:12]], old) < 1e-6
