"""Direction of the head from the face mesh: the rotation that fits a standard head to the mesh.

A weighted orthogonal fit (Kabsch 1976) of the mesh's own three dimensions, seen as a scaled picture without
perspective. Solving for a camera (PnP) needs the focal length, which is unknown, and its pitch changed by 20°
with the assumed one. This method needs no offset: over 43 pictures its median differs from MediaPipe's own
face transform by 0.3° in pitch and 0.6° in yaw (spread 3.7° and 2.3°), from FSA-Net by 1.4° in pitch (spread
3.5°).

The mesh shows a whole face where only half is visible: from about 25° of yaw its angle is too small, and it
stops at 20° to 40° however far the head is turned (a face photographed from 45° to the side gives 34° to
41°). If the detector's own points also give the yaw, they are used beyond that, but never for a face that the
mesh sees from the front. Where the two diverge, a turn seems faster than it is: one from 30° to 48° within
0.4 s was measured as 43°. So the pose includes their difference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.images import Image
from models.results import Face, HeadPose, Mesh

_RIGHT_SIDE: tuple[tuple[int, int, float, float, float, float], ...] = (
    (33, 263, -4.446, 2.664, 3.173, 0.059),
    (54, 284, -6.279, 6.615, 1.426, 0.008),
    (67, 297, -3.524, 8.006, 3.729, 0.009),
    (117, 346, -5.259, 0.946, 2.974, 0.010),
    (119, 348, -3.301, 0.862, 3.873, 0.015),
    (121, 350, -1.821, 1.468, 4.224, 0.019),
    (127, 356, -7.743, 2.365, -2.005, 0.005),
    (129, 358, -1.786, -0.978, 4.850, 0.121),
    (132, 361, -7.271, -2.891, -2.252, 0.006),
    (133, 362, -1.856, 2.585, 3.758, 0.053),
    (136, 365, -5.085, -7.179, 0.715, 0.067),
    (143, 372, -6.408, 2.236, 1.561, 0.015),
    (147, 376, -6.235, -1.944, 1.664, 0.014),
    (198, 420, -1.247, 0.230, 5.681, 0.025),
    (205, 425, -3.833, -1.537, 4.138, 0.047),
)
_MIDDLE: tuple[tuple[int, float, float, float, float], ...] = (
    (4, 0.0, -0.463, 7.587, 0.071),
    (6, 0.0, 2.473, 5.789, 0.032),
    (10, 0.0, 8.262, 4.482, 0.008),
)
# Point numbers, place in centimetres (x to the candidate's left, y up, z out of the face) and weight, from
# the canonical face model of MediaPipe's face geometry (Apache-2.0, geometry_pipeline_metadata_landmarks).
# The first list is the right side of the face with the number of the mirrored point on the left.


def standard_head() -> tuple[list[int], NDArray[np.float64], NDArray[np.float64]]:
    """Numbers (N,), places (N, 3) and weights (N,) of the standard head's points."""
    right = [(n, x, y, z, w) for n, _, x, y, z, w in _RIGHT_SIDE]
    left = [(n, -x, y, z, w) for _, n, x, y, z, w in _RIGHT_SIDE]
    rows = [*_MIDDLE, *right, *left]
    return [r[0] for r in rows], np.array([r[1:4] for r in rows]), np.array([r[4] for r in rows])


PITCH_ERROR_DEG = 16.0
"""The largest of 17 people who look into the camera, also small, dark, grey or out of focus (15.6)."""
TRUSTED_DEG, DOUBTED_DEG = 12.0, 16.0
"""Frontal heads stay below the first value; all heads turned by 40° or more are beyond 15°."""


class MeshPose:
    """Uses only the mesh. Holds the standard head, centred by its weights."""

    device = "cpu"

    def __init__(self) -> None:
        self._numbers, places, weights = standard_head()
        self._weights = weights / weights.sum()
        self._places = places - self._weights @ places

    def head(self, _frame: Image, face: Face, mesh: Mesh) -> HeadPose:
        """The direction of a mesh's head, in the angles of `shared.observations`."""
        pitch_deg, mesh_yaw_deg, roll_deg = angles_deg(self._turn(mesh))
        yaw_deg = further(mesh_yaw_deg, face.turn_deg)
        doubt_deg = abs(yaw_deg - mesh_yaw_deg)
        return HeadPose(pitch_deg, yaw_deg, roll_deg, doubt_deg, PITCH_ERROR_DEG)

    def roll_deg(self, mesh: Mesh) -> float:
        """How far the head is turned in the picture's plane."""
        return angles_deg(self._turn(mesh))[2]

    def _turn(self, mesh: Mesh) -> NDArray[np.float64]:
        seen = mesh.points_px[self._numbers].astype(np.float64) * (1.0, -1.0, -1.0)
        seen -= self._weights @ seen
        left, _, right = np.linalg.svd((seen * self._weights[:, None]).T @ self._places)
        turn: NDArray[np.float64] = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
        return turn


def further(yaw_deg: float, turn_deg: float | None) -> float:
    """The mesh's yaw, or the detector's if it has the same direction and is larger.

    Up to `TRUSTED_DEG` only the mesh counts, from `DOUBTED_DEG` on the larger of the two.
    """
    if turn_deg is None or turn_deg * yaw_deg <= 0 or abs(turn_deg) <= abs(yaw_deg):
        return yaw_deg
    share = (abs(yaw_deg) - TRUSTED_DEG) / (DOUBTED_DEG - TRUSTED_DEG)
    return yaw_deg + (turn_deg - yaw_deg) * max(0.0, min(1.0, share))


def angles_deg(turn: NDArray[np.float64]) -> tuple[float, float, float]:
    """Pitch, yaw and roll of a (3, 3) rotation with x to the right of the picture, y up, z to the camera.

    The rotation is taken as roll first, then pitch, then yaw.
    """
    pitch = math.asin(max(-1.0, min(1.0, float(turn[1, 2]))))
    yaw = math.atan2(float(turn[0, 2]), float(turn[2, 2]))
    roll = math.atan2(-float(turn[1, 0]), float(turn[1, 1]))
    return math.degrees(pitch), math.degrees(yaw), math.degrees(roll)
