"""Pictures of people for tests: two from inside locked packages, and the media collection where it is."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.images import Image
from models.yunet import YuNet
from tests.support.weights import network

LOOKS_INTO_THE_CAMERA = (
    "faces/obama/obama_wh2012.jpg",
    "faces/obama/obama_transition2009.jpg",
    "faces/obama/obama_poster2008.jpg",
    "faces/ms_dad/dad1.jpg",
    "faces/ms_dad/dad2.jpg",
    "faces/ms_lady/lady1.jpg",
    "faces/ms_lady/lady2.jpg",
    "faces/ms_lady/lady3.jpg",
    "faces/single/ms_detection1.jpg",
    "faces/single/google_p2.jpg",
    "faces/single/google_p3.jpg",
    "faces/single/google_p4.jpg",
    "faces/single/google_p5.jpg",
)
"""Of the media collection."""


def collins() -> Image:
    """Eileen Collins, NASA portrait in the public domain, 512×512 BGR (scikit-image's astronaut)."""
    return _collins().copy()


def hopper() -> Image:
    """Grace Hopper, US Navy portrait in the public domain, 600×512 BGR (matplotlib's sample)."""
    return _hopper().copy()


@cache
def _collins() -> Image:
    return read(_inside("skimage", "data/astronaut.png"))


@cache
def _hopper() -> Image:
    return read(_inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"))


def _inside(package: str, member: str) -> Path:
    """A file of an installed package, without the seconds of importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.origin).parent / member


def read(path: Path) -> Image:
    """A picture file as BGR. Fails the test when it cannot be read."""
    picture = cv2.imread(str(path))
    if picture is None:
        pytest.fail(f"{path} is no picture")
    return picture.astype(np.uint8, copy=False)


def media(name: str) -> Path:
    """A file of the media collection; skips loudly where the collection is not at hand."""
    folder = os.environ.get("PROCTOR_MEDIA")
    if not folder:
        pytest.skip(f"PROCTOR_MEDIA is not set: {name} is missing")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"{path} is missing")
    return path


def frames(path: Path, *, every: int = 1) -> list[Image]:
    """Every `every`-th frame of a recording, BGR."""
    recording = cv2.VideoCapture(str(path))
    found: list[Image] = []
    number = 0
    while recording.grab():
        if number % every == 0:
            found.append(recording.retrieve()[1].astype(np.uint8, copy=False))
        number += 1
    assert found, f"{path} holds no picture"
    return found


def mirrored(picture: Image) -> Image:
    """As in a mirror."""
    return np.ascontiguousarray(picture[:, ::-1])


def as_by_webcam(picture: Image, *, seed: int = 1) -> Image:
    """Another shot of the same scene: nearer, tilted, darker, noisy and compressed."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 4.0, 1.15)
    shot = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    noise = np.random.default_rng(seed).normal(0.0, 4.0, shot.shape)
    dimmed = np.clip(shot * 0.85 - 5 + noise, 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", dimmed, [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return unpacked.astype(np.uint8, copy=False)


def with_face_of(width_px: int, picture: Image) -> Image:
    """The picture made so small that its face is this wide."""
    share = width_px / YuNet(network("yunet"), width_px=320, height_px=256).find(picture)[0].box.width_px
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
