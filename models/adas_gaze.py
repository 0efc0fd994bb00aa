"""Direction of the gaze by gaze-estimation-adas-0002 (Open Model Zoo, Apache-2.0).

Input: square crops of both eyes, upright by the line of the eyes, 60×60 BGR 0…255, and the head's yaw, pitch
and roll in degrees. Output: a vector; (0, 0, −1) looks into the camera, x grows towards the right of the
picture, y upwards.

Determined with 32 pictures and their mirror images. The network's "left eye" is the one on the left of the
picture, the candidate's right eye: with this order, a picture and its mirror image differ by 6.6° in yaw and
3.1° in pitch on average, with the other order by 9.3° and 3.4°. Its yaw has our sign (the same eyes in a head
turned 1° more look 0.7° further to that side). Its pitch grows downwards, like that of its sister network for
heads. On portraits that look into the camera the median error is 4° in yaw and 5° in pitch.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from models.images import Image, cut
from models.mesh import LEFT_EYE, RIGHT_EYE
from models.network import Network
from models.results import Face, Floats, Gaze, HeadPose, Mesh, Region

SIDE_PX = 60
CROP = 0.6
"""Side of an eye's crop, as a multiple of the distance between the eyes."""
PITCH_ERROR_DEG, YAW_ERROR_DEG = 17.5, 23.0
"""The largest of 17 people who look into the camera (17.0 and 22.9) …"""
SMALL_CROP_PX = 13.0
SMALL_YAW_ERROR_DEG = 27.0
"""… and in smaller crops than this (26.9; eyes less than about 10 px wide)."""


class AdasGaze:
    """Estimates gaze from both eyes and the direction of the head."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def gaze(self, frame: Image, _face: Face, mesh: Mesh, head: HeadPose) -> Gaze:
        """Where the candidate looks, relative to the camera."""
        right, left = eye_regions(mesh)
        # The crops are upright, so the head that the network sees has no roll.
        angles = np.array([[head.yaw_deg, -head.pitch_deg, 0.0]], np.float32)
        answer = self._network.run(
            {
                "left_eye_image": _chip(frame, right),
                "right_eye_image": _chip(frame, left),
                "head_pose_angles": angles,
            }
        )
        yaw_error_deg = SMALL_YAW_ERROR_DEG if right.side_px < SMALL_CROP_PX else YAW_ERROR_DEG
        seen = gaze_of(answer["gaze_vector"][0], right.angle_rad)
        return replace(seen, pitch_error_deg=PITCH_ERROR_DEG, yaw_error_deg=yaw_error_deg)


def gaze_of(vector: Floats, turn_rad: float) -> Gaze:
    """The angles of a gaze vector (3,) seen in crops that were turned upright by `turn_rad` (clockwise)."""
    x, y, z = (float(value) for value in vector / max(float(np.linalg.norm(vector)), 1e-9))
    # What points right in the turned crop points right and down in the picture, whose y grows downwards.
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    across, up = x * cosine + y * sine, y * cosine - x * sine
    return Gaze(math.degrees(math.asin(max(-1.0, min(1.0, up)))), math.degrees(math.atan2(across, -z)))


def eye_regions(mesh: Mesh) -> tuple[Region, Region]:
    """The squares around the candidate's right and left eye, upright by the line of the eyes."""
    right, left = (mesh.points_px[[eye[0], eye[3]], :2].mean(0) for eye in (RIGHT_EYE, LEFT_EYE))
    across = left - right
    turn_rad = math.atan2(float(across[1]), float(across[0]))
    side_px = max(float(np.linalg.norm(across)) * CROP, 1.0)
    one, other = (Region(float(each[0]), float(each[1]), side_px, turn_rad) for each in (right, left))
    return one, other


def _chip(frame: Image, eye: Region) -> Floats:
    return cv2.dnn.blobFromImage(cut(frame, eye, SIDE_PX)).astype(np.float32, copy=False)
