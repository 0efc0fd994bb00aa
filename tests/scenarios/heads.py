"""Turns heads and eyes in real pictures, where no footage of it is at hand.

A head is taken for an ellipsoid that carries the picture's own pixels: turned, it shows them from another
side, and where it has none it stretches those of its edge. Eyes are moved inside the eyelids. Rough, but the
networks that measure directions are asked, not people: what they say of such pictures is in the tests. The
ellipsoid has no nose, so that all of them read its turns too small alike: 10° as 4° to 6°, 40° as 17° to 31°.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import radians

import cv2
import numpy as np
from numpy.typing import NDArray

from models.manifest import Profile
from models.results import Mesh
from models.serving import Serving
from models.store import Store
from tests.scenarios.performers import Image

Floats = NDArray[np.float32]
Fit = Callable[[Image], Mesh]
"""The mesh of a picture's face."""

_RIGHT_EYE, _LEFT_EYE = (33, 133), (362, 263)
"""Corners of the eyes in MediaPipe's mesh, in the picture from left to right."""
_SHORTEST_DEG = 0.5


@dataclass(frozen=True, slots=True)
class Turn:
    """Degrees in the signs of `shared.observations`: pitch + up, yaw + towards the candidate's left."""

    pitch_deg: float = 0.0
    yaw_deg: float = 0.0


def turned(picture: Image, mesh: Mesh, turn: Turn) -> Image:
    """The picture with its head turned."""
    if max(abs(turn.pitch_deg), abs(turn.yaw_deg)) < _SHORTEST_DEG:
        return picture
    left, top = mesh.points_px[:, :2].min(axis=0)
    right, bottom = mesh.points_px[:, :2].max(axis=0)
    across, down = (right - left) * 0.62, (bottom - top) * 0.72
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2 - 0.12 * (bottom - top)
    rows, columns = np.indices(picture.shape[:2], np.float32)
    u, v = (columns - middle_x) / across, (rows - middle_y) / down
    inside = u * u + v * v < 1
    w = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
    u, v = _seen_from_ahead(u, v, w, turn)
    source_x = np.where(inside, middle_x + across * u, columns).astype(np.float32)
    source_y = np.where(inside, middle_y + down * v, rows).astype(np.float32)
    moved = cv2.remap(picture, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # A soft outline: the head's edge is hair, not a cut.
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.0)[:, :, None]
    return np.asarray(moved * share + picture * (1 - share), np.uint8)


def _seen_from_ahead(u: Floats, v: Floats, w: Floats, turn: Turn) -> tuple[Floats, Floats]:
    """Where points of the turned unit sphere were before it was turned; u right, v down, w to the camera."""
    yaw, pitch = radians(turn.yaw_deg), radians(turn.pitch_deg)
    u, w = u * np.cos(yaw) - w * np.sin(yaw), u * np.sin(yaw) + w * np.cos(yaw)
    v, w = v * np.cos(pitch) + w * np.sin(pitch), w * np.cos(pitch) - v * np.sin(pitch)
    # What was behind shows the outline's pixels, a little inside so that no background is taken.
    behind = w < 0
    length = np.maximum(np.sqrt(u * u + v * v), 1e-6)
    edge = np.where(behind, 0.97 / length, 0.97).astype(np.float32)
    return u * edge, v * edge


def eyes_turned(picture: Image, mesh: Mesh, turn: Turn) -> Image:
    """The picture with its eyes looking aside in a head that stays."""
    result = picture
    for corners in (_RIGHT_EYE, _LEFT_EYE):
        outer, inner = (mesh.points_px[corner, :2] for corner in corners)
        result = _eye_turned(result, outer, inner, turn)
    return result


def _eye_turned(picture: Image, one: Floats, other: Floats, turn: Turn) -> Image:
    half = float(np.linalg.norm(other - one)) / 2
    centre = (one + other) / 2
    # An eyeball's radius is about 0.4 of the eye's opening, corner to corner.
    shift_x, shift_y = (0.8 * half * np.sin(radians(each)) for each in (turn.yaw_deg, -turn.pitch_deg))
    rows, columns = np.indices(picture.shape[:2], np.float32)
    u, v = (columns - centre[0]) / (1.15 * half), (rows - centre[1]) / (0.62 * half)
    weight = np.clip(1 - u * u - v * v, 0, 1) ** 0.7
    source_x = (columns - shift_x * weight).astype(np.float32)
    source_y = (rows - shift_y * weight).astype(np.float32)
    return np.asarray(cv2.remap(picture, source_x, source_y, cv2.INTER_CUBIC), np.uint8)


def fitter() -> Fit:
    """Fits meshes with the networks at hand. Raises `Unavailable` without them."""
    served = Serving(Store.here(), Profile.OPEN)
    faces, meshes = served.face_detector(), served.face_mesh()

    def fit(picture: Image) -> Mesh:
        face = max(faces.find(picture), key=lambda each: each.box.area_px2)
        return face.mesh or meshes.fit(picture, face)

    return fit
