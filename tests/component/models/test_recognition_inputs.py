"""Recognisers against embeddings made step by step as their publications say, without the code's recipes.

In wrong colours or from a wrong template a recogniser still tells two faces apart, a little worse, and only
calibration and strangers would notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.images import Image
from models.recognition import ARCFACE, DLIB, REIDENTIFICATION, Recipe, Recogniser
from models.results import Floats, Mesh
from tests.support.detectors import detector, face_mesh
from tests.support.people import collins, hopper
from tests.support.recognisers import SCALE, levels
from tests.support.weights import network

pytestmark = pytest.mark.weights

# Numbers of the face mesh: corners of the right and of the left eye, tip and base of the nose, mouth.
EYES, NOSE_TIP, NOSE_BASE, MOUTH = ((33, 133), (362, 263)), 1, 2, (61, 291)


@dataclass(frozen=True, slots=True)
class Published:
    """A recogniser by its publication: where five points land, and what is done to levels 0…255."""

    recipe: Recipe
    side_px: int
    places_px: Sequence[tuple[float, float]]
    rgb: bool
    mean: tuple[float, float, float]
    divisor: float
    port: str


PUBLISHED = {
    # insightface: the template of its training crops.
    "arcface-mobilefacenet-dequantised": Published(
        ARCFACE,
        112,
        ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)),
        rgb=True,
        mean=(127.5, 127.5, 127.5),
        divisor=127.5,
        port="input.1",
    ),
    # Open Model Zoo: the model card's shares of the side.
    "face-reidentification-retail-0095": Published(
        REIDENTIFICATION,
        128,
        [
            (128 * x, 128 * y)
            for x, y in (
                *((0.31556875, 0.46157410), (0.68262291, 0.46157410), (0.50026249, 0.64050537)),
                *((0.34947187, 0.82469198), (0.65343645, 0.82469198)),
            )
        ],
        rgb=False,
        mean=(0.0, 0.0, 0.0),
        divisor=1.0,
        port="0",
    ),
    # dlib: its mean face with a padding of a quarter, here 1.08 times as large about the middle.
    "dlib-resnet": Published(
        DLIB,
        150,
        [
            (75 + 1.08 * (x - 75), 75 + 1.08 * (y - 75))
            for x, y in ((37.2, 46.6), (58.5, 48.2), (89.6, 48.2), (110.9, 46.6), (74.0, 87.8))
        ],
        rgb=True,
        mean=(122.782, 117.001, 104.298),
        divisor=256.0,
        port="picture",
    ),
}


def places(name: str, mesh: Mesh) -> Floats:
    points = mesh.points_px[:, :2]
    if name == "dlib-resnet":
        return points[[*EYES[0], *EYES[1], NOSE_BASE]]
    return np.stack([*(points[list(eye)].mean(0) for eye in EYES), *points[[NOSE_TIP, *MOUTH]]])


def aligned(picture: Image, points: Floats, published: Published) -> NDArray[np.float64]:
    """The chip (side, side, 3), by the least squares of x' = ax − by + c, y' = bx + ay + d."""
    x, y = points.astype(np.float64).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    wanted = np.array(published.places_px).T.reshape(-1)
    a, b, c, d = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    size = (published.side_px, published.side_px)
    return cv2.warpAffine(picture, np.array([[a, -b, c], [b, a, d]]), size).astype(np.float64)


def reference(name: str, picture: Image, mesh: Mesh) -> NDArray[np.float64]:
    """The embedding as published, of length one."""
    published = PUBLISHED[name]
    chip = aligned(picture, places(name, mesh), published)
    levels = ((chip[..., ::-1] if published.rgb else chip) - published.mean) / published.divisor
    shown = [levels, levels[:, ::-1]] if name == "dlib-resnet" else [levels]
    fed = [np.ascontiguousarray(each.transpose(2, 0, 1)[None], np.float32) for each in shown]
    answers = [next(iter(network(name).run({published.port: each}).values())).reshape(-1) for each in fed]
    mean = np.mean(np.array(answers, np.float64), axis=0)
    unit: NDArray[np.float64] = mean / np.linalg.norm(mean)
    return unit


# Hopper's face shrinks to less than half for the smallest chip, and the code averages its pixels first.
@pytest.mark.parametrize(("who", "least_cosine"), [("collins", 0.9999), ("hopper", 0.99)])
@pytest.mark.parametrize("name", PUBLISHED)
def test_an_embedding_is_the_one_its_publication_describes(name: str, who: str, least_cosine: float) -> None:
    picture = collins() if who == "collins" else hopper()
    (face,) = detector("blazeface-full-sparse").find(picture)
    mesh = face.mesh or face_mesh().fit(picture, face)
    judge = Recogniser(f"{name}@1", network(name), levels(name), PUBLISHED[name].recipe, SCALE)
    expected = reference(name, picture, mesh)
    vector = judge.embed(picture, mesh).vector[: expected.size].astype(np.float64)
    assert float(vector @ expected / np.linalg.norm(vector)) > least_cosine
