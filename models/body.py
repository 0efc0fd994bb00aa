"""The upper body by MediaPipe Pose (Bazarevsky et al. 2020; Apache-2.0): a detector and a landmark network.

The detector looks for the person's middle and outer circle (a face with a torso below it); the landmark
network fits 33 points into the square around that circle. While its presence flag stays high, the next frame
is examined where the points were, and the more expensive detector does not run.

Detector: 224×224 RGB −1…1, centred on black; per anchor a box and four points in input pixels, and a logit.
Landmarks: 256×256 RGB 0…1, the region upright; 39 points of x, y, z in pixels with logits of visibility and
presence, of which 33 are the body's and two say where the person is; the flag, a probability; and heat maps
of all points, 64×64 logits.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from models.figure import across_head_px
from models.grid import cells_of_grid
from models.images import Fit, Image, cut, distinct, from_region, letterbox
from models.network import Network
from models.results import Body, Floats, Region

DETECTOR_SIDE_PX = 224
LANDMARK_SIDE_PX = 256
MIN_SCORE = 0.5
MIN_PRESENCE = 0.9
"""People score ≥0.95, an empty room up to 0.69; the detector's own score does not tell them apart."""
MARGIN = 1.25
HEAT_WINDOW = 7
MIN_HEAT = 0.5
MAX_OVERLAP = 0.3
POINTS = 33

_CENTRE, _RIM = 33, 34
HEAD_PER_EARS = 1.3
"""This network's ears are inside the head's outline: MoveNet places them 1.25 to 1.4 times as far apart (nine
people)."""

# (cells per side, anchors per cell) in the order of the output.
_GRIDS = ((28, 2), (14, 2), (7, 6))


class BodyDetector:
    """Finds people, as regions for the landmark network."""

    def __init__(self, network: Network, *, min_score: float = MIN_SCORE) -> None:
        self._network = network
        self._min_score = min_score
        parts = [(cells_of_grid(n, n, count) + np.float32(0.5)) / n for n, count in _GRIDS]
        self._centres: Floats = (np.concatenate(parts) * DETECTOR_SIDE_PX).astype(np.float32)

    @property
    def device(self) -> str:
        return self._network.device

    def find(self, frame: Image) -> tuple[Region, ...]:
        """Regions of a BGR frame that may show a person, best first."""
        side_px = DETECTOR_SIDE_PX
        canvas, fit = letterbox(frame, side_px, side_px, centred=True)
        pixels = np.multiply(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB), np.float32(1 / 127.5))[None]
        answer = self._network.run({"input_1": pixels - np.float32(1)})
        logits = np.clip(answer["Identity_1"][0, :, 0], -80, 80)
        scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
        chosen = np.flatnonzero(scores >= self._min_score)
        return self._regions(answer["Identity"][0, chosen], self._centres[chosen], scores[chosen], fit)

    def _regions(self, boxes: Floats, centres: Floats, scores: Floats, fit: Fit) -> tuple[Region, ...]:
        """Overlapping detections blended by score, as turned squares around the person's circle."""
        middle, half = centres + boxes[:, :2], boxes[:, 2:4] / 2
        corners = np.concatenate([middle - half, middle + half], axis=1)
        points = fit.to_frame(centres[:, None] + boxes[:, 4:8].reshape(-1, 2, 2))
        groups = distinct(corners, scores, MAX_OVERLAP)
        blended = (np.average(points[group], axis=0, weights=scores[group]) for group in groups)
        return tuple(_region(centre, rim) for centre, rim in blended)


class BodyPose:
    """Finds the points of one seated person."""

    def __init__(
        self, detector: BodyDetector, landmarks: Network, *, min_presence: float = MIN_PRESENCE
    ) -> None:
        self._detector = detector
        self._landmarks = landmarks
        self._min_presence = min_presence

    @property
    def device(self) -> str:
        return self._landmarks.device

    def find(self, frame: Image, before: Region | None = None) -> Body | None:
        """The body in a BGR frame, or None if there is none.

        `before` is `Body.region` of the previous frame of the same stream. It is examined first, the whole
        frame only if nobody is there any more.
        """
        if before is not None:
            body = self._fit(frame, before)
            if body.presence >= self._min_presence:
                return body
        for region in self._detector.find(frame)[:1]:
            body = self._fit(frame, region)
            if body.presence >= self._min_presence:
                return body
        return None

    def _fit(self, frame: Image, region: Region) -> Body:
        chip = cv2.cvtColor(cut(frame, region, LANDMARK_SIDE_PX), cv2.COLOR_BGR2RGB)
        answer = self._landmarks.run({"input_1": np.multiply(chip, np.float32(1 / 255))[None]})
        rows = answer["Identity"].reshape(-1, 5)
        points = from_region(refined(rows[:, :3], answer["Identity_3"][0]), region, LANDMARK_SIDE_PX)
        visibility, inside = (1 / (1 + np.exp(-np.clip(rows[:POINTS, each], -80, 80))) for each in (3, 4))
        return Body(
            points_px=points[:POINTS],
            visibility=visibility.astype(np.float32),
            inside=inside.astype(np.float32),
            presence=float(answer["Identity_1"].reshape(-1)[0]),
            region=_region(points[_CENTRE, :2], points[_RIM, :2]),
            head_px=HEAD_PER_EARS * across_head_px(points),
        )


def refined(points: Floats, heat: Floats) -> Floats:
    """Points (N, 3) of the cut, moved to the nearest peak of their own heat map (side, side, N).

    As in MediaPipe: the mean position in a window of 7×7, weighted by heat, if any value in it is above one
    half. On two portraits this reduces the distance of nose, eyes and ears to MediaPipe's own result from 13
    px to 6 px.
    """
    side, reach = heat.shape[0], HEAT_WINDOW // 2
    cell_px = LANDMARK_SIDE_PX / side
    column, row = (np.floor(points[:, axis] / cell_px).astype(int) for axis in (0, 1))
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    steps = np.arange(HEAT_WINDOW)
    # A border of zeros lets the window of a point at the edge reach outside.
    padded = np.pad(heat, ((reach, reach), (reach, reach), (0, 0)), constant_values=-80.0)
    number = np.flatnonzero(inside)
    rows, columns = row[number, None, None] + steps[:, None], column[number, None, None] + steps
    warmth = 1 / (1 + np.exp(-np.clip(padded[rows, columns, number[:, None, None]], -80, 80)))
    total = warmth.sum(axis=(1, 2))
    better = points.copy()
    warm = warmth.max(axis=(1, 2)) >= MIN_HEAT
    for axis, places in ((0, columns - reach), (1, rows - reach)):
        mean = (warmth * places).sum(axis=(1, 2)) / total * cell_px
        better[number[warm], axis] = mean[warm]
    return better


def _region(centre: Floats, rim: Floats) -> Region:
    """The square around the circle with this centre and a point above it, upright along that line."""
    dx, dy = float(rim[0] - centre[0]), float(rim[1] - centre[1])
    side_px = max(2 * math.hypot(dx, dy) * MARGIN, 1.0)
    return Region(float(centre[0]), float(centre[1]), side_px, math.atan2(dx, -dy))
