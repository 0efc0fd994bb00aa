"""Measures a found body: which points are visible, the width of the head, hands beside an ear. Pure."""

from __future__ import annotations

import numpy as np

from models.results import Body, Floats

MIN_VISIBILITY = 0.5
MIN_INSIDE = 0.9
"""Of the wrist of a hand. Hands at a head have 0.99 and more in any light (three people); those that the
network guesses beside a head that fills the picture reach 0.70, and count as visible as real ones."""

# Indices of the points that rules use; right and left are the candidate's.
NOSE, LEFT_MOUTH, RIGHT_MOUTH, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 9, 10, 11, 12
LEFT_EAR, RIGHT_EAR, LEFT_WRIST, RIGHT_WRIST = 7, 8, 15, 16
LEFT_INDEX, RIGHT_INDEX = 19, 20
HANDS = range(LEFT_WRIST, 23)
"""Wrists, and the knuckles of little finger, index finger and thumb."""
AT_MOUTH = 0.7
"""Distance of a hand's middle to mouth or chin per distance to the nearer ear: hands before the mouth have
0.45 to 0.67 (three hands of two people), one with a telephone 0.76, others at ear or temple 1.1 and more."""
CHIN_BELOW = 0.9
"""How far the chin is below the mouth, in distances from nose to mouth."""


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
        if hand and body.inside[wrist] >= MIN_INSIDE:
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
