"""Eyes that can be seen, and covers over them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.adas_gaze import eye_regions
from models.eyes import OpenEyes, hidden
from models.images import Image
from models.mesh import FaceMesh
from models.mesh_pose import MeshPose
from models.results import Mesh
from models.serving import Serving
from models.yunet import YuNet
from tests.scenarios.heads import Turn, eyes_turned, turned
from tests.scenarios.performers import media_folder, performers
from tests.support.people import collins, frames, hopper, media, read
from tests.support.weights import PROFILE, network, store

pytestmark = pytest.mark.weights

COVERS = ("black glasses", "mirroring glasses", "skin", "hair")


def fit(picture: Image) -> Mesh:
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    return FaceMesh(network("mediapipe-face-mesh")).fit(picture, face)


def unseen(picture: Image) -> bool:
    face = YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0]
    mesh = FaceMesh(network("mediapipe-face-mesh")).fit(picture, face)
    return hidden(picture, mesh, MeshPose().head(picture, face, mesh))


def covered(picture: Image, how: str) -> Image:
    """The picture with something before both eyes."""
    mesh = fit(picture)
    mask = np.zeros(picture.shape[:2], np.float32)
    for eye in eye_regions(mesh):
        side, angle_deg = eye.side_px / 0.6, math.degrees(eye.angle_rad)
        centre = (eye.centre_x_px, eye.centre_y_px - (0.2 * side if how == "hair" else 0.0))
        size = (0.9 * side, 1.1 * side) if how == "hair" else (0.85 * side, 0.62 * side)
        cv2.ellipse(mask, (centre, size, angle_deg), 1.0, -1)
    share = cv2.GaussianBlur(mask, (0, 0), side / 40)[..., None]
    filling = _filling(picture, mesh, how, side) + np.random.default_rng(1).normal(0, 2, picture.shape)
    return np.clip(picture * (1 - share) + filling * share, 0, 255).astype(np.uint8)


def _filling(picture: Image, mesh: Mesh, how: str, side: float) -> NDArray[np.float64]:
    rows, columns = np.indices(picture.shape[:2], np.float64)
    if how == "black glasses":
        return np.full(picture.shape, 22.0)
    if how == "mirroring glasses":
        bands = 60 + 30 * np.sin((columns + 0.3 * rows) * 3 / side)
        return np.repeat(bands[..., None], 3, axis=2)
    if how == "hair":
        chance = np.random.default_rng(2).normal(0, 1, picture.shape[:2])
        strands = np.asarray(cv2.GaussianBlur(chance, (0, 0), sigmaX=side / 50, sigmaY=side / 4), np.float64)
        hair: NDArray[np.float64] = np.array([20, 28, 40]) + (strands / strands.std())[..., None] * 12
        return hair
    x, y = (round(float(value)) for value in mesh.points_px[4, :2])
    return np.broadcast_to(picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0), picture.shape)


@pytest.mark.parametrize("portrait", [collins(), hopper()], ids=["collins", "hopper"])
def test_open_eyes_are_seen(portrait: Image) -> None:
    assert not unseen(portrait)


@pytest.mark.parametrize("how", COVERS)
def test_covered_eyes_are_not(how: str) -> None:
    assert unseen(covered(collins(), how))


PEOPLE = (
    "faces/obama/obama_wh2012.jpg",
    "faces/obama/obama_transition2009.jpg",
    "faces/ms_dad/dad1.jpg",
    "faces/ms_lady/lady1.jpg",
    "faces/single/google_p2.jpg",
    "faces/single/google_p3.jpg",
    "faces/single/google_p4.jpg",
    "faces/single/google_p5.jpg",
    "faces/single/ms_detection1.jpg",
    "pose/open_desk_woman_f18.jpg",
)


@pytest.mark.media
def test_everybodys_open_eyes_are_seen_also_behind_clear_glasses() -> None:
    assert [name for name in PEOPLE if unseen(read(media(name)))] == []


@pytest.mark.media
@pytest.mark.parametrize("how", COVERS)
def test_most_covers_are_found(how: str) -> None:
    found = [unseen(covered(read(media(name)), how)) for name in PEOPLE]
    assert sum(found) >= 0.8 * len(found)


@pytest.mark.media
@pytest.mark.parametrize("name", ["bbaf2n", "brbk7n", "lbax4n", "lrwp9a", "pwij3p"])
def test_people_who_talk_and_blink_are_seen_most_of_the_time(name: str) -> None:
    looks = [unseen(frame) for frame in frames(media(f"video/open_grid_{name}.mpg"), every=6)]
    assert sum(looks) <= 3


@pytest.mark.media
def test_eyes_that_look_aside_stay_seen_in_a_head_that_turns_with_them() -> None:
    media("video")
    for performer in performers(media_folder(), 1)[:6]:
        view = performer.view(0.0)
        mesh = fit(view)
        for side in (-1, 1):
            eyes = eyes_turned(view, mesh, Turn(yaw_deg=45 * side))
            assert not unseen(turned(eyes, mesh, Turn(yaw_deg=39 * side)))


def test_of_eyes_that_cannot_be_seen_no_direction_is_told() -> None:
    serving = Serving(store(), PROFILE)
    eyes, heads = OpenEyes(serving.gaze()), serving.head_pose()
    for picture, known in ((collins(), True), (covered(collins(), "black glasses"), False)):
        face = serving.face_detector().find(picture)[0]
        mesh = face.mesh or serving.face_mesh().fit(picture, face)
        gaze = eyes.gaze(picture, face, mesh, heads.head(picture, face, mesh))
        assert (gaze is not None) is known
