"""Direction of the head from a mesh that was turned by known angles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.blazeface import NOSE_REACH, turn_of
from models.mesh_pose import MeshPose, angles_deg, further, standard_head
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


@pytest.mark.parametrize(("turn_deg", "doubt_deg"), [(None, 0), (20, 0), (-50, 0), (55, 25)])
def test_a_pose_says_how_far_mesh_and_detector_part(turn_deg: float | None, doubt_deg: float) -> None:
    face = Face(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0, turn_deg=turn_deg)
    head = MeshPose().head(np.zeros((1, 1, 3), np.uint8), face, turned_mesh(rotation(0, 30, 0)))
    assert head.doubt_deg == pytest.approx(doubt_deg, abs=1e-3)


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


@pytest.mark.parametrize(
    ("mesh_deg", "detector_deg", "expected_deg"),
    [
        (25, 55, 55),
        (-25, -55, -55),
        (14, 40, 27),  # halfway between trusted and doubted
        (5, 60, 5),  # the mesh sees it from the front
        (30, 20, 30),
        (30, -50, 30),
        (30, None, 30),
        (0, 60, 0),
    ],
)
def test_a_detector_is_believed_where_it_goes_further_the_same_way(
    mesh_deg: float, detector_deg: float | None, expected_deg: float
) -> None:
    assert further(mesh_deg, detector_deg) == pytest.approx(expected_deg)


def detected(yaw_deg: float, roll_deg: float = 0.0) -> NDArray[np.float32]:
    """BlazeFace's six points of a head of eyes, nose, mouth and ears, turned and seen from afar."""
    head = [(-1, 0.5, 0.8), (1, 0.5, 0.8), (0, 0, NOSE_REACH), (0, -0.5, 0.9), (-1.2, 0, 0), (1.2, 0, 0)]
    seen = np.array(head) @ rotation(0, yaw_deg, roll_deg).T
    return (seen[:, :2] * (60, -60) + (320, 240)).astype(np.float32)


@pytest.mark.parametrize("yaw_deg", [-60, -30, 0, 15, 45])
@pytest.mark.parametrize("roll_deg", [0, 25])
def test_a_nose_that_stands_out_to_the_side_is_a_turn(yaw_deg: float, roll_deg: float) -> None:
    assert turn_of(detected(yaw_deg, roll_deg)) == pytest.approx(yaw_deg, abs=4)


def test_points_that_cannot_be_a_head_are_a_turn_of_at_most_a_right_angle() -> None:
    assert turn_of(np.zeros((6, 2), np.float32)) == 0
    far = detected(0)
    far[2, 0] += 1_000
    assert turn_of(far) == pytest.approx(90)
