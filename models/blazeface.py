"""Faces by MediaPipe's BlazeFace (Bazarevsky et al. 2019; Apache-2.0), each confirmed by the face mesh.

Alone it reports false faces, such as a bare hand; a detection counts only if the mesh also finds a face
there. Input: the frame centred on a black square, RGB −1…1. Each anchor gives a box and six points in input
pixels from its cell's centre, and a logit. Detections that overlap are blended by score, as MediaPipe does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from models.grid import cells_of_grid
from models.images import Image, distinct, letterbox
from models.mesh import MIN_PRESENCE, FaceMesh, bounds, landmarks
from models.network import Network
from models.results import Box, Face, Floats, Mesh

MAX_OVERLAP = 0.3
MIN_SCORE = 0.4
"""MediaPipe's 0.5 misses a head turned by 60° in 16 of 38 frames, this value in 4. The mesh confirms each
detection: this value added no false face in 53 pictures and 1,000 frames of 20 films of people, bare hands
and rooms that people leave."""
BLENDED_SCORE = 0.5
"""A less certain detection is used only where there is no more certain one; it does not move one."""
COARSE_PX = 24
"""Below this size in the network's own picture a box is inexact: 60 px of 1280 are 9 px there."""
CLOSER_FITS = 2
"""For such a face the mesh is fitted again at its own result, as MediaPipe tracks a face through frames. Of
176 looks at six people with faces 50 to 90 px wide, the recogniser took 16 for strangers after one fit and 3
after the last; the error of the worst point was below 0.20 and 0.024 face widths in nine of ten."""

NOSE_REACH = 1.4
"""Distance from the line of the ears to the tip of the nose, as a multiple of the height from eyes to mouth.
Real heads turned by 35 to 55° (as judged by people) give 0.98 to 1.26 of it, one turned by 12 to 35° 0.35 to
0.58, frontal ones up to 0.38; pictures turned by 60° 0.93 to 1.18 (nine of eleven found)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the networks of the family."""

    side_px: int
    input: str
    boxes: str
    scores: str
    grids: tuple[tuple[int, int], ...]
    """(cells per side, anchors per cell), in the order of the output."""


SHORT_RANGE = Variant(
    side_px=128, input="input", boxes="regressors", scores="classificators", grids=((16, 2), (8, 6))
)
"""For a face within two metres of the camera."""
FULL_RANGE = Variant(side_px=192, input="input_1", boxes="Identity", scores="Identity_1", grids=((48, 1),))
"""For faces up to five metres away."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A detection before its confirmation."""

    box: Box
    points_px: Floats
    """(6, 2): right eye, left eye, nose tip, mouth, right ear, left ear."""
    score: float


class BlazeFace:
    """The network's detections, including false faces."""

    def __init__(
        self, network: Network, variant: Variant = SHORT_RANGE, *, min_score: float = MIN_SCORE
    ) -> None:
        self._network = network
        self._variant = variant
        self._min_score = min_score
        parts = [(cells_of_grid(n, n, count) + np.float32(0.5)) / n for n, count in variant.grids]
        self._centres = np.concatenate(parts) * variant.side_px

    @property
    def device(self) -> str:
        return self._network.device

    def is_coarse(self, frame: Image, box: Box) -> bool:
        """Whether a detection in this frame is too small to be boxed well."""
        longer_px: int = max(frame.shape[:2])
        scale = self._variant.side_px / longer_px
        return max(box.width_px, box.height_px) * scale < COARSE_PX

    def find(self, frame: Image) -> tuple[Detection, ...]:
        """Possible faces in a BGR frame, best first."""
        side_px = self._variant.side_px
        canvas, fit = letterbox(frame, side_px, side_px, centred=True)
        pixels = np.multiply(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB), np.float32(1 / 127.5))[
            None
        ] - np.float32(1)
        answer = self._network.run({self._variant.input: pixels})
        logits = np.clip(answer[self._variant.scores][0, :, 0], -80, 80)
        scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
        chosen = np.flatnonzero(scores >= self._min_score)
        boxes, centres, scores = answer[self._variant.boxes][0, chosen], self._centres[chosen], scores[chosen]
        middle, half = centres + boxes[:, :2], boxes[:, 2:4] / 2
        points = np.stack([middle - half, middle + half], axis=1)
        points = fit.to_frame(
            np.concatenate([points, centres[:, None] + boxes[:, 4:].reshape(-1, 6, 2)], axis=1)
        )
        groups = distinct(points[:, :2].reshape(-1, 4), scores, MAX_OVERLAP)
        surer = ([i for i in group if scores[i] >= min(BLENDED_SCORE, scores[group[0]])] for group in groups)
        return tuple(_blend(points[group], scores[group]) for group in surer)


def _blend(points: Floats, scores: Floats) -> Detection:
    """One detection from several that overlap: corners and points (N, 8, 2) weighted by score."""
    mean = np.average(points, axis=0, weights=scores).astype(np.float32)
    width_px, height_px = (float(value) for value in mean[1] - mean[0])
    return Detection(
        Box(float(mean[0, 0]), float(mean[0, 1]), width_px, height_px), mean[2:], float(scores.max())
    )


class ConfirmedBlazeFace:
    """BlazeFace with each detection confirmed by the mesh."""

    def __init__(self, detector: BlazeFace, mesh: FaceMesh, *, min_presence: float = MIN_PRESENCE) -> None:
        self._detector = detector
        self._mesh = mesh
        self._min_presence = min_presence

    @property
    def device(self) -> str:
        return self._detector.device

    def find(self, frame: Image) -> tuple[Face, ...]:
        """All faces of a BGR frame, best first, each with its mesh; box and landmarks are the mesh's."""
        faces = []
        for candidate in self._detector.find(frame):
            mesh = self._fit(frame, candidate)
            if mesh.presence >= self._min_presence:
                turn_deg = turn_of(candidate.points_px)
                faces.append(Face(bounds(mesh), landmarks(mesh), candidate.score, mesh, turn_deg))
        return tuple(faces)

    def _fit(self, frame: Image, candidate: Detection) -> Mesh:
        """The mesh of a detection; for a coarse one it is fitted again. The mesh of a false face stays
        unchanged."""
        mesh = self._mesh.fit(frame, Face(candidate.box, candidate.points_px, candidate.score))
        for _ in range(CLOSER_FITS if self._detector.is_coarse(frame, candidate.box) else 0):
            if mesh.presence < self._min_presence:
                break
            mesh = self._mesh.fit(frame, Face(bounds(mesh), landmarks(mesh), candidate.score))
        return mesh


def turn_of(points_px: Floats) -> float:
    """Yaw, with our sign, from BlazeFace's six points (6, 2): how far the nose is to the side.

    The tip of the nose is `NOSE_REACH` in front of the line of the ears; a turned head shows the sine of
    that.
    """
    right_eye, left_eye, nose, mouth, right_ear, left_ear = points_px.astype(np.float64)
    down = mouth - (right_eye + left_eye) / 2
    height_px = max(float(np.linalg.norm(down)), 1e-6)
    across = np.array([down[1], -down[0]]) / height_px
    offset = float((nose - (right_ear + left_ear) / 2) @ across) / height_px
    return math.degrees(math.asin(max(-1.0, min(1.0, offset / NOSE_REACH))))
