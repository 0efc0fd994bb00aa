"""How sharp a face is, whatever its light, its skin and its size in the picture. numpy and cv2 only.

Blur takes away fine detail. How much there is of it is told by two sums over the face: of squared differences
between neighbours' slopes, and of the squared slopes themselves. Both grow alike with light and contrast, so
their ratio does not. A camera that moves blurs one direction only: the ratio is taken along four directions,
and the least counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Image, inside
from models.results import Box, Floats

FACE_PX = 80
"""A face is measured at this width, the least that is enrolled: larger ones show no more detail then."""
RIM = 0.1
"""Of the face's box, on each side: what lies there is often background, sharp while the face is not."""
NOISE_PX = 1.0
"""Smoothing before the differences are taken, standard deviation: a dim camera's noise is no detail."""
PER_RATIO = 150.0
"""Sharpness is so many times the ratio; puts the line between sharp and blurred at 20."""
_STEPS = ((1, 0), (1, 1), (0, 1), (-1, 1))
MOVED_SHARE = 0.5
"""Sharp pictures and those out of focus have a least direction at 0.40 to 0.85 of their best (0.52 and more
in 19 of 20); a motion over 8 % of the face has one at 0.17 to 0.6."""


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What was measured."""

    value: float
    """Along the least sharp direction; 0 of an even surface. Looked at: 30 to 60 is crisp, 20 soft."""
    moved: bool
    """Whether another direction is much sharper, as where something moved while the picture was taken."""


def sharpness(frame: Image, box: Box) -> Sharpness:
    """Of the face in a box of a BGR frame."""
    inner = Box(
        box.x_px + RIM * box.width_px,
        box.y_px + RIM * box.height_px,
        (1 - 2 * RIM) * box.width_px,
        (1 - 2 * RIM) * box.height_px,
    )
    face = inside(frame, inner)
    if min(face.shape[:2]) < 2:
        return Sharpness(0.0, moved=False)
    width_px = round(FACE_PX * (1 - 2 * RIM))
    height_px = max(8, round(face.shape[0] * width_px / face.shape[1]))
    method = cv2.INTER_AREA if face.shape[1] > width_px else cv2.INTER_LINEAR
    grey = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (width_px, height_px), interpolation=method)
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), NOISE_PX).astype(np.float32, copy=False)
    ratios = [_ratio(smooth, across, down) for across, down in _STEPS]
    return Sharpness(PER_RATIO * min(ratios), moved=min(ratios) < MOVED_SHARE * max(ratios))


def _ratio(grey: Floats, across: int, down: int) -> float:
    """Squared change of the slope over squared slope, along one direction, per squared pixel."""
    height_px, width_px = grey.shape
    here = grey[1:-1, 1:-1]
    ahead = grey[1 + down : height_px - 1 + down, 1 + across : width_px - 1 + across]
    behind = grey[1 - down : height_px - 1 - down, 1 - across : width_px - 1 - across]
    slopes = float(((ahead - behind) ** 2).sum()) / 4
    changes = float(((ahead + behind - 2 * here) ** 2).sum()) / (across * across + down * down)
    # Less slope than half a level in a pixel is no picture of a face.
    return changes / max(slopes, here.size / 4)
