"""Makes the small picture of an alert: what the camera showed when the condition began."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX = 320
MAX_JPEG_BYTES = 12_288
QUALITIES = (75, 60, 45, 30, 15)
"""Tried in turn until the picture is small enough."""


def thumbnail(frame: NDArray[np.uint8]) -> bytes | None:
    """A JPEG of a BGR frame, at most 320 px wide and 12 KB; None if it cannot be that small.

    Takes about a millisecond for 640×480.
    """
    height_px, width_px = frame.shape[:2]
    scale = min(1.0, WIDTH_PX / max(width_px, height_px))
    size_px = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    small = cv2.resize(frame, size_px, interpolation=cv2.INTER_AREA)
    for quality in QUALITIES:
        done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and jpeg.size <= MAX_JPEG_BYTES:
            return jpeg.tobytes()
    return None
