"""What each network is fed: colours, levels and crops as its training had them.

A network fed in wrong colours still answers, a little worse, and tests on real pictures pass. Expected levels
are written out from each network's publication, and taken from neither the code nor the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.adas_gaze import AdasGaze
from models.adas_head import AdasHeadPose
from models.binned_gaze import BinnedGaze
from models.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFace
from models.body import BodyDetector, BodyPose
from models.fsanet import FsaNet
from models.images import Image
from models.iris import IrisGaze
from models.liveness import Liveness, Needs
from models.mesh import LANDMARKS_478, FaceMesh
from models.movenet import MoveNet
from models.network import Network
from models.objects import ObjectDetector
from models.recognition import ARCFACE, DLIB, REIDENTIFICATION, Recipe, Recogniser
from models.results import Box, Face, HeadPose, Region
from models.retinaface import RetinaFace
from models.rotation_pose import RotationHeadPose
from models.scrfd import Scrfd
from models.yunet import YuNet
from tests.support.foreign import Answering, face_at, head_mesh
from tests.support.recognisers import SCALE, levels

BLUE, GREEN, RED = 10.0, 120.0, 250.0
PAINTED = np.full((480, 640, 3), (BLUE, GREEN, RED), np.uint8)
FACE = Face(Box(280, 200, 80, 100), face_at(320, 250).landmarks_px, 1.0)
ANY = Needs(chroma=0, sharpness=0, brightness=0, disagreement=1)
"""Every picture is judged."""
AHEAD = HeadPose(0.0, 0.0, 0.0)

Look = Callable[[Network, Image], object]


class Fed(Exception):
    """Raised in place of an answer: what was fed is all that is asked."""

    def __init__(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        self.inputs = {name: np.array(array) for name, array in inputs.items()}


def fed(look: Look, frame: Image) -> dict[str, NDArray[Any]]:
    """The inputs of the first call that `look` makes for a frame."""

    def stop(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        raise Fed(inputs)

    with pytest.raises(Fed) as seen:
        look(Answering(stop), frame)
    return seen.value.inputs


def recognise(name: str, recipe: Recipe) -> Look:
    def look(network: Network, frame: Image) -> object:
        made = Recogniser("judge@1", network, levels(name), recipe, SCALE)
        return made.embed(frame, head_mesh().fit(frame, FACE))

    return look


def head_by(make: Callable[[Network], Any]) -> Look:
    return lambda network, frame: make(network).head(frame, FACE, head_mesh().fit(frame, FACE))


def gaze_by(make: Callable[[Network], Any]) -> Look:
    return lambda network, frame: make(network).gaze(frame, FACE, head_mesh().fit(frame, FACE), AHEAD)


def body(network: Network, frame: Image) -> object:
    return BodyPose(BodyDetector(network), network).find(frame, Region(320.0, 240.0, 200.0, 0.0))


def imagenet(red: float, green: float, blue: float) -> tuple[float, float, float]:
    return ((red / 255 - 0.485) / 0.229, (green / 255 - 0.456) / 0.224, (blue / 255 - 0.406) / 0.225)


BGR = (BLUE, GREEN, RED)
RGB_SHARES = (RED / 255, GREEN / 255, BLUE / 255)
RGB_SIGNED = (RED / 127.5 - 1, GREEN / 127.5 - 1, BLUE / 127.5 - 1)

LEVELS: dict[str, tuple[Look, str, tuple[float, float, float]]] = {
    "yunet": (lambda n, f: YuNet(n, width_px=320, height_px=256).find(f), "input", BGR),
    "scrfd": (
        lambda n, f: Scrfd(n, width_px=320, height_px=256).find(f),
        "input.1",
        ((RED - 127.5) / 128, (GREEN - 127.5) / 128, (BLUE - 127.5) / 128),
    ),
    "retinaface": (
        lambda n, f: RetinaFace(n).find(f),
        "input0",
        (BLUE - 104, GREEN - 117, RED - 123),
    ),
    "blazeface-short": (lambda n, f: BlazeFace(n, SHORT_RANGE).find(f), "input", RGB_SIGNED),
    "blazeface-full": (lambda n, f: BlazeFace(n, FULL_RANGE).find(f), "input_1", RGB_SIGNED),
    "mesh": (lambda n, f: FaceMesh(n).fit(f, FACE), "input_1", RGB_SHARES),
    "mesh-478": (lambda n, f: FaceMesh(n, LANDMARKS_478).fit(f, FACE), "input_12", RGB_SHARES),
    "fsanet": (
        head_by(lambda n: FsaNet((n, n))),
        "input",
        ((BLUE - 127.5) / 128, (GREEN - 127.5) / 128, (RED - 127.5) / 128),
    ),
    "adas-head": (head_by(AdasHeadPose), "data", BGR),
    "6drepnet": (head_by(RotationHeadPose), "input", imagenet(RED, GREEN, BLUE)),
    "adas-gaze, one eye": (gaze_by(AdasGaze), "left_eye_image", BGR),
    "adas-gaze, other eye": (gaze_by(AdasGaze), "right_eye_image", BGR),
    "l2cs": (gaze_by(BinnedGaze), "input", imagenet(RED, GREEN, BLUE)),
    "iris": (gaze_by(IrisGaze), "input_1", RGB_SHARES),
    "arcface": (recognise("arcface-resnet50", ARCFACE), "input.1", RGB_SIGNED),
    "retail-0095": (recognise("face-reidentification-retail-0095", REIDENTIFICATION), "0", BGR),
    "dlib": (
        recognise("dlib-resnet", DLIB),
        "picture",
        ((RED - 122.782) / 256, (GREEN - 117.001) / 256, (BLUE - 104.298) / 256),
    ),
    "pose-detection": (lambda n, f: BodyDetector(n).find(f), "input_1", RGB_SIGNED),
    "pose-landmarks": (body, "input_1", RGB_SHARES),
    "movenet": (lambda n, f: MoveNet(n).find(f), "serving_default_input:0", (RED, GREEN, BLUE)),
    "minifasnet": (lambda n, f: Liveness((n, n), ANY).judge(f, FACE), "input", BGR),
    "yolox": (lambda n, f: ObjectDetector(n).find(f), "images", BGR),
}


def middle(array: NDArray[Any]) -> list[float]:
    """The three colours in the middle of a fed picture, whichever way its axes run."""
    picture = array[0].transpose(1, 2, 0) if array.shape[1] == 3 else array[0]
    assert picture.shape[2] == 3
    return [float(level) for level in picture[picture.shape[0] // 2, picture.shape[1] // 2]]


@pytest.mark.parametrize("name", LEVELS)
def test_a_network_is_fed_the_colours_and_levels_of_its_training(name: str) -> None:
    look, port, expected = LEVELS[name]
    assert middle(fed(look, PAINTED)[port]) == pytest.approx(expected, abs=1e-3)


def test_what_is_beside_a_frame_is_the_grey_of_yolox_training() -> None:
    images = fed(lambda n, f: ObjectDetector(n).find(f), PAINTED)["images"]
    assert images[0, :, -1, 0].tolist() == [114, 114, 114]


def area_seen_px2(shown: NDArray[Any]) -> float:
    """How much of the frame a crop shows, by the share that a white square of 60 px takes of it."""
    span = float(shown.max() - shown.min())
    return 3600.0 / float(((shown - shown.min()) / span).mean())


def with_white_square() -> Image:
    """White on the middle of the face's box, 60 px a side; all else black."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[220:280, 290:350] = 255
    return frame


@pytest.mark.parametrize(
    ("name", "side_px"),
    [
        ("mesh", 1.5 * 100),
        ("fsanet", 1.4 * 100),
        ("adas-head", 1.1 * 100),
        ("6drepnet", 1.4 * 100),
        ("l2cs", 100),
    ],
)
def test_a_crop_shows_as_much_around_the_face_as_its_network_wants(name: str, side_px: float) -> None:
    look, port, _ = LEVELS[name]
    seen = fed(look, with_white_square())[port][:, 0] if name != "mesh" else None
    if seen is None:
        seen = fed(look, with_white_square())[port][..., 0]
    assert area_seen_px2(seen) == pytest.approx(side_px * side_px, rel=0.06)


def test_each_liveness_network_sees_its_own_surroundings() -> None:
    areas: list[float] = []

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        areas.append(area_seen_px2(inputs["input"][:, 0]))
        return {"output": np.zeros((1, 3), np.float32)}

    frame = with_white_square()
    frame[0, 0] = frame[-1, -1] = 255  # so that its edges are no plain bars
    Liveness((Answering(answer), Answering(answer)), ANY).judge(frame, FACE)
    assert areas == pytest.approx([2.7 * 2.7 * 8000, 16 * 8000], rel=0.08)


def test_an_iris_a_tenth_of_the_eye_aside_looks_eighteen_degrees_aside() -> None:
    # Both look to the right of the picture; the second eye is fed mirrored.
    outline = np.zeros((71, 3), np.float32)
    outline[:16, 0] = np.linspace(12, 52, 16)
    outline[:16, 1] = 32.0
    aside = iter((0.1, -0.1))

    def answer(_: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        iris = np.array([[32 + next(aside) * 40, 32 - 0.07 * 40, 0.0]] * 5, np.float32)
        return {"output_eyes_contours_and_brows": outline, "output_iris": iris}

    mesh = head_mesh().fit(PAINTED, FACE)
    gaze = IrisGaze(Answering(answer)).gaze(PAINTED, FACE, mesh, HeadPose(5.0, -7.0, 0.0))
    assert gaze.yaw_deg == pytest.approx(-7.0 + 18.0, abs=0.1)
    assert gaze.pitch_deg == pytest.approx(5.0, abs=0.1)
