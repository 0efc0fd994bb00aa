"""From what networks answer to our angles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.adas_gaze import gaze_of
from models.binned_gaze import BinnedGaze, expected_deg
from models.iris import iris_offset
from models.results import Box, Face, HeadPose, Mesh
from models.rotation_pose import pose_of
from models.upright import turned_back

ANGLES_DEG = [(0.0, 0.0, 0.0), (20.0, -35.0, 10.0), (-30.0, 50.0, -25.0), (5.0, 0.0, 40.0)]


def turn_of(pitch_deg: float, yaw_deg: float, roll_deg: float) -> NDArray[np.float32]:
    """The matrix that 300W-LP gives a head with these angles."""
    x, y, z = math.radians(pitch_deg), -math.radians(yaw_deg), math.radians(roll_deg)
    about_x = [[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]]
    about_y = [[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]]
    about_z = [[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]]
    return np.array(about_z, np.float32) @ np.array(about_y, np.float32) @ np.array(about_x, np.float32)


@pytest.mark.parametrize("angles", ANGLES_DEG)
def test_a_rotation_matrix_gives_the_angles_it_was_made_of(angles: tuple[float, float, float]) -> None:
    pose = pose_of(turn_of(*angles))
    assert (pose.pitch_deg, pose.yaw_deg, pose.roll_deg) == pytest.approx(angles, abs=1e-3)


@pytest.mark.parametrize("angles", ANGLES_DEG)
def test_the_matrix_of_a_mirrored_head_turns_yaw_and_roll(angles: tuple[float, float, float]) -> None:
    mirror = np.diag([-1.0, 1.0, 1.0]).astype(np.float32)
    pose = pose_of((mirror @ turn_of(*angles) @ mirror).astype(np.float32))
    assert pose.pitch_deg == pytest.approx(angles[0], abs=1e-3)
    assert (pose.yaw_deg, pose.roll_deg) == pytest.approx((-angles[1], -angles[2]), abs=1e-3)


def test_a_gaze_vector_towards_the_camera_is_zero() -> None:
    gaze = gaze_of(np.array([0.0, 0.0, -2.0], np.float32), turn_rad=0.4)
    assert (gaze.pitch_deg, gaze.yaw_deg) == pytest.approx((0.0, 0.0))


def test_a_gaze_to_the_right_of_the_picture_is_towards_the_candidates_left() -> None:
    assert gaze_of(np.array([1.0, 0.0, -1.0], np.float32), 0.0).yaw_deg == pytest.approx(45.0)
    assert gaze_of(np.array([0.0, 1.0, -1.0], np.float32), 0.0).pitch_deg == pytest.approx(45.0)


@pytest.mark.parametrize("angles", ANGLES_DEG)
def test_a_head_seen_upright_is_tilted_back(angles: tuple[float, float, float]) -> None:
    turned = turned_back(HeadPose(*angles), 0.0)
    assert (turned.pitch_deg, turned.yaw_deg, turned.roll_deg) == pytest.approx(angles, abs=1e-6)
    once = turned_back(HeadPose(angles[0], angles[1], 0.0), math.radians(angles[2]))
    back = turned_back(once, -math.radians(angles[2]))
    assert (back.pitch_deg, back.yaw_deg, back.roll_deg) == pytest.approx((*angles[:2], 0.0), abs=1e-6)


def test_what_points_right_of_a_head_on_its_shoulder_points_down() -> None:
    lying = turned_back(HeadPose(0.0, 20.0, 0.0), math.radians(90))
    assert (lying.pitch_deg, lying.yaw_deg, lying.roll_deg) == pytest.approx((-20.0, 0.0, 90.0), abs=1e-6)


def test_crops_turned_upright_are_turned_back() -> None:
    # A head lying on its left shoulder: content turned clockwise by 90°, its own right points down.
    gaze = gaze_of(np.array([1.0, 0.0, -1.0], np.float32), math.pi / 2)
    assert (gaze.pitch_deg, gaze.yaw_deg) == pytest.approx((-45.0, 0.0), abs=1e-4)


def peak(angle_deg: float) -> NDArray[np.float32]:
    """Logits of a network that is sure of an angle between two bins."""
    logits = np.full((1, 90), -40.0, np.float32)
    place = (angle_deg + 180.0) / 4.0
    low = math.floor(place)
    share = place - low
    logits[0, low], logits[0, low + 1] = math.log(1 - share + 1e-12), math.log(share + 1e-12)
    return logits


@pytest.mark.parametrize("angle_deg", [-178.0, -31.0, 0.0, 2.0, 77.3])
def test_bins_give_the_mean_angle(angle_deg: float) -> None:
    assert expected_deg(peak(angle_deg)[0]) == pytest.approx(angle_deg, abs=1e-3)


def test_large_logits_do_not_overflow() -> None:
    assert expected_deg(peak(12.0)[0] * 1000 + 5000) == pytest.approx(12.0, abs=2.1)


def test_the_first_output_of_bins_is_the_horizontal_angle_towards_the_left_edge() -> None:
    class Sure:
        device = "test"

        def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
            assert inputs["input"].shape == (1, 3, 448, 448)
            return {"pitch": peak(25.0), "yaw": peak(-10.0)}

    face = Face(Box(10, 10, 40, 50), np.zeros((5, 2), np.float32), 1.0)
    mesh = Mesh(np.zeros((468, 3), np.float32), 1.0)
    gaze = BinnedGaze(Sure()).gaze(np.zeros((80, 80, 3), np.uint8), face, mesh, HeadPose(0, 0, 0))
    assert gaze.yaw_deg == pytest.approx(-25.0, abs=1e-3)
    assert gaze.pitch_deg == pytest.approx(-10.0, abs=1e-3)


def test_an_iris_is_placed_between_the_outermost_points_of_its_eye() -> None:
    outline = np.array([[20, 30], [30, 24], [40, 30], [30, 34]], np.float32)
    assert iris_offset(outline, np.array([30, 30], np.float32)).tolist() == pytest.approx([0.0, 0.0])
    assert iris_offset(outline, np.array([35, 32], np.float32)).tolist() == pytest.approx([0.25, 0.1])
