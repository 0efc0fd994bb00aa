"""A candidate who looks down is not somebody else; somebody else still is, looking down or not."""

from __future__ import annotations

import pytest

from edge.analysis.tilts import Tilts


def matched(pitch_deg: float) -> Tilts:
    """Of a candidate who has matched at this tilt."""
    tilts = Tilts(0.75)
    assert not any(tilts.doubtful(pitch_deg, 0.9) for _ in range(20))
    return tilts


@pytest.mark.parametrize("usual_deg", [-14.0, 0.0, 6.0])
@pytest.mark.parametrize(("down_deg", "similarity"), [(12, 0.70), (16, 0.61), (21, 0.58), (-14, 0.63)])
def test_less_likeness_of_a_lowered_or_lifted_head_says_nothing(
    usual_deg: float, down_deg: float, similarity: float
) -> None:
    assert matched(usual_deg).doubtful(usual_deg - down_deg, similarity)


@pytest.mark.parametrize(
    ("down_deg", "similarity"), [(0, 0.74), (7, 0.74), (12, 0.62), (17, 0.54), (19, 0.5)]
)
def test_a_stranger_stays_a_stranger(down_deg: float, similarity: float) -> None:
    assert not matched(0.0).doubtful(-down_deg, similarity)


def test_nothing_is_doubted_before_the_candidate_has_matched() -> None:
    tilts = Tilts(0.75)
    assert not any(tilts.doubtful(-25.0, 0.7) for _ in range(10))


def test_mismatches_do_not_move_what_is_usual() -> None:
    tilts = matched(0.0)
    for _ in range(100):
        tilts.doubtful(-20.0, 0.4)
    assert tilts.doubtful(-20.0, 0.65)


def test_usual_follows_a_candidate_who_sits_differently_now() -> None:
    tilts = matched(0.0)
    for _ in range(60):
        tilts.doubtful(-12.0, 0.8)
    assert tilts.doubtful(-30.0, 0.65)
    assert not tilts.doubtful(-14.0, 0.74)
