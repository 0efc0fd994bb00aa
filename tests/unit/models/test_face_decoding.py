"""From a face network's rows to boxes and points in pixels of the frame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.results import Face
from models.retinaface import RetinaFace
from models.yunet import YuNet
from tests.support.foreign import Answering

FRAME = np.zeros((1280, 1280, 3), np.uint8)
"""Twice RetinaFace's canvas, four times the one given to YuNet here."""
PRIORS = 2 * (80 * 80 + 40 * 40 + 20 * 20)


def by_retinaface(box: tuple[float, float, float, float]) -> Face:
    """The face where the larger prior of stride 16 in column 5 of row 3 (64 and 128 px) sees one."""
    row = 2 * 80 * 80 + 2 * (3 * 40 + 5) + 1
    scores, boxes = np.zeros((1, PRIORS, 2), np.float32), np.zeros((1, PRIORS, 4), np.float32)
    points = np.zeros((1, PRIORS, 10), np.float32)
    scores[0, row, 1], boxes[0, row], points[0, row, 2:4] = 0.9, box, (1.0, -2.0)
    network = Answering(lambda _: {"loc": boxes, "conf": scores, "landms": points})
    (face,) = RetinaFace(network).find(FRAME)
    return face


def test_retinaface_moves_by_tenths_and_grows_by_fifths_of_its_prior() -> None:
    face = by_retinaface((1.0, 2.0, 5.0 * math.log(2.0), 5.0 * math.log(0.5)))
    # Middle at ((5 + 0.5) · 16 + 12.8, (3 + 0.5) · 16 + 25.6), twice and half 128 px, on half the frame.
    box = (face.box.x_px, face.box.y_px, face.box.width_px, face.box.height_px)
    assert box == pytest.approx((2 * (100.8 - 128), 2 * (81.6 - 32), 512, 128), abs=1e-2)
    assert face.landmarks_px[1].tolist() == pytest.approx([2 * (88 + 12.8), 2 * (56 - 25.6)], abs=1e-2)


def by_yunet(size: float) -> Face:
    """The face that one cell of stride 16 sees, its width and height logarithmic."""
    answer: dict[str, NDArray[np.float32]] = {}
    for stride in (8, 16, 32):
        cells = (320 // stride) ** 2
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            answer[f"{name}_{stride}"] = np.zeros((1, cells, width), np.float32)
    answer["cls_16"][0, 45], answer["obj_16"][0, 45] = 1.0, 0.81
    answer["bbox_16"][0, 45] = (0.5, 0.25, size, size)
    (face,) = YuNet(Answering(lambda _: answer), width_px=320, height_px=320).find(FRAME)
    return face


def test_yunet_counts_in_strides_from_the_corner_of_the_cell() -> None:
    face = by_yunet(math.log(3.0))
    # Column 5, row 2: middle at (5.5 · 16, 2.25 · 16), three strides wide, on a quarter of the frame.
    box = (face.box.x_px, face.box.y_px, face.box.width_px, face.box.height_px)
    assert box == pytest.approx((4 * (88 - 24), 4 * (36 - 24), 192, 192), abs=1e-2)
    assert face.score == pytest.approx(0.9)


def test_a_wild_size_stays_finite() -> None:
    assert math.isfinite(by_yunet(900.0).box.area_px2)
    assert math.isfinite(by_retinaface((0.0, 0.0, 9000.0, 9000.0)).box.area_px2)
