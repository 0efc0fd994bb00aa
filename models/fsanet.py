"""Direction of the head by FSA-Net (Yang et al. 2019): two small networks, averaged.

Input: the face box enlarged by a fifth on every side and turned upright, 64×64 BGR (x − 127.5) / 128.
Output: yaw, pitch and roll in degrees; yaw grows towards the left edge of the picture, so its
sign is turned here (determined with pictures of a head turned about 35° to that edge, and their mirror
images). Faces photographed from 15° and 45° to the side give 11° and 43°: no correction.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.images import Image, cut
from models.network import Network
from models.results import Face, HeadPose, Mesh
from models.upright import Upright, turned_back

SIDE_PX = 64
MARGIN = 1.4
PITCH_ERROR_DEG = 17.0
"""The largest of 17 people who look into the camera, also small, dark, grey or out of focus (16.7)."""


class FsaNet:
    """Uses the face box, and the mesh to see the head upright."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._upright = Upright(MARGIN)

    @property
    def device(self) -> str:
        return self._networks[0].device

    def head(self, frame: Image, face: Face, mesh: Mesh) -> HeadPose:
        """The direction of the head, in the angles of `shared.observations`."""
        region = self._upright.region(face.box, mesh)
        blob = cv2.dnn.blobFromImage(cut(frame, region, SIDE_PX), 1 / 128, (0, 0), (127.5, 127.5, 127.5))
        answers = [network.run({"input": blob})["output"][0] for network in self._networks]
        yaw_deg, pitch_deg, roll_deg = (float(angle) for angle in np.mean(answers, axis=0))
        return turned_back(HeadPose(pitch_deg, -yaw_deg, roll_deg), region.angle_rad, PITCH_ERROR_DEG)
