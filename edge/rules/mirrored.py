"""Tells whether a face moves only as another one does: as its mirror image. Pure.

Where a mirror hangs decides how far its image moves and to which side, so a straight line is fitted for each
direction. Two people may lean the same way once; they do not for long, and not to a hundredth of a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

Beside = tuple[float, float, float, float]
"""Middle of the first face, x and y, and of the other one at the same time; pixels."""

MAX_LOOKS = 50
SPACING_S = 0.4
"""At least this much between two looks: twenty seconds of them."""
LEAST_LOOKS, LEAST_RETURNS = 25, 4
"""A mirror image is proved by that many looks in which the first face went there and back so often."""
ROUGHLY = 0.4
"""Of a talking face detectors find the place by what they see of the mouth, also in a mirror: in 24 s of film
straight lines explain 0.6 of its movement, and below 0.1 of that of another person who talks."""
EXPLAINED = 0.9
"""Share of the other's movement, squared, that the line must explain."""
REST_SHARE, REST_PX = 0.008, 0.2
"""How far the other may lie from the line: share of its width, and pixels beside."""


def is_mirrored(looks: Sequence[Beside], width_px: float) -> bool:
    """Whether all movement of the other face, which is so wide, follows from that of the first; true also of
    one that has hardly moved yet."""
    rest_px = REST_SHARE * width_px + REST_PX
    moved = (axis for axis in (0, 1) if _spread([look[axis + 2] for look in looks]) > rest_px)
    return all(_follows(looks, axis, rest_px) for axis in moved)


def is_proved(looks: Sequence[Beside], *, alike: bool = False) -> bool:
    """Whether the first face moved often enough for that to be no chance. Of a face that is `alike` it is
    enough that it follows roughly."""
    if len(looks) < LEAST_LOOKS or (alike and _explained(looks) < ROUGHLY):
        return False
    return max(_returns([look[axis] for look in looks]) for axis in (0, 1)) >= LEAST_RETURNS


def _follows(looks: Sequence[Beside], axis: int, rest_px: float) -> bool:
    rest, total = _fitted(looks, axis)
    return rest <= (1 - EXPLAINED) * total and rest / len(looks) <= rest_px * rest_px


def _explained(looks: Sequence[Beside]) -> float:
    """Share of the other's movement in both directions that straight lines explain."""
    fits = [_fitted(looks, axis) for axis in (0, 1)]
    total = sum(each for _, each in fits)
    return 1 - sum(rest for rest, _ in fits) / total if total else 0.0


def _fitted(looks: Sequence[Beside], axis: int) -> tuple[float, float]:
    """The other's squared movement that a straight line leaves, and all of it."""
    first, other = [look[axis] for look in looks], [look[axis + 2] for look in looks]
    first_mean, other_mean = fmean(first), fmean(other)
    own = sum((value - first_mean) ** 2 for value in first)
    slope = sum((a - first_mean) * (b - other_mean) for a, b in zip(first, other, strict=True))
    slope = slope / own if own else 0.0
    left = (b - other_mean - slope * (a - first_mean) for a, b in zip(first, other, strict=True))
    return sum(value * value for value in left), sum((value - other_mean) ** 2 for value in other)


def _spread(values: Sequence[float]) -> float:
    return max(values, default=0.0) - min(values, default=0.0)


def _returns(values: Sequence[float]) -> int:
    """How often the values cross their median."""
    centre = median(values)
    sides = [value > centre for value in values if value != centre]
    return sum(a is not b for a, b in pairwise(sides))
