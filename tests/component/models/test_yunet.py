"""YuNet against OpenCV's own reader of the same weights."""

from __future__ import annotations

import cv2
import pytest

from models.images import Image, letterbox
from tests.support.detectors import yunet
from tests.support.people import collins, hopper
from tests.support.weights import present, store

pytestmark = pytest.mark.weights

PORTRAITS = pytest.mark.parametrize("picture", [collins(), hopper()], ids=["collins", "hopper"])


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
