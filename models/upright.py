"""Shows a head upright to a network that measures its direction, and turns the answer back.

Such networks see mostly upright heads when they are trained. Of seven faces turned in the picture's plane by
35° FSA-Net reads up to 21° of yaw that is not there (30° at 45°), and colours change how much; upright it
stays within 3°.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.images import around
from models.mesh_pose import MeshPose, angles_deg
from models.results import Box, HeadPose, Mesh, Region


class Upright:
    """Cuts heads out upright by the roll of their mesh."""

    def __init__(self, margin: float) -> None:
        """`margin`: the side of the cut as a multiple of the larger side of the face box."""
        self._margin = margin
        self._by_mesh = MeshPose()

    def region(self, box: Box, mesh: Mesh) -> Region:
        """The turned square around a face."""
        square = around(box, self._margin)
        turn_rad = math.radians(self._by_mesh.roll_deg(mesh))
        return Region(square.centre_x_px, square.centre_y_px, square.side_px, turn_rad)


def turned_back(seen: HeadPose, turn_rad: float, pitch_error_deg: float = 0.0) -> HeadPose:
    """The direction in the picture of a head whose content was turned upright by `turn_rad` (clockwise).

    `pitch_error_deg` is that of the network that saw it.
    """
    pitch, yaw, roll = (math.radians(angle) for angle in (seen.pitch_deg, seen.yaw_deg, seen.roll_deg))
    up, across = np.eye(3), np.eye(3)
    up[1:, 1:] = [[math.cos(pitch), math.sin(pitch)], [-math.sin(pitch), math.cos(pitch)]]
    across[::2, ::2] = [[math.cos(yaw), math.sin(yaw)], [-math.sin(yaw), math.cos(yaw)]]
    pitch_deg, yaw_deg, roll_deg = angles_deg(_in_plane(turn_rad) @ across @ up @ _in_plane(roll))
    return HeadPose(pitch_deg, yaw_deg, roll_deg, pitch_error_deg=pitch_error_deg)


def _in_plane(turn_rad: float) -> NDArray[np.float64]:
    turn = np.eye(3)
    turn[:2, :2] = [[math.cos(turn_rad), math.sin(turn_rad)], [-math.sin(turn_rad), math.cos(turn_rad)]]
    return turn
