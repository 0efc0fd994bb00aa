"""Boxes of face detectors: against OpenCV's own decoder of the same weights, and against one another.

Gates, crops and the share of the frame that a face takes are measured on the box, so its size matters.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.images import Image, letterbox, overlap
from models.results import Box, Floats
from tests.support.detectors import DETECTORS, detector, yunet
from tests.support.people import collins, hopper
from tests.support.weights import present, store

pytestmark = pytest.mark.weights

PORTRAITS = pytest.mark.parametrize("picture", [collins(), hopper()], ids=["collins", "hopper"])


def corners(box: Box) -> Floats:
    return np.array(
        [box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px],
        np.float32,
    )


@PORTRAITS
@pytest.mark.parametrize(("name", "size"), [("yunet", (320, 256)), ("yunet-2023mar", (640, 640))])
def test_yunet_answers_as_opencv_reads_it(name: str, size: tuple[int, int], picture: Image) -> None:
    path = store().path(present(name))
    canvas, fit = letterbox(picture, *size)
    reference = cv2.FaceDetectorYN.create(str(path), "", size, 0.5, 0.3, 100)
    _, ((*box, _, _, _, _, _, _, _, _, _, _, score),) = reference.detect(canvas)
    (face,) = yunet(name).find(picture)
    found = (face.box.x_px, face.box.y_px, face.box.width_px, face.box.height_px)
    assert found == pytest.approx([value / fit.scale for value in box], abs=0.1)
    assert face.score == pytest.approx(float(score), abs=1e-4)


# Forehead to chin, ear to ear, by looking at the enlarged portraits: x, y, width, height.
FACES_PX = {"collins": Box(180, 62, 92, 113), "hopper": Box(174, 116, 168, 220)}


@pytest.mark.parametrize("who", FACES_PX)
@pytest.mark.parametrize("name", DETECTORS)
def test_a_box_holds_the_face_and_little_else(name: str, who: str) -> None:
    (face,) = detector(name).find(collins() if who == "collins" else hopper())
    assert overlap(corners(FACES_PX[who]), corners(face.box)[None])[0] > 0.7
