"""Whether the eyes of a face are visible, not behind opaque glasses or hair. numpy and cv2 only.

Gaze networks give an answer for anything in the place of the eyes. So each eye's crop is checked first: for
contrast and, if the head faces the camera, for similarity to an eye. One visible eye is enough.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.adas_gaze import eye_regions
from models.images import Image, cut
from models.results import Face, Floats, Gaze, HeadPose, Mesh
from models.serving import GazeEstimator

SIDE_PX = 60
MIN_CONTRAST = 0.10
"""Standard deviation over mean grey of the opening: 0.14 and more for 19 of 20 open eyes, 0.08 in small soft
faces; below 0.10 for 9 of 10 behind drawn black glasses, 0.12 behind tinted ones."""
MIN_LIKENESS = 0.33
"""Correlation with an average eye: in 19 of 20 open pairs one eye is above it; nine in ten crops of mirrored
glasses, hair or skin are below it, and so is a man with sunglasses (0.21). Blinks and eyes narrowed by
laughter come close to it."""
FACING_YAW_DEG, FACING_PITCH_DEG = 20.0, -15.0
"""Beyond this angle eyes look different: those of a head turned far to the side or down reach 0.16."""

_USUAL = (
    (8, 8, 7, 6, 5, 5, 4, 2, 1, 0, 1, 3, 5),
    (5, 4, 2, -1, -3, -5, -7, -7, -5, -4, -2, 0, 2),
    (1, -3, -6, -9, -13, -17, -19, -19, -14, -10, -7, -4, 0),
    (-5, -10, -11, -11, -14, -20, -24, -22, -14, -7, -7, -6, -1),
    (-5, -8, -7, -5, -7, -15, -19, -17, -8, -1, -2, -3, 1),
    (4, 2, 2, 3, 2, -2, -4, -3, 1, 4, 4, 4, 6),
    (14, 13, 12, 11, 9, 8, 7, 6, 7, 7, 8, 9, 12),
    (21, 19, 18, 16, 14, 12, 11, 11, 11, 11, 13, 15, 17),
)
# The mean of 240 eyes of 45 people, the candidate's right or the mirrored left, its mean taken out, length
# one, hundredths: lid, iris and the lighter skin below.


class OpenEyes:
    """Asks an estimator only about visible eyes: it would also give an answer for glasses and hair."""

    def __init__(self, estimator: GazeEstimator) -> None:
        self._estimator = estimator

    @property
    def device(self) -> str:
        return self._estimator.device

    def gaze(self, frame: Image, face: Face, mesh: Mesh, head: HeadPose, /) -> Gaze | None:
        """Where the candidate looks, relative to the camera; None if the eyes are not visible."""
        return None if hidden(frame, mesh, head) else self._estimator.gaze(frame, face, mesh, head)


def hidden(frame: Image, mesh: Mesh, head: HeadPose) -> bool:
    """Whether neither eye in a BGR frame is visible."""
    right, left = (cut(frame, area, SIDE_PX) for area in eye_regions(mesh))
    openings = [_opening(right), _opening(np.ascontiguousarray(left[:, ::-1]))]
    facing = abs(head.yaw_deg) <= FACING_YAW_DEG and head.pitch_deg >= FACING_PITCH_DEG
    return not any(
        _contrast(each) >= MIN_CONTRAST and (not facing or _likeness(each) >= MIN_LIKENESS)
        for each in openings
    )


def _opening(crop: Image) -> Floats:
    """The part of an eye's crop with lids and iris, grey and smoothed."""
    smooth = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), (0, 0), 2)
    return smooth[14:46, 4:56].astype(np.float32)


def _contrast(opening: Floats) -> float:
    return float(opening.std() / max(float(opening.mean()), 20.0))


def _likeness(opening: Floats) -> float:
    usual = np.array(_USUAL, np.float32)
    small = cv2.resize(opening, (usual.shape[1], usual.shape[0]), interpolation=cv2.INTER_AREA)
    seen = small - small.mean()
    return float((seen * usual).sum() / max(float(np.linalg.norm(seen) * np.linalg.norm(usual)), 1e-6))
