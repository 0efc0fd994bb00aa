"""The common scale of similarity."""

from __future__ import annotations

import numpy as np
import pytest

from models.similarity import (
    ACCEPTED,
    SAME,
    STRANGER,
    UNUSUAL,
    Similarity,
    calibrated,
    doubt_from,
    of_worst_group,
    operating_point,
)

SCALE = Similarity(((0.0, 0.5), (0.2, 0.6), (0.3, 0.75), (0.7, 0.85), (1.0, 1.0)))


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        (0.0, 0.5),
        (0.1, 0.55),
        (0.25, 0.675),
        (0.3, 0.75),
        (0.5, 0.8),
        (1.0, 1.0),
        (1.5, 1.0),
        (-0.2, 0.4),
        (-2, 0),
    ],
)
def test_scores_between_knots_lie_on_straight_lines_and_beyond_them_are_clamped(
    native: float, expected: float
) -> None:
    assert SCALE.of(native) == pytest.approx(expected)


@pytest.mark.parametrize(
    "knots", [(), ((0.0, 0.5),), ((0.0, 0.5), (0.0, 0.6)), ((0.0, 0.6), (0.5, 0.6)), ((0.5, 0.5), (0.1, 0.9))]
)
def test_knots_that_do_not_rise_are_refused(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        Similarity(knots)


def scores(seed: int, centre: float, spread: float, count: int) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).normal(centre, spread, count)]


def test_calibration_puts_the_shares_at_their_similarities() -> None:
    different, same = scores(7, 0.0, 0.07, 20_000), scores(8, 0.7, 0.05, 500)
    scale = calibrated(same, different, 1.0)
    for share, similarity in ((0.5, STRANGER), (0.99, UNUSUAL)):
        assert scale.of(float(np.quantile(different, share))) == pytest.approx(similarity, abs=0.01)
    assert scale.of(float(np.median(same))) == pytest.approx(SAME, abs=0.01)
    assert scale.of(1.0) == 1.0


def test_a_recogniser_with_room_is_accepted_far_beyond_the_strangers_seen() -> None:
    different = scores(7, 0.0, 0.07, 20_000)
    scale = calibrated(scores(8, 0.8, 0.05, 500), different, 1.0)
    assert scale.of(4.5 * 0.07) == pytest.approx(ACCEPTED, abs=0.01)
    assert scale.of(max(different)) < ACCEPTED


def test_a_recogniser_with_little_room_is_accepted_a_little_past_halfway_to_its_own_people() -> None:
    same = scores(8, 0.5, 0.06, 500)
    scale = calibrated(same, scores(7, 0.0, 0.075, 20_000), 1.0)
    assert scale.of(0.55 * 0.5) == pytest.approx(ACCEPTED, abs=0.01)
    assert sum(scale.of(score) < ACCEPTED for score in same) == 0


def test_a_recogniser_without_room_is_accepted_at_one_in_a_thousand() -> None:
    different, same = scores(7, 0.0, 0.1, 20_000), scores(8, 0.45, 0.08, 500)
    scale = calibrated(same, different, 1.0)
    assert scale.of(float(np.quantile(different, 0.999))) == pytest.approx(ACCEPTED, abs=0.01)


def test_a_recogniser_that_cannot_tell_people_apart_has_no_calibration() -> None:
    alike = scores(1, 0.5, 0.1, 2_000)
    with pytest.raises(ValueError, match="rise"):
        calibrated(alike, alike, 1.0)


def test_too_few_pairs_are_no_calibration() -> None:
    with pytest.raises(ValueError, match="too few"):
        calibrated([0.9] * 5, [0.1] * 2_000, 1.0)


def test_a_score_that_is_no_number_is_no_stranger() -> None:
    with pytest.raises(ValueError, match="is NaN"):
        Similarity(((0.0, 0.5), (1.0, 1.0))).of(float("nan"))


def test_the_group_that_is_told_apart_worst_sets_the_operating_point() -> None:
    different, same = scores(7, 0.0, 0.07, 20_000), scores(8, 0.8, 0.05, 500)
    near, far = scores(9, 0.1, 0.08, 400), scores(10, 0.02, 0.07, 3_000)
    point, worst = of_worst_group(same, different, {"near": near, "far": far})
    assert worst == "near"
    assert point > operating_point(same, different)
    assert max(near) < point
    scale = calibrated(same, different, 1.0, point)
    assert scale.of(point) == pytest.approx(ACCEPTED, abs=1e-3)
    assert max(scale.of(score) for score in (*near, *far, *different)) < ACCEPTED


def test_a_handful_of_strangers_and_no_groups_change_nothing() -> None:
    different, same = scores(7, 0.0, 0.07, 20_000), scores(8, 0.8, 0.05, 500)
    for groups in ({}, {"few": scores(9, 0.3, 0.05, 20)}):
        assert of_worst_group(same, different, groups) == (operating_point(same, different), "")


def test_between_strangers_and_ones_own_pictures_nobody_can_tell() -> None:
    different = scores(7, 0.0, 0.07, 20_000)
    apart, mixed = scores(8, 0.8, 0.03, 500), scores(8, 0.5, 0.06, 500)
    assert doubt_from(0.4, apart, different) is None
    assert doubt_from(0.4, mixed, different) == min(mixed)
    # Who is less alike than one stranger in a hundred is somebody else all the same.
    assert doubt_from(0.4, [*mixed, -0.5], different) == pytest.approx(np.quantile(different, 0.99))
