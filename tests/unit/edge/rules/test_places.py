"""The edges of boxes, zones and stretches: what is just within and just without, and what is remembered."""

from __future__ import annotations

import pytest

from edge.rules.boxes import common_share, distinct_faces, followed, holds, largest, middle, overlap
from edge.rules.calibration import (
    MAX_SPREAD_DEG,
    MEASURED,
    MIN_SAMPLES,
    SAMPLES,
    TOO_FAR,
    Samples,
    SamplesState,
)
from edge.rules.settings import Zone
from shared.observations import Box, FaceSeen

BOX = Box(10, 20, 30, 40)


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((10, 20), True), ((40, 60), True), ((9.9, 30), False), ((40.1, 30), False), ((20, 19.9), False),
        ((20, 60.1), False), ((9, 61), False), ((41, 19), False),
    ],
)  # fmt: skip
def test_a_box_holds_its_edges(point: tuple[float, float], *, inside: bool) -> None:
    assert holds(BOX, point) is inside


def test_the_middle_of_a_box_is_half_way() -> None:
    assert middle(BOX) == (25, 40)


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (Box(39, 59, 30, 40), 1 / 1200), (Box(40, 20, 30, 40), 0.0), (Box(10, 60, 30, 40), 0.0),
        (Box(41, 61, 30, 40), 0.0), (Box(60, 80, 1, 1), 0.0), (Box(-19, -19, 30, 40), 1 / 1200),
        (Box(15, 25, 0, 10), 0.0), (Box(15, 25, 0.5, 1), 1.0),
    ],
)  # fmt: skip
def test_boxes_that_only_touch_have_nothing_in_common(other: Box, share: float) -> None:
    assert common_share(BOX, other) == pytest.approx(share)
    assert common_share(other, BOX) == pytest.approx(share)
    if not share:
        assert overlap(BOX, other) == 0.0


def test_two_boxes_of_nothing_have_nothing_in_common() -> None:
    assert overlap(Box(1, 1, 0, 0), Box(1, 1, 0, 0)) == 0.0


def of(*boxes: Box) -> list[FaceSeen]:
    return [FaceSeen(box, 0.9) for box in boxes]


def test_half_of_the_smaller_box_is_still_another_face() -> None:
    first, half, more = of(Box(0, 0, 10, 10), Box(5, 0, 10, 10), Box(4.9, 0, 10, 10))
    assert distinct_faces([first, half]) == [first, half]
    assert distinct_faces([first, more]) == [first]


def test_a_face_is_followed_only_beyond_the_bound() -> None:
    at_bound, beyond = of(Box(0, 0, 10, 3), Box(0, 0, 10, 3.1))
    last = Box(0, 0, 10, 10)
    assert overlap(last, at_bound.box) == 0.3
    assert [followed(last, [each]) for each in (at_bound, beyond)] == [None, beyond]
    assert followed(last, [at_bound, beyond]) is beyond
    assert (followed(None, [beyond]), followed(last, [])) == (None, None)


def test_the_largest_face_is_the_one_of_the_largest_area() -> None:
    small, wide, tall = of(Box(90, 90, 5, 5), Box(0, 0, 20, 2), Box(0, 0, 3, 14))
    assert largest([small, wide, tall]) is tall
    assert largest([]) is None


ZONE = Zone(min_pitch_deg=-20, max_pitch_deg=10, min_yaw_deg=-30, max_yaw_deg=25)


@pytest.mark.parametrize(
    ("pitch_deg", "yaw_deg", "inside"),
    [
        (-20, -30, True), (10, 25, True), (-20.1, 0, False), (10.1, 0, False), (0, -30.1, False),
        (0, 25.1, False), (-21, 26, False), (11, -31, False),
    ],
)  # fmt: skip
def test_a_zone_holds_its_edges(pitch_deg: float, yaw_deg: float, *, inside: bool) -> None:
    assert ZONE.holds(pitch_deg, yaw_deg) is inside


def test_a_zone_is_moved_whole() -> None:
    moved = Zone(min_pitch_deg=-17, max_pitch_deg=13, min_yaw_deg=-34, max_yaw_deg=21)
    assert ZONE.moved(3, -4) == moved


def samples(width: int, *rows: tuple[float, ...]) -> Samples:
    found = Samples(width, 0.5, 2.0, SamplesState())
    for number, row in enumerate(rows):
        found.add(number * 0.5, *row)
    return found


def test_samples_are_spaced_and_bounded() -> None:
    state = SamplesState()
    found = Samples(1, 0.5, 2.0, state)
    for at, value in ((1.0, 0.12345678), (1.49, 9.0), (1.5, 0.2), (1.9, 9.0), (2.5, 0.4)):
        found.add(at, value)
    assert (state.rows, state.last_s) == ([(0.123457,), (0.2,), (0.4,)], 2.5)
    for number in range(SAMPLES):
        found.add(3.0 + number, 1.0)
    assert (found.count, state.last_s) == (SAMPLES, 3.0 + SAMPLES - 4)


def test_two_values_of_a_sample_are_degrees_with_one_place() -> None:
    state = SamplesState()
    Samples(2, 0.5, 2.0, state).add(0.0, 1.26, -3.04)
    assert state.rows == [(1.3, -3.0)]


def test_time_without_a_sample_is_unseen_when_it_is_longer_than_gap_and_spacing() -> None:
    found = samples(1, (1.0,))
    assert [found.unseen_s(at) for at in (0.5, 2.5, 2.6)] == [0.0, 0.0, 2.6]
    assert samples(1).unseen_s(9.0) == 0.0


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([(0.0, 0.0)] * (MIN_SAMPLES - 1), "default; too few looks"),
        ([(0.0, 0.0)] * MIN_SAMPLES, MEASURED),
        ([(20.0, -20.0)] * MIN_SAMPLES, MEASURED),
        ([(20.1, 0.0)] * MIN_SAMPLES, TOO_FAR),
        ([(0.0, -20.1)] * MIN_SAMPLES, TOO_FAR),
        ([(-MAX_SPREAD_DEG, 0.0), (MAX_SPREAD_DEG, 0.0)] * MIN_SAMPLES, MEASURED),
        ([(0.0, -10.1), (0.0, 10.1)] * MIN_SAMPLES, "default; the looks were too far apart"),
        ([(-10.1, 0.0), (10.1, 0.0)] * MIN_SAMPLES, "default; the looks were too far apart"),
    ],
)
def test_a_centre_is_believed_within_its_bounds(rows: list[tuple[float, float]], word: str) -> None:
    assert samples(2, *rows).believed((0.0, 0.0), 20.0) == word


def test_a_centre_is_moved_towards_what_was_measured_as_far_as_it_may() -> None:
    found = samples(2, (30.0, -4.0), (30.0, -4.0))
    assert found.towards((5.0, 2.0), 8.0) == (13.0, -4.0)
    assert samples(2, (-30.0, 40.0)).towards((5.0, 2.0), 8.0) == (-3.0, 10.0)


def test_forgotten_samples_are_gone() -> None:
    found = samples(1, (1.0,), (3.0,))
    assert (found.count, found.middle()) == (2, (2.0,))
    found.forget()
    assert found.count == 0
