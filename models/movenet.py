"""An upper body by quantised MoveNet Lightning (Google, Apache-2.0): one person, a third of the cost.

Input: the frame centred on black, 192×192 RGB 0…255. Output: 17 points of COCO as y, x as shares of the
canvas and a score, in steps because the network computes with integers. Its points are mapped to MediaPipe's
33 points, so that rules need not know which network was used.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.body import POINTS
from models.figure import LEFT_SHOULDER, RIGHT_SHOULDER, across_head_px
from models.images import Image, letterbox
from models.network import Network
from models.results import Body, Floats, Region

SIDE_PX = 192
MIN_PRESENCE = 0.33
"""Mean score of the three most certain points of head and shoulders: people ≥0.36 (once, of 170 pictures,
0.27); a room, a cat and food ≤0.30; a bare hand up to 0.43."""
GAIN = 1.7
"""Visibility per score, limited to one: one half is reached at 0.3."""

_PLACES = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""The indices of COCO's nose, eyes, ears, shoulders, elbows, wrists, hips, knees and ankles among the 33."""
_HEAD_AND_SHOULDERS = slice(0, 7)


class MoveNet:
    """Finds the points of one seated person; each frame is handled as if it were the first."""

    def __init__(self, network: Network, *, min_presence: float = MIN_PRESENCE) -> None:
        self._network = network
        self._min_presence = min_presence

    @property
    def device(self) -> str:
        return self._network.device

    def find(self, frame: Image, _before: Region | None = None) -> Body | None:
        """The body in a BGR frame, or None if there is none; points that MoveNet does not have are
        invisible."""
        canvas, fit = letterbox(frame, SIDE_PX, SIDE_PX, centred=True)
        pixels = cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB)[None]
        rows = self._network.run({"serving_default_input:0": pixels})["StatefulPartitionedCall:0"][0, 0]
        presence = float(np.sort(rows[_HEAD_AND_SHOULDERS, 2])[-3:].mean())
        if presence < self._min_presence:
            return None
        points = np.zeros((POINTS, 3), np.float32)
        points[list(_PLACES), :2] = fit.to_frame(rows[:, 1::-1] * SIDE_PX)
        height_px, width_px = frame.shape[:2]
        whole = Region(width_px / 2, height_px / 2, float(max(width_px, height_px)), 0.0)
        seen = visibility(rows[:, 2], presence)
        return Body(points, seen, np.ones(POINTS, np.float32), presence, whole, across_head_px(points))


def visibility(scores: Floats, presence: float) -> Floats:
    """(33,) 0…1 from MoveNet's 17 scores.

    Shoulders cut off in a close view score as low as in an empty room. So shoulders are at least as visible
    as the person is present, as is already so with MediaPipe's network: the person has not left.
    """
    seen = np.zeros(POINTS, np.float32)
    seen[list(_PLACES)] = np.minimum(scores * np.float32(GAIN), 1.0)
    shoulders = [LEFT_SHOULDER, RIGHT_SHOULDER]
    seen[shoulders] = np.maximum(seen[shoulders], min(presence * GAIN, 1.0))
    return seen
