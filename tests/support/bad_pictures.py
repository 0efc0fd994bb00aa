"""Pictures that must not enroll anybody, each for one reason, made from the rehearsal's good ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import camera_at, enrollment_shots, figures_at, rehearsal_script

Pixels = NDArray[np.uint8]


def good_picture() -> Pixels:
    """The candidate as the enrollment page would take her, BGR 480×640."""
    figure, camera = enrollment_shots()[0]
    return Scene({"candidate": faces.candidate()}, seed=5).frame((figure,), camera)


def failing_pictures() -> dict[str, Pixels]:
    """By the check that each fails: two faces, too dark, blurred, too far away."""
    good = good_picture()
    people = Scene({"candidate": faces.candidate(), "other": faces.other()}, seed=5)
    far_away = cv2.copyMakeBorder(cv2.resize(good, (160, 120)), 180, 180, 240, 240, cv2.BORDER_REPLICATE)
    return {
        "one-face": people.frame(figures_at(rehearsal_script(), 18.0), camera_at(18.0)),
        "brightness": np.asarray(good * 0.12, np.uint8),
        "sharpness": np.asarray(cv2.GaussianBlur(good, (0, 0), 7), np.uint8),
        "size": np.asarray(far_away, np.uint8),
    }


def jpeg(picture: Pixels) -> bytes:
    """The picture as a file."""
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return data.tobytes()
