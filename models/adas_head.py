"""Direction of the head by head-pose-estimation-adas-0001 (Open Model Zoo, Apache-2.0).

Input: the face box a little enlarged, 60×60 BGR 0…255. Output: yaw, pitch and roll in degrees, each by
itself. Yaw and roll have our signs; pitch grows downwards, so its sign is turned here (settled on 32
pictures against the face mesh and FSA-Net: correlation of yaw .98, roll .93, pitch −.88). Faces photographed
from 15° and 45° aside read 10° to 12° and 42° to 51°.
"""

from __future__ import annotations

import cv2

from models.images import Image, around, cut
from models.network import Network
from models.results import Face, HeadPose, Mesh

SIDE_PX = 60
MARGIN = 1.1
"""Nearest to the mesh's yaw of the margins tried, 1.0 to 1.3: median difference 1.5°."""


class AdasHeadPose:
    """Looks at the box alone."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def head(self, frame: Image, face: Face, _mesh: Mesh) -> HeadPose:
        """Where the head points, in the angles of `shared.observations`."""
        chip = cut(frame, around(face.box, MARGIN), SIDE_PX)
        answer = self._network.run({"data": cv2.dnn.blobFromImage(chip)})
        pitch_deg, yaw_deg, roll_deg = (float(answer[f"angle_{letter}_fc"].flat[0]) for letter in "pyr")
        return HeadPose(-pitch_deg, yaw_deg, roll_deg)
