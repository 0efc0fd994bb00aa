"""Geometry of the boxes around faces. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable

from shared.observations import Box, FaceSeen

SAME_FACE_OVERLAP = 0.5
"""Two boxes that overlap by more than half of the smaller one are one face found twice."""
FOLLOWED_OVERLAP = 0.3
"""The boxes of one face in two looks overlap by more than this share of their union."""


def smaller_side_px(face: FaceSeen) -> float:
    """The shorter side of a face's box."""
    return min(face.box.width_px, face.box.height_px)


def distinct_faces(faces: Iterable[FaceSeen]) -> list[FaceSeen]:
    """Faces without duplicates, the most certain first."""
    kept: list[FaceSeen] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(common_share(face.box, other.box) <= SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept


def common_share(box: Box, other: Box) -> float:
    """Intersection as a share of the smaller box."""
    width_px = min(box.x_px + box.width_px, other.x_px + other.width_px) - max(box.x_px, other.x_px)
    height_px = min(box.y_px + box.height_px, other.y_px + other.height_px) - max(box.y_px, other.y_px)
    smaller_px2 = min(box.area_px2, other.area_px2)
    if width_px <= 0 or height_px <= 0 or smaller_px2 <= 0:
        return 0.0
    return width_px * height_px / smaller_px2


def overlap(box: Box, other: Box) -> float:
    """Intersection as a share of the union."""
    common_px2 = common_share(box, other) * min(box.area_px2, other.area_px2)
    return common_px2 / (box.area_px2 + other.area_px2 - common_px2) if common_px2 else 0.0


def middle(box: Box) -> tuple[float, float]:
    """x and y of a box's centre, in pixels."""
    return box.x_px + box.width_px / 2, box.y_px + box.height_px / 2


def holds(box: Box, point: tuple[float, float]) -> bool:
    """Whether a point lies in a box."""
    x, y = point
    return box.x_px <= x <= box.x_px + box.width_px and box.y_px <= y <= box.y_px + box.height_px


def followed(last: Box | None, faces: Iterable[FaceSeen]) -> FaceSeen | None:
    """The face that overlaps the last box most; None if none overlaps it by more than FOLLOWED_OVERLAP."""
    if last is None:
        return None
    best = max(faces, key=lambda face: overlap(last, face.box), default=None)
    return best if best is not None and overlap(last, best.box) > FOLLOWED_OVERLAP else None


def largest(faces: Iterable[FaceSeen]) -> FaceSeen | None:
    """The face with the largest box."""
    return max(faces, key=lambda face: face.box.area_px2, default=None)
