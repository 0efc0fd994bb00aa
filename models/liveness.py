"""Whether a face is there or a picture of it, by two MiniFASNets (Minivision, Apache-2.0). Advisory.

Input: the face with its surroundings, 2.7 and 4.0 times the face box, 80×80 BGR 0…255: what gives a picture
away is mostly its edge and its texture. A crop that would leave the frame is moved into it, and shrunk where
that is not enough, as in their training. Output: three logits, of which the second means a real face.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.images import Image, inside
from models.network import Network
from models.results import Box, Face, Floats

SIDE_PX = 80
SCALES = (2.7, 4.0)
LIVE = 1
LEAST_SCALE = 1.5
"""A face with less of its surroundings in the frame is not judged. Five people filmed ever closer (105 looks)
scored ≥0.55 with 1.5 times the face and more, and as little as 0.01 with less, like printed ones."""


class Liveness:
    """Looks at a face's surroundings. `networks` in the order of `SCALES`."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks

    @property
    def device(self) -> str:
        return self._networks[0].device

    def live(self, frame: Image, face: Face) -> float | None:
        """How likely a face of a BGR frame is a real one, 0…1: the mean of both networks; None where the face
        fills the frame so far that they would not see what is around it."""
        if room_around(frame, face.box) < LEAST_SCALE:
            return None
        return float(
            np.mean(
                [
                    self._probability(network, frame, surroundings(frame, face.box, scale))
                    for network, scale in zip(self._networks, SCALES, strict=True)
                ]
            )
        )

    def _probability(self, network: Network, frame: Image, area: Box) -> float:
        chip = cv2.resize(inside(frame, area), (SIDE_PX, SIDE_PX))
        return likely(network.run({"input": cv2.dnn.blobFromImage(chip)})["output"][0])


def surroundings(frame: Image, box: Box, scale: float) -> Box:
    """The box enlarged by `scale` about its middle, inside the frame and of the same shape."""
    height_px, width_px = frame.shape[:2]
    scale = min(scale, room_around(frame, box))
    wide, high = max(box.width_px, 1.0) * scale, max(box.height_px, 1.0) * scale
    left = box.x_px + (box.width_px - wide) / 2
    top = box.y_px + (box.height_px - high) / 2
    return Box(min(max(left, 0.0), width_px - wide), min(max(top, 0.0), height_px - high), wide, high)


def room_around(frame: Image, box: Box) -> float:
    """How many times the box fits into the frame."""
    height_px, width_px = (float(side_px) for side_px in frame.shape[:2])
    return min(width_px / max(box.width_px, 1.0), height_px / max(box.height_px, 1.0))


def likely(logits: Floats) -> float:
    """The share of a real face in three logits."""
    weights = np.exp(logits - logits.max())
    return float(weights[LIVE] / weights.sum())
