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

from models.grid import grid
from models.images import Fit, Image, cut, distinct, from_region, letterbox
from models.network import Network
from models.results import Body, Floats, Region

DETECTOR_SIDE_PX = 224
LANDMARK_SIDE_PX = 256
MIN_SCORE = 0.5
MIN_PRESENCE = 0.9
"""People score ≥0.95, an empty room up to 0.69; the detector's own score does not tell them apart."""
MIN_VISIBILITY = 0.5
MARGIN = 1.25
HEAT_WINDOW = 7
MIN_HEAT = 0.5
MAX_OVERLAP = 0.3
POINTS = 33

# Indices of the points that rules use; right and left are the candidate's.
NOSE, LEFT_MOUTH, RIGHT_MOUTH, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 9, 10, 11, 12
LEFT_EAR, RIGHT_EAR, LEFT_WRIST, RIGHT_WRIST = 7, 8, 15, 16
LEFT_INDEX, RIGHT_INDEX = 19, 20
HANDS = range(LEFT_WRIST, 23)
"""Wrists, and the knuckles of little finger, index finger and thumb."""
_CENTRE, _RIM = 33, 34
AT_MOUTH = 0.7
"""Distance of a hand's middle to mouth or chin per distance to the nearer ear: hands before the mouth have
0.45 to 0.67 (three hands of two people), one with a telephone 0.76, others at ear or temple 1.1 and more."""
CHIN_BELOW = 0.9
"""How far the chin is below the mouth, in distances from nose to mouth."""
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
        parts = [(grid(n, n, count) + np.float32(0.5)) / n for n, count in _GRIDS]
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
        visibility = 1 / (1 + np.exp(-np.clip(rows[:POINTS, 3], -80, 80)))
        return Body(
            points_px=points[:POINTS],
            visibility=visibility.astype(np.float32),
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


def visible_points(body: Body) -> int:
    """The number of visible points of the 33."""
    return int((body.visibility >= MIN_VISIBILITY).sum())


def shoulders_visible(body: Body) -> bool:
    """Whether a shoulder is visible; one is enough, because a person who turns to the side hides the
    other."""
    return bool(body.visibility[[LEFT_SHOULDER, RIGHT_SHOULDER]].max() >= MIN_VISIBILITY)


def across_head_px(points: Floats) -> float:
    """Width of the head: ear to ear or, from the side, nose to ear, whichever is longer; points (≥33, 3)."""
    nose, left, right = (points[number, :2] for number in (NOSE, LEFT_EAR, RIGHT_EAR))
    return max(float(np.linalg.norm(a - b)) for a, b in ((left, right), (nose, left), (nose, right)))


def hand_to_ear(body: Body, width_px: int, height_px: int) -> float | None:
    """The smallest distance between a point of a hand and an ear, in widths of the head.

    None when no hand is in the frame, whose size is given, or every one is at mouth or chin: a head is so
    narrow that these are near both ears.
    """
    ears = body.points_px[[LEFT_EAR, RIGHT_EAR], :2]
    hands = [hand for hand in _hands(body, width_px, height_px) if not _at_mouth(hand, body)]
    nearest_px = min((_distance_px(hand, ears) for hand in hands), default=None)
    return None if nearest_px is None else nearest_px / max(body.head_px, 1.0)


def _hands(body: Body, width_px: int, height_px: int) -> list[Floats]:
    """The points of each hand in the frame.

    A hand is its wrist, its knuckles and the middle of the index finger. The network does not give the last;
    it is taken as half the wrist-to-knuckle distance beyond the knuckle.
    """
    points, seen = body.points_px[:, :2], body.visibility >= MIN_VISIBILITY
    inside = ((points >= 0) & (points < (width_px, height_px))).all(axis=1) & seen
    hands = []
    for wrist, knuckle in ((LEFT_WRIST, LEFT_INDEX), (RIGHT_WRIST, RIGHT_INDEX)):
        hand = [points[number] for number in range(wrist, HANDS.stop, 2) if inside[number]]
        if inside[wrist] and inside[knuckle]:
            hand.append(points[knuckle] + (points[knuckle] - points[wrist]) / 2)
        if hand:
            hands.append(np.stack(hand))
    return hands


def _at_mouth(hand: Floats, body: Body) -> bool:
    """Whether a hand's middle is clearly nearer to mouth or chin than to an ear; no without a known mouth."""
    corners = [LEFT_MOUTH, RIGHT_MOUTH]
    if not body.visibility[corners].all():
        return False
    points, middle = body.points_px[:, :2], hand.mean(axis=0, keepdims=True)
    mouth = points[corners].mean(axis=0)
    chin = mouth + CHIN_BELOW * (mouth - points[NOSE])
    to_mouth_px = _distance_px(middle, np.stack([mouth, chin]))
    return to_mouth_px < AT_MOUTH * _distance_px(middle, points[[LEFT_EAR, RIGHT_EAR]])


def _distance_px(points: Floats, others: Floats) -> float:
    """The smallest distance between two sets of points."""
    return float(np.linalg.norm(points[:, None] - others[None], axis=2).min())


def _region(centre: Floats, rim: Floats) -> Region:
    """The square around the circle with this centre and a point above it, upright along that line."""
    dx, dy = float(rim[0] - centre[0]), float(rim[1] - centre[1])
    side_px = max(2 * math.hypot(dx, dy) * MARGIN, 1.0)
    return Region(float(centre[0]), float(centre[1]), side_px, math.atan2(dx, -dy))
