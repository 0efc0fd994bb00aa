"""Measures the sharpness of a face independently of light, skin and size in the picture. numpy and cv2 only.

Blur removes fine detail. Two sums over the face measure detail: the squared differences between neighbouring
slopes, and the squared slopes themselves. Both grow equally with light and contrast, so their ratio does not
depend on them. A moving camera blurs only one direction: the ratio is taken along four directions, and the
smallest counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Image, inside
from models.results import Box, Floats

FACE_PX = 80
"""A face is measured at this width, the smallest that is enrolled: larger ones then show no more detail."""
RIM = 0.1
"""Left out on each side of the face's box: it is often background, which can be sharp while the face is
not."""
NOISE_PX = 1.0
"""Standard deviation of the smoothing before the differences: noise of a camera in dim light is not
detail."""
PER_RATIO = 150.0
"""Sharpness is this multiple of the ratio, so that 20 separates sharp from blurred."""
_STEPS = ((1, 0), (1, 1), (0, 1), (-1, 1))
MOVED_SHARE = 0.5
"""In sharp and in unfocused pictures the worst direction has 0.40 to 0.85 of the best (0.52 or more in 19 of
20); with a motion over 8 % of the face it has 0.17 to 0.6."""


@dataclass(frozen=True, slots=True)
class Sharpness:
    """A measurement of sharpness."""

    value: float
    """Along the least sharp direction; 0 for an even surface. To the eye 30 to 60 is crisp, 20 soft."""
    moved: bool
    """Whether another direction is much sharper, as with movement while the picture was taken."""


def sharpness_of(frame: Image, box: Box) -> Sharpness:
    """The sharpness of the face in a box of a BGR frame."""
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
    # Slopes below half a level per pixel do not show a face.
    return changes / max(slopes, here.size / 4)
