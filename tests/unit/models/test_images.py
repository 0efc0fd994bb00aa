"""Geometry of pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.images import (
    Image,
    cut,
    distinct,
    inside,
    letterbox,
    overlap,
    planes,
    shrunk,
    similarity_transform,
    warp,
)
from models.results import Box, Region

TRIANGLE = np.array([[10, 10], [30, 12], [18, 40]], np.float32)


def spot(width_px: int, height_px: int, x_px: int, y_px: int, half_px: int = 2) -> Image:
    """A black picture with a white square around one point."""
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    picture[y_px - half_px : y_px + half_px, x_px - half_px : x_px + half_px] = 255
    return picture


def bright_centre(picture: Image) -> tuple[float, float]:
    """Centre of brightness, in edge coordinates."""
    weights = picture[..., 0].astype(float)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    return float((weights * x).sum() / weights.sum()), float((weights * y).sum() / weights.sum())


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize(("width_px", "height_px"), [(640, 480), (480, 640), (64, 48), (320, 256)])
def test_letterbox_maps_points_back_to_the_frame(width_px: int, height_px: int, *, centred: bool) -> None:
    x_px, y_px = width_px // 3, height_px // 4
    canvas, fit = letterbox(spot(width_px, height_px, x_px, y_px, 8), 320, 256, centred=centred)
    assert canvas.shape == (256, 320, 3)
    back = fit.to_frame(np.array([bright_centre(canvas)], np.float32))[0]
    assert back == pytest.approx((x_px, y_px), abs=1.5)


def test_letterbox_keeps_the_shape_of_the_picture() -> None:
    canvas, fit = letterbox(np.full((480, 640, 3), 255, np.uint8), 320, 256)
    assert fit.scale == 0.5
    assert canvas[:240].min() == 255
    assert canvas[240:].max() == 0


def test_similarity_transform_refuses_a_single_point() -> None:
    same = np.ones((5, 2), np.float32)
    with pytest.raises(ValueError, match="same"):
        similarity_transform(same, TRIANGLE[[0, 1, 2, 0, 1]])


def test_warp_that_shrinks_a_lot_lands_where_the_plain_one_does() -> None:
    frame = spot(1200, 900, 600, 300, 60)
    matrix = similarity_transform(
        np.array([[0, 0], [1200, 0]], np.float32), np.array([[0, 0], [120, 0]], np.float32)
    )
    assert bright_centre(warp(frame, matrix, 120, 90)) == pytest.approx((60, 30), abs=0.6)


def test_warp_outside_the_frame_is_black() -> None:
    away = np.array([[0.1, 0, 5000], [0, 0.1, 5000]])
    assert warp(np.full((100, 100, 3), 255, np.uint8), away, 32, 32).max() == 0


def test_cut_turns_the_content_upright() -> None:
    # The spot stands to the right of the centre; content turned 90° clockwise has its top there.
    chip = cut(spot(400, 400, 280, 200, 6), Region(200, 200, 200, math.pi / 2), 100)
    assert bright_centre(chip) == pytest.approx((50, 10), abs=0.6)


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([0, 0, 10, 10], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 5, 5]], np.float32)
    assert overlap(one, others) == pytest.approx([1, 1 / 3, 0, 0.25])


def test_distinct_groups_what_overlaps_and_keeps_the_best_first() -> None:
    corners = np.array([[0, 0, 10, 10], [50, 0, 60, 10], [1, 0, 11, 10], [0, 1, 10, 11]], np.float32)
    scores = np.array([0.6, 0.7, 0.9, 0.5], np.float32)
    assert distinct(corners, scores, 0.3) == [[2, 0, 3], [1]]


def test_distinct_of_nothing_is_nothing() -> None:
    assert distinct(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.3) == []


def test_inside_is_clipped_to_the_frame() -> None:
    frame = np.zeros((100, 200, 3), np.uint8)
    assert inside(frame, Box(-10, 90, 30, 30)).shape == (10, 20, 3)
    assert inside(frame, Box(300, 300, 30, 30)).size == 0


@pytest.mark.parametrize("size_px", [(160, 120), (320, 240), (213, 160), (641, 480), (1, 1)])
def test_a_picture_shrinks_to_the_mean_of_what_it_showed(size_px: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (480, 641, 3)).astype(np.uint8)
    small = shrunk(picture, *size_px)
    assert small.shape == (size_px[1], size_px[0], 3)
    assert small.mean(axis=(0, 1)) == pytest.approx(picture.mean(axis=(0, 1)), abs=1.5)


def test_halving_a_picture_first_moves_nothing() -> None:
    assert bright_centre(shrunk(spot(640, 480, 320, 160, 40), 100, 75)) == pytest.approx((50, 25), abs=0.1)


def test_planes_hold_the_levels_of_each_colour() -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    blob = planes(picture)
    assert blob.shape == (1, 3, 2, 3)
    assert blob.dtype == np.dtype(np.float32)
    assert (blob[0] == picture.transpose(2, 0, 1)).all()
