"""Direction of the head by FSA-Net (Yang et al. 2019): two small networks, averaged.

Input: the face box enlarged by a fifth on every side, 64×64 BGR (x − 127.5) / 128. Output: yaw, pitch and
roll in degrees; yaw grows towards the left edge of the picture, so its sign is turned here (determined with
pictures of a head turned about 35° to that edge, and their mirror images). Faces photographed from 15° and
45° to the side give 11° and 43°: no correction.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.images import Image, cut
from models.network import Network
from models.results import Face, HeadPose, Mesh, Region

SIDE_PX = 64
MARGIN = 1.4


class FsaNet:
    """Uses only the face box."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks

    @property
    def device(self) -> str:
        return self._networks[0].device

    def head(self, frame: Image, face: Face, _mesh: Mesh) -> HeadPose:
        """The direction of the head, in the angles of `shared.observations`."""
        box = face.box
        side_px = max(box.width_px, box.height_px) * MARGIN
        middle = Region(box.x_px + box.width_px / 2, box.y_px + box.height_px / 2, side_px, 0.0)
        blob = cv2.dnn.blobFromImage(cut(frame, middle, SIDE_PX), 1 / 128, (0, 0), (127.5, 127.5, 127.5))
        answers = [network.run({"input": blob})["output"][0] for network in self._networks]
        yaw_deg, pitch_deg, roll_deg = (float(angle) for angle in np.mean(answers, axis=0))
        return HeadPose(pitch_deg, -yaw_deg, roll_deg)
