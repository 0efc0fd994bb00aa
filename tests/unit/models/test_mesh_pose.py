"""Direction of the head from a mesh that was turned by known angles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.mesh_pose import MeshPose, angles_deg, standard_head
from models.results import Box, Face, Mesh


def rotation(pitch_deg: float, yaw_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Roll, then pitch, then yaw; x to the right of the picture, y up, z towards the camera."""
    p, y, r = (math.radians(angle) for angle in (pitch_deg, yaw_deg, roll_deg))
    about_x = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_z = np.array([[math.cos(r), math.sin(r), 0], [-math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def turned_mesh(turn: NDArray[np.float64]) -> Mesh:
    """The standard head, turned, as a mesh of 20 px per centimetre around (320, 240)."""
    numbers, places, _ = standard_head()
    points = np.zeros((468, 3), np.float32)
    points[numbers] = (places @ turn.T) * (20, -20, -20) + (320, 240, 0)
    return Mesh(points, 1.0)


@pytest.mark.parametrize(
    ("pitch_deg", "yaw_deg", "roll_deg"),
    [(0, 0, 0), (25, 0, 0), (-30, 0, 0), (0, 40, 0), (0, -60, 0), (0, 0, 35), (12, -33, 20), (-20, 50, -15)],
)
def test_a_turned_standard_head_gives_its_angles(pitch_deg: float, yaw_deg: float, roll_deg: float) -> None:
    mesh = turned_mesh(rotation(pitch_deg, yaw_deg, roll_deg))
    face = Face(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0)
    head = MeshPose().head(np.zeros((1, 1, 3), np.uint8), face, mesh)
    assert (head.pitch_deg, head.yaw_deg, head.roll_deg) == pytest.approx(
        (pitch_deg, yaw_deg, roll_deg), abs=1e-3
    )


def test_a_nose_to_the_right_of_the_picture_is_a_turn_to_the_candidates_left() -> None:
    turn = rotation(0, 30, 0)
    assert (turn @ (0, 0, 1))[0] > 0
    assert angles_deg(turn)[1] == pytest.approx(30)


def test_a_crown_to_the_right_of_the_picture_is_a_tilt_to_the_candidates_left_shoulder() -> None:
    turn = rotation(0, 0, 20)
    assert (turn @ (0, 1, 0))[0] > 0
    assert angles_deg(turn)[2] == pytest.approx(20)


def test_a_nose_that_rises_is_positive_pitch() -> None:
    turn = rotation(15, 0, 0)
    assert (turn @ (0, 0, 1))[1] > 0
    assert angles_deg(turn)[0] == pytest.approx(15)
