"""Where eyes look, on pictures whose direction anybody can see, and on their mirror images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from models.adas_gaze import AdasGaze
from models.images import Image
from models.iris import IrisGaze
from models.mesh import FaceMesh
from models.mesh_pose import MeshPose
from models.results import Gaze
from models.serving import GazeEstimator
from models.yunet import YuNet
from shared.observations import GazeSeen
from shared.policy.schema import Policy
from tests.scenarios.performers import signer
from tests.support.observations import ONE, check, every, frame, lines, play
from tests.support.people import (
    LOOKS_INTO_THE_CAMERA,
    collins,
    hopper,
    media,
    mirrored,
    read,
    with_face_of,
)
from tests.support.weights import network

pytestmark = pytest.mark.weights


def adas() -> AdasGaze:
    return AdasGaze(network("gaze-adas-0002"))


def iris() -> IrisGaze:
    return IrisGaze(network("mediapipe-iris"))


@pytest.fixture(params=["gaze-adas-0002", "iris-gaze"])
def estimator(request: pytest.FixtureRequest) -> GazeEstimator:
    return adas() if request.param == "gaze-adas-0002" else iris()


def look(estimator: GazeEstimator, picture: Image) -> Gaze:
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    mesh = FaceMesh(network("mediapipe-face-mesh")).fit(picture, face)
    return estimator.gaze(picture, face, mesh, MeshPose().head(picture, face, mesh))


@pytest.mark.parametrize("portrait", [collins(), hopper()], ids=["collins", "hopper"])
def test_a_portrait_looks_into_the_camera(estimator: GazeEstimator, portrait: Image) -> None:
    gaze = look(estimator, portrait)
    assert max(abs(gaze.pitch_deg), abs(gaze.yaw_deg)) < 12


@pytest.mark.media
def test_faces_that_look_into_the_camera_stay_inside_the_screen(estimator: GazeEstimator) -> None:
    gazes = [look(estimator, read(media(name))) for name in LOOKS_INTO_THE_CAMERA]
    yaws = np.abs([gaze.yaw_deg for gaze in gazes])
    pitches = np.abs([gaze.pitch_deg for gaze in gazes])
    assert np.median(yaws) < 7
    assert np.median(pitches) < 9
    assert yaws.max() < 30
    assert pitches.max() < 25


@pytest.mark.media
@pytest.mark.parametrize("width_px", [96, 48])
def test_the_error_that_is_told_covers_faces_that_look_into_the_camera(
    estimator: GazeEstimator, width_px: int
) -> None:
    for name in LOOKS_INTO_THE_CAMERA:
        gaze = look(estimator, with_face_of(width_px, read(media(name))))
        assert abs(gaze.pitch_deg) <= gaze.pitch_error_deg, name
        assert abs(gaze.yaw_deg) <= gaze.yaw_error_deg, name


@pytest.mark.media
def test_who_holds_the_face_up_is_not_told_to_look_away_before_calibration(estimator: GazeEstimator) -> None:
    """A woman filmed from below looks into the camera; by her irises she looks 20° above it."""
    view = signer(media("video/open_asl_learn.mkv").parent.parent).view
    monitor = Monitor(monitor_settings(Policy()))
    seen = [look(estimator, view(number / 8)) for number in range(7)]
    observations = [
        replace(each, gaze=as_seen(seen[number % len(seen)]))
        for number, each in enumerate(every(0, 29, frame(0, faces=ONE, identity=check(0.9))))
    ]
    assert lines(play(monitor, observations)) == []


def as_seen(gaze: Gaze) -> GazeSeen:
    return GazeSeen(
        pitch_deg=gaze.pitch_deg,
        yaw_deg=gaze.yaw_deg,
        pitch_error_deg=gaze.pitch_error_deg,
        yaw_error_deg=gaze.yaw_error_deg,
    )


# By looking: somebody whose eyes and head point far to the left of the picture, the candidate's right.
LOOKS_TO_THE_CANDIDATES_RIGHT = ("open_desk_woman_f00", "open_desk_woman_f06", "open_desk_woman_f11")


@pytest.mark.media
@pytest.mark.parametrize("name", LOOKS_TO_THE_CANDIDATES_RIGHT)
def test_who_looks_far_aside_leaves_the_screen_to_that_side(estimator: GazeEstimator, name: str) -> None:
    picture = read(media(f"pose/{name}.jpg"))
    assert look(estimator, picture).yaw_deg < -30
    assert look(estimator, mirrored(picture)).yaw_deg > 30


@pytest.mark.media
def test_who_looks_down_is_seen_looking_down() -> None:
    assert look(adas(), read(media("faces/asl_skullshirt/again_f2.jpg"))).pitch_deg < -8


@pytest.mark.media
@pytest.mark.parametrize("name", ["faces/ms_lady/lady2.jpg", "faces/obama/obama_wh2009_speech.jpg"])
def test_a_mirror_turns_yaw_and_keeps_pitch(estimator: GazeEstimator, name: str) -> None:
    picture = read(media(name))
    one, other = look(estimator, picture), look(estimator, mirrored(picture))
    assert other.yaw_deg == pytest.approx(-one.yaw_deg, abs=12)
    assert other.pitch_deg == pytest.approx(one.pitch_deg, abs=7)


@pytest.mark.media
def test_eyes_held_on_the_camera_make_up_for_a_turned_head() -> None:
    picture = read(media("faces/ms_lady/lady2.jpg"))  # head 21° to the picture's right
    for estimator in (adas(), iris()):
        assert look(estimator, picture).yaw_deg < 16


class Swapped:
    """The network of eye crops, each eye given as the other."""

    device = "cpu"

    def run(self, inputs: Mapping[str, NDArray[Any]], /) -> dict[str, NDArray[Any]]:
        swapped = {"left_eye_image": inputs["right_eye_image"], "right_eye_image": inputs["left_eye_image"]}
        return network("gaze-adas-0002").run({**inputs, **swapped})


@pytest.mark.media
def test_each_eye_is_given_as_what_the_network_calls_it() -> None:
    """Swapped, pictures and their mirror images agree less: that settled which eye it calls left."""

    def disagreement_deg(estimator: GazeEstimator) -> float:
        found = []
        for name in LOOKS_INTO_THE_CAMERA:
            picture = read(media(name))
            one, other = look(estimator, picture), look(estimator, mirrored(picture))
            found.append(abs(one.yaw_deg + other.yaw_deg) + abs(one.pitch_deg - other.pitch_deg))
        return float(np.mean(found))

    assert disagreement_deg(adas()) < disagreement_deg(AdasGaze(Swapped()))
