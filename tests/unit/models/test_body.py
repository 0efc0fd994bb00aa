"""What is read off the body network's answers."""

from __future__ import annotations

import numpy as np
import pytest

from models.body import refined
from models.figure import (
    LEFT_EAR,
    LEFT_MOUTH,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_EAR,
    RIGHT_MOUTH,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
    across_head_px,
    hand_to_ear,
    shoulders_visible,
    visible_points,
)
from models.results import Body, Floats, Region


def heat(spots: list[tuple[int, int]], side: int = 64) -> Floats:
    """Cold heat maps, each with one hot cell (column, row)."""
    maps = np.full((side, side, len(spots)), -20.0, np.float32)
    for number, (column, row) in enumerate(spots):
        maps[row, column, number] = 20.0
    return maps


def at(*places: tuple[float, float]) -> Floats:
    return np.array([(x, y, 1.0) for x, y in places], np.float32)


def test_a_point_goes_to_the_warm_cell_near_it() -> None:
    found = refined(at((100.0, 100.0), (200.0, 60.0)), heat([(27, 24), (49, 17)]))
    assert found == pytest.approx(at((108, 96), (196, 68)))


def test_a_point_with_no_warmth_near_it_stays() -> None:
    assert refined(at((100.0, 100.0)), heat([(40, 40)])) == pytest.approx(at((100, 100)))


@pytest.mark.parametrize("place", [(-30.0, 20.0), (300.0, 20.0), (20.0, 256.0)])
def test_a_point_outside_the_cut_stays(place: tuple[float, float]) -> None:
    assert refined(at(place), heat([(0, 5)])) == pytest.approx(at(place))


@pytest.mark.parametrize(("place", "cell"), [((1.0, 1.0), (0, 0)), ((255.0, 255.0), (63, 63))])
def test_a_point_at_the_edge_is_drawn_too(place: tuple[float, float], cell: tuple[int, int]) -> None:
    assert refined(at(place), heat([cell]))[0, :2] == pytest.approx((cell[0] * 4, cell[1] * 4), abs=1e-3)


def body(**visible: float) -> Body:
    visibility = np.zeros(33, np.float32)
    for number, value in {"left": LEFT_SHOULDER, "right": RIGHT_SHOULDER}.items():
        visibility[value] = visible.get(number, 0.0)
    inside = np.ones(33, np.float32)
    return Body(np.zeros((33, 3), np.float32), visibility, inside, 0.99, Region(0.0, 0.0, 1.0, 0.0), 100.0)


@pytest.mark.parametrize(
    ("left", "right", "visible", "points"),
    [(0.9, 0.9, True, 2), (0.9, 0.1, True, 1), (0.1, 0.9, True, 1), (0.4, 0.4, False, 0)],
)
def test_one_shoulder_is_enough(left: float, right: float, *, visible: bool, points: int) -> None:
    seen = body(left=left, right=right)
    assert shoulders_visible(seen) is visible
    assert visible_points(seen) == points


def reaching(hand: tuple[float, float], *, seen: float = 0.9, inside: float = 1.0) -> Body:
    """A frontal head whose ears stand at x 280 and 360 and which is 100 px wide, with one wrist."""
    points, visibility = np.zeros((33, 3), np.float32), np.zeros(33, np.float32)
    points[[LEFT_EAR, RIGHT_EAR], :2] = [(360, 200), (280, 200)]
    points[RIGHT_WRIST, :2], visibility[RIGHT_WRIST] = hand, seen
    return Body(points, visibility, np.full(33, inside, np.float32), 0.99, Region(0.0, 0.0, 1.0, 0.0), 100.0)


@pytest.mark.parametrize(
    ("hand", "widths"), [((270, 200), 0.1), ((250, 240), 0.5), ((320, 400), 2.04), ((420, 200), 0.6)]
)
def test_a_hand_is_so_far_from_the_nearer_ear(hand: tuple[float, float], widths: float) -> None:
    assert hand_to_ear(reaching(hand), 640, 480) == pytest.approx(widths, abs=0.01)


def before_the_face(x: float, y: float) -> Body:
    """The same head with nose and mouth, and the fingers of the right hand around a place."""
    one = reaching((x - 10, y + 40))
    one.points_px[[NOSE, LEFT_MOUTH, RIGHT_MOUTH], :2] = [(320, 210), (335, 235), (305, 235)]
    one.visibility[[LEFT_MOUTH, RIGHT_MOUTH]] = 0.4
    one.points_px[[18, 20, 22], :2] = [(x - 8, y), (x, y - 8), (x + 8, y)]
    one.visibility[[18, 20, 22]] = 0.9
    return one


@pytest.mark.parametrize("place", [(320, 235), (310, 262), (335, 250)], ids=["mouth", "chin", "beside"])
def test_a_hand_at_mouth_or_chin_is_at_no_ear_though_it_is_near_both(place: tuple[float, float]) -> None:
    assert hand_to_ear(before_the_face(*place), 640, 480) is None


@pytest.mark.parametrize("place", [(275, 205), (268, 230)], ids=["ear", "telephone"])
def test_its_twin_a_hand_at_the_ear_is(place: tuple[float, float]) -> None:
    near = hand_to_ear(before_the_face(*place), 640, 480)
    assert near is not None
    assert near < 0.4


def test_the_other_hand_is_still_seen() -> None:
    both = before_the_face(320, 235)
    both.points_px[LEFT_WRIST, :2], both.visibility[LEFT_WRIST] = (365, 200), 0.9
    assert hand_to_ear(both, 640, 480) == pytest.approx(0.05)


def test_a_hand_that_is_hidden_or_guessed_outside_the_frame_is_none() -> None:
    assert hand_to_ear(reaching((270, 200), seen=0.3), 640, 480) is None
    assert hand_to_ear(reaching((270, 500)), 640, 480) is None


def test_a_hand_that_is_guessed_is_none() -> None:
    assert hand_to_ear(reaching((270, 200), inside=0.7), 640, 480) is None


def test_a_head_from_the_side_is_measured_from_nose_to_ear() -> None:
    points = np.zeros((33, 3), np.float32)
    points[[NOSE, LEFT_EAR, RIGHT_EAR], :2] = [(200, 210), (300, 210), (290, 210)]
    assert across_head_px(points) == pytest.approx(100)
