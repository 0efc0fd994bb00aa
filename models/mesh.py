"""The 468 points of a face by MediaPipe's face mesh networks (Apache-2.0), and measurements from them.

Input: the face turned upright by the line of its eyes, 1.5 times the detected square, RGB 0…1.
Output: x, y, z in pixels of that cut, and a logit of presence, which also distinguishes a hand from a face.
The newer network adds ten points of the irises, which are left out here; recognisers give the same result
with either mesh (cosines of 0.98, dlib's distance 0.14 at most on two portraits).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Image, cut, from_region
from models.network import Network
from models.results import Box, Face, Floats, Mesh, Region

POINTS = 468
MARGIN = 1.5
MIN_PRESENCE = 0.6
"""False faces reach 0.54 (once; otherwise 0.12), faces in webcam pictures are as low as 0.77."""

# Point numbers of MediaPipe's canonical face model. Right and left are the candidate's.
RIGHT_EYE = (33, 160, 158, 133, 153, 144)
LEFT_EYE = (263, 387, 385, 362, 380, 373)
"""Outer corner, two points of the upper lid, inner corner, two of the lower lid from the inside out."""
NOSE_TIP = 1
MOUTH_CORNERS = (61, 291)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshVariant:
    """One of the networks of the family: side of its input, and the names of its input and outputs."""

    side_px: int
    input: str
    points: str
    presence: str


LANDMARKS_468 = MeshVariant(side_px=192, input="input_1", points="conv2d_21", presence="conv2d_31")
LANDMARKS_478 = MeshVariant(side_px=256, input="input_12", points="Identity", presence="Identity_1")


class FaceMesh:
    """Fits the mesh to a face that a detector has found."""

    def __init__(self, network: Network, variant: MeshVariant = LANDMARKS_468) -> None:
        self._network = network
        self._variant = variant

    @property
    def device(self) -> str:
        return self._network.device

    def fit(self, frame: Image, face: Face) -> Mesh:
        """The mesh of one face in the frame; check its presence before use."""
        return self.fit_region(frame, face_region(face))

    def fit_region(self, frame: Image, region: Region) -> Mesh:
        """The mesh inside a region that should show one upright face."""
        side_px = self._variant.side_px
        chip = cv2.cvtColor(cut(frame, region, side_px), cv2.COLOR_BGR2RGB)
        answer = self._network.run({self._variant.input: np.multiply(chip, np.float32(1 / 255))[None]})
        points = from_region(answer[self._variant.points].reshape(-1, 3)[:POINTS], region, side_px)
        logit = float(answer[self._variant.presence].reshape(-1)[0])
        return Mesh(points, 1 / (1 + math.exp(-max(-50.0, min(50.0, logit)))))


def face_region(face: Face) -> Region:
    """The region the mesh network needs: around the box, upright by the eyes."""
    right_eye, left_eye = face.landmarks_px[0], face.landmarks_px[1]
    turn_rad = math.atan2(float(left_eye[1] - right_eye[1]), float(left_eye[0] - right_eye[0]))
    box = face.box
    side_px = max(box.width_px, box.height_px) * MARGIN
    return Region(box.x_px + box.width_px / 2, box.y_px + box.height_px / 2, side_px, turn_rad)


def landmarks(mesh: Mesh) -> Floats:
    """(5, 2): right eye, left eye, nose tip, corners of the mouth: a detector's five points, but more
    exact."""
    points = mesh.points_px[:, :2]
    eyes = [points[[eye[0], eye[3]]].mean(0) for eye in (RIGHT_EYE, LEFT_EYE)]
    return np.stack([*eyes, points[NOSE_TIP], points[MOUTH_CORNERS[0]], points[MOUTH_CORNERS[1]]])


def bounds(mesh: Mesh) -> Box:
    """The upright rectangle around all points: chin to forehead, ear to ear."""
    low, high = mesh.points_px[:, :2].min(0), mesh.points_px[:, :2].max(0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def eye_aspect_ratio(mesh: Mesh) -> float:
    """Mean opening of both eyes, height over width (Soukupová, Čech 2016), in three dimensions.

    Compare it with the person's own median: this mesh shows closed lids half open, at 0.60 to 0.78 of the
    value of the same eyes when open (0.27 to 0.33; six people).
    """
    return (_opening(mesh, RIGHT_EYE) + _opening(mesh, LEFT_EYE)) / 2


def _opening(mesh: Mesh, eye: tuple[int, ...]) -> float:
    outer, upper_outer, upper_inner, inner, lower_inner, lower_outer = (mesh.points_px[i] for i in eye)
    width_px = float(np.linalg.norm(outer - inner))
    height_px = float(np.linalg.norm(upper_outer - lower_outer) + np.linalg.norm(upper_inner - lower_inner))
    return height_px / (2 * max(width_px, 1e-6))
