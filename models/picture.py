"""Statistics of a whole frame's brightness: is the camera covered, dark or frozen?"""

from __future__ import annotations

import cv2
import numpy as np

from models.images import Image
from shared.observations import Picture

WIDTH_PX, HEIGHT_PX = 160, 120
"""Frames are looked at this small: enough to tell a covered camera, and quick."""


def thumbnail(luma: Image) -> Image:
    """A luma plane (height, width) or BGR frame (height, width, 3), small and grey: keep it for the next
    call."""
    small = cv2.resize(luma, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    grey = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return grey.astype(np.uint8, copy=False)


def statistics(now: Image, before: Image | None) -> Picture:
    """Brightness of one thumbnail, and its change against the previous one of the same stream."""
    mean, deviation = cv2.meanStdDev(now)
    change = None if before is None else float(cv2.absdiff(now, before).mean())
    return Picture(mean_luma=float(mean[0, 0]), luma_variance=float(deviation[0, 0]) ** 2, change=change)
