"""Tells whether a face moves only as another one does, as its mirror image. Pure.

The mirror's place decides how far and to which side its image moves, so a straight line is fitted for each
direction. Two people may lean the same way once, but not for long, and not exactly to a hundredth of a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

Beside = tuple[float, float, float, float]
"""Centres of two faces at the same time: x and y of the first, x and y of the other, in pixels."""

MAX_LOOKS = 50
SPACING_S = 0.4
"""The shortest time between two looks; `MAX_LOOKS` of them span about 20 s."""
LEAST_LOOKS, LEAST_RETURNS = 25, 4
"""A mirror image is proved by at least this many looks, in which the first face crossed its median place at
least this often."""
ROUGHLY = 0.4
"""The share that straight lines must explain for a face that is taken for the candidate's. It is low, because
detectors place a talking face by what they see of its mouth, also in a mirror: in 24 s of film the lines
explain 0.6 of a mirror image's movement, and less than 0.1 of another talking person's."""
EXPLAINED = 0.9
"""The share of the other face's squared movement that the line must explain."""
REST_SHARE, REST_PX = 0.008, 0.2
"""How far the other face may be from the line: a share of its width, plus pixels."""


def is_mirrored(looks: Sequence[Beside], width_px: float) -> bool:
    """Whether all movement of the other face follows from the first one's; also true of a face that has
    hardly moved yet. `width_px`: the other face's width."""
    rest_px = REST_SHARE * width_px + REST_PX
    moved = (axis for axis in (0, 1) if _spread([look[axis + 2] for look in looks]) > rest_px)
    return all(_follows(looks, axis, rest_px) for axis in moved)


def is_proved(looks: Sequence[Beside], *, alike: bool = False) -> bool:
    """Whether the first face moved often enough to rule out chance. A face that is taken for the candidate's
    (`alike`) only has to follow roughly."""
    if len(looks) < LEAST_LOOKS or (alike and _explained(looks) < ROUGHLY):
        return False
    return max(_returns([look[axis] for look in looks]) for axis in (0, 1)) >= LEAST_RETURNS


def _follows(looks: Sequence[Beside], axis: int, rest_px: float) -> bool:
    rest, total = _fitted(looks, axis)
    return rest <= (1 - EXPLAINED) * total and rest / len(looks) <= rest_px * rest_px


def _explained(looks: Sequence[Beside]) -> float:
    """The share of the other face's movement, in both directions, that straight lines explain."""
    fits = [_fitted(looks, axis) for axis in (0, 1)]
    total = sum(each for _, each in fits)
    return 1 - sum(rest for rest, _ in fits) / total if total else 0.0


def _fitted(looks: Sequence[Beside], axis: int) -> tuple[float, float]:
    """The other face's squared movement: the part that a straight line does not explain, and the whole."""
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
