"""Bounds of counts against published values, and error rates of scores."""

from __future__ import annotations

import pytest

from edge.accuracy.statistics import Rate, Scores, Share, histogram, median, poisson_bounds, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_bounds_are_the_published_ones(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("events", "low", "high"),
    # Exact Poisson limits as in Garwood 1936: chi-square quantiles halved.
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (100, 81.364, 121.627)],
)
def test_poisson_bounds_are_the_published_ones(events: int, low: float, high: float) -> None:
    assert poisson_bounds(events) == pytest.approx((low, high), abs=1e-3)


def test_without_a_trial_everything_is_possible() -> None:
    assert Share(0, 0).value is None
    assert Share(0, 0).bounds == (0.0, 1.0)
    assert Rate(0, 0.0).per_hour is None
    assert Rate(0, 0.0).bounds == (0.0, None)


def test_a_count_above_its_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="not a share"):
        Share(3, 2)


def test_no_event_in_an_hour_still_allows_three_and_a_half() -> None:
    assert Rate(0, 1.0).bounds == pytest.approx((0.0, 3.689), abs=1e-3)
    assert Rate(2, 4.0).per_hour == 0.5


SCORES = Scores.of(same=[0.9, 0.6, 0.8, 0.4], different=[0.1, 0.3, 0.5, 0.2, 0.7])


@pytest.mark.parametrize(
    ("threshold", "matches", "refusals"),
    [(0.0, 5, 0), (0.5, 2, 1), (0.51, 1, 1), (0.7, 1, 2), (0.71, 0, 2), (1.0, 0, 4)],
)
def test_a_score_at_the_threshold_is_a_match(threshold: float, matches: int, refusals: int) -> None:
    assert SCORES.false_matches(threshold) == Share(matches, 5)
    assert SCORES.false_refusals(threshold) == Share(refusals, 4)


def test_what_is_in_doubt_is_neither_refused_nor_matched() -> None:
    scores = Scores.of((0.5, 0.6, 0.74, 0.75, 0.9), ())
    assert scores.doubts(0.6, 0.75) == Share(2, 5)
    assert scores.false_refusals(0.6) == Share(1, 5)
    assert scores.doubts(0.75, 0.75) == Share(0, 5)


def test_the_equal_error_is_where_both_errors_meet() -> None:
    threshold, rate = SCORES.equal_error or (0.0, 0.0)
    assert 0.5 < threshold <= 0.6
    assert rate == pytest.approx(0.225)
    assert Scores.of([0.9], []).equal_error is None


def test_separated_scores_have_no_error() -> None:
    assert Scores.of([0.8, 0.9], [0.1, 0.2]).equal_error == (0.8, 0.0)


def test_a_histogram_keeps_every_value() -> None:
    assert histogram([-1.0, 0.0, 0.49, 0.5, 1.0, 9.0], 0.0, 1.0, 2) == (3, 3)


def test_the_median_of_nothing_is_unknown() -> None:
    assert median([]) is None
    assert median([3.0, 1.0]) == 2.0
    assert median([3.0, 1.0, 9.0]) == 3.0
