"""Statistics of a whole frame's brightness: is the camera covered, dark or frozen?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.images import Image, shrunk
from shared.observations import PictureSeen

WIDTH_PX, HEIGHT_PX = 160, 120
"""Frames are reduced to this size: enough to detect a covered camera, and fast."""
TILE_PX = 10
"""Change is averaged over squares of this size: about one eye at 640×480."""


def thumbnail(luma: Image) -> Image:
    """A luma plane (height, width) or BGR frame (height, width, 3), small and grey; keep it for the next
    call."""
    small = shrunk(luma, WIDTH_PX, HEIGHT_PX)
    grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return grey.astype(np.uint8, copy=False)


def statistics(now: Image, before: Image | None) -> PictureSeen:
    """Brightness of one thumbnail, and its largest local difference from the previous one of the same stream:
    a person who sits still moves only a small part of the picture."""
    mean, deviation = cv2.meanStdDev(now)
    change = None if before is None else float(_tiles(cv2.absdiff(now, before)).max())
    return PictureSeen(mean_luma=float(mean[0, 0]), luma_variance=float(deviation[0, 0]) ** 2, change=change)


def _tiles(difference: cv2.typing.MatLike) -> NDArray[np.float32]:
    """The means over squares of `TILE_PX`."""
    size = (WIDTH_PX // TILE_PX, HEIGHT_PX // TILE_PX)
    small = cv2.resize(difference.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32, copy=False)
