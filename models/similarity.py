"""From a recogniser's own score to the one similarity that all recognisers share.

Anchors per recogniser and alignment, so that one threshold means the same for every recogniser:

    0.50  half of all strangers come closer
    0.60  one stranger in a hundred does
    0.75  the accepted operating point: four and a half standard deviations of strangers' scores beyond their
          mean, but not much past halfway to the median of the same person's, and never short of one stranger
          in a thousand; so for everybody, and for the strangers within each group at hand: the worst decides
    0.85  half of all pictures of the same person come closer
    1.00  the very same picture

People are mistaken for others of their own age, sex and origin ten and more times as easily as for people at
large, and collections at hand have few people: hence a point far beyond what can be counted. Mean and
deviation are known from few people already; rare quantiles are not. Calibrated on 400 random halves of 22
people this rule left no false match in the other half in 99 % (ArcFace), 100 % (retail-0095) and 83 % (dlib);
carrying on from the counted quantiles left none in 77, 64 and 64 %.

Where a recogniser takes a group's strangers for closer than some pictures of one person, no point separates:
between the two it is undecided, which is neither match nor mismatch (`doubt_from`).

Between the anchors run straight lines; below the first the line goes on; everything is clamped to 0…1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

import numpy as np

STRANGER = 0.50
UNUSUAL = 0.60
ACCEPTED = 0.75
SAME = 0.85

FALSE_MATCH_RATE = 1e-3
"""The worst accepted operating point, per comparison with a stranger taken at random: what can be counted."""
MARGIN_DEVIATIONS = 4.5
"""Of normal scores three in a million lie beyond. Strangers seen so far reach 3.5."""
MARGIN_SHARE = 0.55
"""Of the way from strangers to the same person; decides for recognisers with little room. At 0.5 dlib takes
two women of one origin for one person, at 0.6 it refuses more than one in twenty of some halves' people."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """A rising piecewise-linear map. Raises ValueError when the knots do not rise."""

    knots: tuple[tuple[float, float], ...]
    """(native score, similarity), rising in both; at least two."""

    def __post_init__(self) -> None:
        if len(self.knots) < 2:
            raise ValueError("a calibration needs at least two knots")
        if not all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(self.knots)):
            raise ValueError(f"the knots of a calibration must rise in score and in similarity: {self.knots}")

    def of(self, native_score: float) -> float:
        """Where a native score stands between strangers and the same person, 0…1.

        Raises ValueError for not-a-number, which is no stranger's score either.
        """
        if isnan(native_score):
            raise ValueError("a score is not a number: two pictures were not compared")
        after = bisect_right(self.knots, native_score, key=lambda knot: knot[0])
        right = min(max(after, 1), len(self.knots) - 1)
        (x0, y0), (x1, y1) = self.knots[right - 1], self.knots[right]
        return min(1.0, max(0.0, y0 + (native_score - x0) * (y1 - y0) / (x1 - x0)))


CLOSER = 0.001
"""So much closer than any stranger of one group is accepted."""
LEAST_STRANGERS = 100
"""Pairs of strangers of one group from which on their mean and deviation are believed."""


def operating_point(same: Sequence[float], different: Sequence[float]) -> float:
    """The native score from which two pictures are accepted as one person's.

    Raises ValueError when there are too few pairs to say.
    """
    if len(same) < 10 or len(different) < 1 / FALSE_MATCH_RATE:
        raise ValueError(f"{len(same)} same and {len(different)} different pairs are too few to calibrate on")
    return _beyond(different, float(np.median(same)))


def of_worst_group(
    same: Sequence[float], different: Sequence[float], groups: Mapping[str, Sequence[float]]
) -> tuple[float, str]:
    """The point that holds for everybody and for strangers within each group, and the group that sets it
    (empty: none does). `groups` gives the scores of strangers of one group by its name.

    Raises ValueError when there are too few pairs to say.
    """
    points = {"": operating_point(same, different)}
    usual = float(np.median(same))
    for name, strangers in groups.items():
        if len(strangers) >= LEAST_STRANGERS:
            # There are few of one group at hand: not one of them may pass.
            points[name] = max(_beyond(strangers, usual), max(strangers) + CLOSER)
    worst = max(points, key=lambda name: points[name])
    return points[worst], worst


def _beyond(different: Sequence[float], usual: float) -> float:
    """A score that strangers with these do not reach; `usual` is the median of the same person's."""
    strangers = np.asarray(different, np.float64)
    mean = float(strangers.mean())
    margin = min(MARGIN_DEVIATIONS * float(strangers.std()), MARGIN_SHARE * (usual - mean))
    if len(different) < 1 / FALSE_MATCH_RATE:
        return mean + margin
    return max(mean + margin, float(np.quantile(strangers, 1 - FALSE_MATCH_RATE)))


def doubt_from(accepted: float, same: Sequence[float], different: Sequence[float]) -> float | None:
    """The score from which up to the accepted one nobody can tell, because pictures of one person come down
    to it; None where they do not.

    It never lies lower than one stranger in a hundred: who is less alike than that is somebody else.
    """
    floor = max(min(same), float(np.quantile(different, 0.99)))
    return floor if floor < accepted else None


def calibrated(
    same: Sequence[float], different: Sequence[float], perfect: float, accepted: float | None = None
) -> Similarity:
    """The map for a recogniser that gave these native scores to pairs of the same and of different people.

    `perfect` is its score for one picture with itself, `accepted` the operating point where a worst group
    sets it. Raises ValueError when there are too few pairs or the recogniser does not tell people apart well
    enough to have an operating point.
    """
    point = operating_point(same, different) if accepted is None else accepted
    stranger, unusual = np.quantile(different, [0.5, 0.99])
    anchors = (
        (stranger, STRANGER),
        (unusual, UNUSUAL),
        (point, ACCEPTED),
        (np.median(same), SAME),
        (perfect, 1.0),
    )
    return Similarity(tuple((round(float(score), 4) + 0.0, similarity) for score, similarity in anchors))
