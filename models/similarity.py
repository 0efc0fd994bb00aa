"""Maps a recogniser's own score to the similarity scale that all recognisers share.

Anchors per recogniser and alignment, so that one threshold means the same for every recogniser:

    0.50  half of all strangers come closer
    0.60  one stranger in a hundred comes closer
    0.75  the accepted operating point: four and a half standard deviations of strangers' scores beyond their
          mean, but not much past halfway to the median of the same person, and never below one stranger
          in a thousand; for everybody and within each available group: the worst group decides
    0.85  half of all pictures of the same person come closer
    1.00  the very same picture

People are confused with others of their own age, sex and origin ten or more times as often as with people in
general, and the available collections have few people. So the point is far beyond what can be counted. Few
people are enough to estimate mean and deviation, but not rare quantiles. Calibrated on 400 random halves of
22 people, this rule left no false match in the other half in 99 % (ArcFace), 100 % (retail-0095) and 83 %
(dlib); extrapolating the counted quantiles left none in 77, 64 and 64 %.

If a recogniser rates a group's strangers closer than some pictures of one person, no point separates them:
between the two it is undecided, which is neither match nor mismatch (`doubt_from`).

The map is linear between the anchors and below the first one; results are clamped to 0…1.
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
"""The worst accepted operating point, per comparison with a random stranger: the rate that can be counted."""
MARGIN_DEVIATIONS = 4.5
"""With a normal distribution three in a million are beyond. Strangers seen so far reach 3.5."""
MARGIN_SHARE = 0.55
"""Share of the way from strangers to the same person; decisive for recognisers with little room. At 0.5 dlib
takes two women of one origin for one person, at 0.6 it rejects more than one in twenty people of some
halves."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """A rising piecewise-linear map. Raises ValueError if the knots do not rise."""

    knots: tuple[tuple[float, float], ...]
    """(native score, similarity), rising in both; at least two."""

    def __post_init__(self) -> None:
        if len(self.knots) < 2:
            raise ValueError("a calibration needs at least two knots")
        if not all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(self.knots)):
            raise ValueError(f"the knots of a calibration must rise in score and in similarity: {self.knots}")

    def of(self, native_score: float) -> float:
        """The similarity of a native score, 0…1.

        Raises ValueError for NaN, which must not count as a stranger.
        """
        if isnan(native_score):
            raise ValueError("a score is NaN: two pictures were not compared")
        after = bisect_right(self.knots, native_score, key=lambda knot: knot[0])
        right = min(max(after, 1), len(self.knots) - 1)
        (x0, y0), (x1, y1) = self.knots[right - 1], self.knots[right]
        return min(1.0, max(0.0, y0 + (native_score - x0) * (y1 - y0) / (x1 - x0)))


CLOSER = 0.001
"""The margin beyond the closest stranger of a group."""
LEAST_STRANGERS = 100
"""The number of stranger pairs in a group from which its mean and deviation are used."""


def operating_point(same: Sequence[float], different: Sequence[float]) -> float:
    """The native score from which two pictures are accepted as the same person.

    Raises ValueError if there are too few pairs.
    """
    if len(same) < 10 or len(different) < 1 / FALSE_MATCH_RATE:
        raise ValueError(f"{len(same)} same and {len(different)} different pairs are too few to calibrate on")
    return _beyond(different, float(np.median(same)))


def of_worst_group(
    same: Sequence[float], different: Sequence[float], groups: Mapping[str, Sequence[float]]
) -> tuple[float, str]:
    """The point that is valid for everybody and within each group, and the group that sets it (empty: none).
    `groups` has the scores of strangers within each group, by its name.

    Raises ValueError if there are too few pairs.
    """
    points = {"": operating_point(same, different)}
    usual = float(np.median(same))
    for name, strangers in groups.items():
        if len(strangers) >= LEAST_STRANGERS:
            # Few people of one group are available: none of their pairs may pass.
            points[name] = max(_beyond(strangers, usual), max(strangers) + CLOSER)
    worst = max(points, key=lambda name: points[name])
    return points[worst], worst


def _beyond(different: Sequence[float], usual: float) -> float:
    """A score that strangers with this mean and deviation do not reach; `usual` is the same person's
    median."""
    strangers = np.asarray(different, np.float64)
    mean = float(strangers.mean())
    margin = min(MARGIN_DEVIATIONS * float(strangers.std()), MARGIN_SHARE * (usual - mean))
    if len(different) < 1 / FALSE_MATCH_RATE:
        return mean + margin
    return max(mean + margin, float(np.quantile(strangers, 1 - FALSE_MATCH_RATE)))


def doubt_from(accepted: float, same: Sequence[float], different: Sequence[float]) -> float | None:
    """The score where the undecided range below the accepted one begins, because pictures of one person go
    down to it; None if they do not.

    It is never below the score of one stranger in a hundred: anyone less similar is another person.
    """
    floor = max(min(same), float(np.quantile(different, 0.99)))
    return floor if floor < accepted else None


def calibrated(
    same: Sequence[float], different: Sequence[float], perfect: float, accepted: float | None = None
) -> Similarity:
    """The map of a recogniser with these native scores for pairs of the same and of different people.

    `perfect` is its score for one picture with itself, `accepted` the operating point if a worst group sets
    it. Raises ValueError if there are too few pairs or the recogniser separates people too badly for an
    operating point.
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
