"""Direction of the head by a network that outputs a rotation matrix (6DRepNet: Hempel et al. 2022).

Input: the face box enlarged by a fifth on every side and turned upright, 224×224 RGB as for ImageNet.
Output: (1, 3, 3), the head's rotation as 300W-LP labels it: about x by pitch first (up is positive), then
about y by yaw (towards the left edge of the picture is positive, so its sign is turned here), then about z by
roll. No weights of this kind were available: the signs follow the labels and are not proved on pictures.
"""

from __future__ import annotations

import math

from models.images import Image, as_imagenet, cut
from models.network import Network
from models.results import Face, Floats, HeadPose, Mesh
from models.upright import Upright, turned_back

SIDE_PX = 224
MARGIN = 1.4
PITCH_ERROR_DEG = 26.5
"""Not measured: as the roughest of the others."""


class RotationHeadPose:
    """Uses the face box, and the mesh to see the head upright. `input_name` is this export's name of the
    picture input."""

    def __init__(self, network: Network, *, input_name: str = "input") -> None:
        self._network = network
        self._input_name = input_name
        self._upright = Upright(MARGIN)

    @property
    def device(self) -> str:
        return self._network.device

    def head(self, frame: Image, face: Face, mesh: Mesh) -> HeadPose:
        """The direction of the head, in the angles of `shared.observations`."""
        region = self._upright.region(face.box, mesh)
        answer = self._network.run({self._input_name: as_imagenet(cut(frame, region, SIDE_PX))})
        return turned_back(pose_of(next(iter(answer.values()))[0]), region.angle_rad, PITCH_ERROR_DEG)


def pose_of(turn: Floats) -> HeadPose:
    """The angles of a (3, 3) rotation Rz(roll) · Ry(yaw) · Rx(pitch) as 300W-LP labels heads."""
    level = math.hypot(float(turn[0, 0]), float(turn[1, 0]))
    pitch = math.atan2(float(turn[2, 1]), float(turn[2, 2]))
    yaw = math.atan2(-float(turn[2, 0]), level)
    roll = math.atan2(float(turn[1, 0]), float(turn[0, 0]))
    return HeadPose(math.degrees(pitch), -math.degrees(yaw), math.degrees(roll))
