"""The gates: each check fails alone, names itself, and says what to do."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from models.images import Image
from models.quality import Check, Needed, Quality, Range, bounds, failures, measure, shown_percent
from models.results import Box, Face, HeadPose
from shared.policy.terms import ENROLLMENT_GATE as ENROLLMENT, VERIFICATION_GATE as VERIFICATION, Gate
from tests.support.variations import blurred, drawn, scaled

GOOD = Quality(
    faces=1,
    box=Box(100, 100, 120, 150),
    sharpness=45,
    brightness=120,
    illumination_variance=500,
    head=HeadPose(0, 0, 0),
)


def worse(**change: Any) -> Quality:
    return dataclasses.replace(GOOD, **change)


@pytest.mark.parametrize("gate", [ENROLLMENT, VERIFICATION])
def test_a_good_picture_passes(gate: Any) -> None:
    assert failures(GOOD, gate) == ()


@pytest.mark.parametrize(
    ("picture", "check", "remedy"),
    [
        (worse(faces=2), Check.ONE_FACE, "alone"),
        (worse(box=Box(0, 0, 70, 90)), Check.SIZE, "closer"),
        (worse(shown_percent=70), Check.WHOLE, "whole face"),
        (worse(sharpness=9), Check.SHARPNESS, "clean the lens"),
        (worse(sharpness=9, moved=True), Check.SHARPNESS, "hold still"),
        (worse(sharpness=9, brightness=55), Check.SHARPNESS, "more light"),
        (worse(brightness=30), Check.BRIGHTNESS, "more light"),
        (worse(brightness=230), Check.BRIGHTNESS, "reduce"),
        (worse(head=HeadPose(0, 25, 0)), Check.YAW, "turn"),
        (worse(head=HeadPose(-25, 0, 0)), Check.PITCH, "raise your chin"),
        (worse(head=HeadPose(25, 0, 0)), Check.PITCH, "lower your chin"),
        (worse(head=HeadPose(0, 0, -21)), Check.ROLL, "upright"),
    ],
)
def test_enrollment_names_what_failed_and_what_to_do(picture: Quality, check: Check, remedy: str) -> None:
    (failure,) = failures(picture, ENROLLMENT)
    assert failure.check is check
    assert failure.value == picture.value(check)
    assert not failure.bound.holds(failure.value)
    assert remedy in failure.remedy
    assert str(failure).startswith(check.value)


@pytest.mark.parametrize(
    ("picture", "passes"),
    [
        (worse(box=Box(0, 0, 50, 60)), True),
        (worse(box=Box(0, 0, 47, 60)), False),
        (worse(sharpness=5), True),
        (worse(head=HeadPose(0, 34, 60)), True),
        (worse(head=HeadPose(0, -36, 0)), False),
        (worse(brightness=39), True),
    ],
)
def test_verification_is_looser(picture: Quality, *, passes: bool) -> None:
    assert (failures(picture, VERIFICATION) == ()) is passes


def test_a_verification_asks_for_the_light_its_recogniser_needs_unless_the_policy_says_how_much() -> None:
    dim = worse(brightness=24)
    assert failures(dim, VERIFICATION, Needed(18)) == ()
    (failure,) = failures(dim, VERIFICATION, Needed(25))
    assert (failure.check, failure.bound) == (Check.BRIGHTNESS, Range(25, 220))
    strict = VERIFICATION.model_copy(update={"min_brightness": 40.0})
    assert [each.check for each in failures(dim, strict, Needed(18))] == [Check.BRIGHTNESS]


def test_a_verification_asks_for_the_sharpness_its_recogniser_needs_unless_the_policy_says_how_much() -> None:
    soft = worse(sharpness=9)
    assert failures(soft, VERIFICATION, Needed(sharpness=8)) == ()
    (failure,) = failures(soft, VERIFICATION, Needed(sharpness=10))
    assert (failure.check, failure.bound) == (Check.SHARPNESS, Range(low=10))
    strict = VERIFICATION.model_copy(update={"min_sharpness": 15.0})
    assert [each.check for each in failures(soft, strict, Needed(sharpness=8))] == [Check.SHARPNESS]
    lax = VERIFICATION.model_copy(update={"min_sharpness": 0.0})
    assert failures(soft, lax, Needed(sharpness=10)) == ()


def test_a_gate_asks_what_the_policy_says() -> None:
    asked = dict(bounds(Gate(min_face_px=60, min_sharpness=None, max_roll_deg=None)))
    assert asked[Check.SIZE] == Range(low=60)
    assert asked[Check.SHARPNESS].holds(0.0)
    assert Check.ROLL not in asked


def test_an_unknown_pose_is_not_judged() -> None:
    assert failures(worse(head=None), ENROLLMENT) == ()


def test_all_that_fails_is_named_at_once() -> None:
    picture = worse(faces=3, sharpness=1, brightness=10)
    assert [f.check for f in failures(picture, ENROLLMENT)] == [
        Check.ONE_FACE,
        Check.SHARPNESS,
        Check.BRIGHTNESS,
    ]


@pytest.mark.parametrize(
    "picture",
    [
        worse(sharpness=30),
        worse(brightness=45),
        worse(brightness=235),
        worse(box=Box(0, 0, 60, 60)),
        worse(head=HeadPose(0, 30, 0)),
    ],
)
def test_a_weaker_picture_ranks_lower(picture: Quality) -> None:
    assert 0 <= picture.score < GOOD.score <= 1


def face(box: Box) -> Face:
    return Face(box, np.zeros((5, 2), np.float32), 0.9)


def checks(contrast: int) -> Image:
    """A grey frame of 640×480 with a checkerboard where the face is."""
    frame = np.full((480, 640, 3), 128, np.uint8)
    board = ((np.indices((200, 160)) // 8).sum(0) % 2 * contrast + 100).astype(np.uint8)
    frame[100:300, 200:360] = board[..., None]
    return frame


def test_blur_lowers_sharpness_and_nothing_else() -> None:
    frame, where = scaled(drawn(), 2), (face(Box(200, 100, 320, 400)),)
    sharp, soft = (measure(f, where, None) for f in (frame, blurred(frame, 8)))
    assert sharp.sharpness > 3 * soft.sharpness
    assert sharp.brightness == pytest.approx(soft.brightness, abs=2)


def test_light_from_one_side_raises_the_variance_of_illumination() -> None:
    frame, where = checks(0), (face(Box(200, 100, 160, 200)),)
    even = measure(frame, where, None).illumination_variance
    frame[:, :280] //= 2
    assert measure(frame, where, None).illumination_variance > even + 400


def test_the_largest_face_is_measured_and_all_are_counted() -> None:
    small, large = Box(0, 0, 30, 30), Box(200, 100, 160, 200)
    quality = measure(checks(60), (face(small), face(large)), None)
    assert (quality.faces, quality.box) == (2, large)


def test_a_face_outside_the_frame_is_measured_as_nothing() -> None:
    quality = measure(checks(60), (face(Box(900, 900, 100, 100)),), None)
    assert (quality.sharpness, quality.brightness) == (0, 0)
    assert quality.score < 0.1


def test_without_a_face_there_is_nothing_to_measure() -> None:
    with pytest.raises(ValueError, match="no face"):
        measure(checks(60), (), None)


FRAME = np.zeros((480, 640, 3), np.uint8)


@pytest.mark.parametrize(
    ("box", "percent"),
    [
        (Box(200, 100, 100, 120), 100),
        # A head turned far down or aside, but not at the edge.
        (Box(200, 100, 100, 60), 100),
        # Half of it above the frame, or below.
        (Box(200, -60, 100, 120), 50),
        (Box(200, 420, 100, 120), 50),
        # Detectors often box only what they see.
        (Box(200, 1, 100, 60), 50),
        (Box(-60, 100, 100, 120), 40),
        (Box(600, 100, 40, 120), 40),
        # Close to the camera and whole.
        (Box(40, 0, 400, 480), 100),
        (Box(700, 100, 100, 120), 100),
    ],
)
def test_a_face_at_the_edge_is_as_whole_as_its_shape(box: Box, percent: float) -> None:
    assert shown_percent(FRAME, box) == pytest.approx(percent, abs=0.5)
