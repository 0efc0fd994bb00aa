"""Measures how sharp a face must be for a recogniser: compares blurred pictures with sharp ones.

The report is that of `models.dimming`.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from models.people import Fitted, look
from models.quality import failures
from models.serving import Serving
from models.sharpness import sharpness_of
from shared.policy.terms import VERIFICATION_GATE

LEVELS = (18.0, 15.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0)
"""Sharpness of the face, as `models.sharpness` measures it."""
WIDEST = 0.08
"""The strongest blur tried: its standard deviation as a share of the face's width."""
TRIES = 8


def softer(sharp: Fitted, sharpness: float, serving: Serving) -> Fitted | None:
    """The same picture out of focus, so that its face is as sharp as this. None if it is less sharp already,
    cannot be made so, or no longer passes the verification gate."""
    found = look(sharp.picture, serving)
    if found is None or found[1].sharpness < sharpness:
        return None
    box = found[1].box
    low, high = 0.0, WIDEST * box.width_px
    for _ in range(TRIES):
        middle = (low + high) / 2
        blurred = cv2.GaussianBlur(sharp.picture, (0, 0), max(middle, 0.1)).astype(np.uint8, copy=False)
        low, high = (middle, high) if sharpness_of(blurred, box).value > sharpness else (low, middle)
    if (seen := look(blurred, serving)) is None or failures(seen[1], VERIFICATION_GATE):
        return None
    return replace(sharp, picture=blurred, mesh=seen[0])
