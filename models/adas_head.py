"""Direction of the head by head-pose-estimation-adas-0001 (Open Model Zoo, Apache-2.0).

Input: the face box a little enlarged and turned upright, 60×60 BGR 0…255. Outputs: yaw, pitch and roll in
degrees, one each. Yaw and roll have our signs; pitch grows downwards, so its sign is turned here
(determined with 32 pictures against the face mesh and FSA-Net: correlation of yaw .98, roll .93, pitch −.88).
Faces photographed from 15° and 45° to the side give 10° to 12° and 42° to 51°.
"""

from __future__ import annotations

import cv2

from models.images import Image, cut
from models.network import Network
from models.results import Face, HeadPose, Mesh
from models.upright import Upright, turned_back

SIDE_PX = 60
MARGIN = 1.1
"""Of the margins 1.0 to 1.3, this one gives the yaw closest to the mesh's: median difference 1.5°."""
PITCH_ERROR_DEG = 26.5
"""The largest of 17 people who look into the camera: 15.1 as they are, 26.1 in the dark."""


class AdasHeadPose:
    """Uses the face box, and the mesh to see the head upright."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._upright = Upright(MARGIN)

    @property
    def device(self) -> str:
        return self._network.device

    def head(self, frame: Image, face: Face, mesh: Mesh) -> HeadPose:
        """The direction of the head, in the angles of `shared.observations`."""
        region = self._upright.region(face.box, mesh)
        answer = self._network.run({"data": cv2.dnn.blobFromImage(cut(frame, region, SIDE_PX))})
        pitch_deg, yaw_deg, roll_deg = (float(answer[f"angle_{letter}_fc"].flat[0]) for letter in "pyr")
        return turned_back(HeadPose(-pitch_deg, yaw_deg, roll_deg), region.angle_rad, PITCH_ERROR_DEG)
