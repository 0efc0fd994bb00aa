"""What the object network's rows mean, and where the liveness networks look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.liveness import likely, surroundings
from models.objects import ObjectDetector
from models.results import Box, ObjectKind
from tests.support.foreign import Answering

ROWS = 52 * 52 + 26 * 26 + 13 * 13
FRAME = np.zeros((416, 832, 3), np.uint8)
PHONE, BOOK, CUP = 67, 73, 41


def rows(*cells: tuple[int, int, float]) -> ObjectDetector:
    """A detector whose network sees a class in some cells, each 64 px wide and 32 px high on the canvas."""
    answer = np.zeros((1, ROWS, 85), np.float32)
    for row, number, score in cells:
        answer[0, row, :5] = (0.5, 0.25, math.log(64 / 16), math.log(32 / 16), 1.0)
        answer[0, row, 5 + number] = score
    return ObjectDetector(Answering(lambda _: {"output": answer}))


SECOND_GRID = 52 * 52
"""First cell of stride 16."""


def test_a_cell_gives_a_box_in_pixels_of_the_frame() -> None:
    (phone,) = rows((SECOND_GRID + 26 * 10 + 5, PHONE, 0.7)).find(FRAME)
    # Middle at ((5 + 0.5) · 16, (10 + 0.25) · 16) of a canvas half as large as the frame.
    assert phone.kind is ObjectKind.PHONE
    assert phone.score == pytest.approx(0.7)
    box = (phone.box.x_px, phone.box.y_px, phone.box.width_px, phone.box.height_px)
    assert box == pytest.approx((2 * (88 - 32), 2 * (164 - 16), 128, 64), abs=1e-3)


def test_boxes_of_one_kind_that_overlap_are_one_object_and_of_two_kinds_are_two() -> None:
    first = SECOND_GRID + 26 * 10 + 5
    assert len(rows((first, PHONE, 0.7), (first + 1, PHONE, 0.6)).find(FRAME)) == 1
    found = rows((first, PHONE, 0.6), (first + 1, BOOK, 0.7)).find(FRAME)
    assert [thing.kind for thing in found] == [ObjectKind.BOOK, ObjectKind.PHONE]


def test_other_classes_and_doubtful_cells_are_nothing() -> None:
    assert rows((SECOND_GRID, CUP, 0.9), (SECOND_GRID + 3, PHONE, 0.2)).find(FRAME) == ()


def test_a_wild_size_stays_finite() -> None:
    answer = np.zeros((1, ROWS, 85), np.float32)
    answer[0, 0, 2:5] = (900.0, 900.0, 1.0)
    answer[0, 0, 5] = 1.0
    (thing,) = ObjectDetector(Answering(lambda _: {"output": answer})).find(FRAME)
    assert math.isfinite(thing.box.area_px2)


def test_a_crowd_is_cut_off() -> None:
    cells = [(26 * 26 + row * 52 * 2 + column * 8, PHONE, 0.9) for row in range(15) for column in range(6)]
    assert len(rows(*cells).find(FRAME)) == 20


def test_surroundings_keep_shape_and_middle_where_there_is_room() -> None:
    area = surroundings(np.zeros((480, 640, 3), np.uint8), Box(300, 200, 40, 50), 4.0)
    assert area == Box(240, 125, 160, 200)


def test_surroundings_move_into_the_frame_and_shrink_where_that_is_not_enough() -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    assert surroundings(frame, Box(0, 0, 40, 50), 4.0) == Box(0, 0, 160, 200)
    assert surroundings(frame, Box(600, 440, 40, 40), 4.0) == Box(480, 320, 160, 160)
    assert surroundings(frame, Box(200, 100, 200, 240), 4.0) == Box(100, 0, 400, 480)


def test_a_box_without_size_still_gives_a_crop() -> None:
    area = surroundings(np.zeros((480, 640, 3), np.uint8), Box(10, 10, 0, 0), 2.7)
    assert area.width_px >= 1
    assert area.height_px >= 1


def test_the_second_logit_is_the_real_face() -> None:
    assert likely(np.array([0.0, 5.0, 0.0], np.float32)) > 0.98
    assert likely(np.array([0.0, 0.0, 800.0], np.float32)) < 0.01
