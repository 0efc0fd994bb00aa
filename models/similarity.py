"""From a recogniser's own score to the one similarity of SPEC 2.1.

Anchors per recogniser and alignment, so that one threshold means the same for every recogniser:

    0.50  half of all strangers come closer
    0.60  one stranger in a hundred does
    0.75  the accepted operating point: one in ten thousand does; or up to one in a thousand, where the
          stricter point would refuse more than one in a thousand pictures of the same person
    0.85  half of all pictures of the same person come closer
    1.00  the very same picture

People are mistaken for others of their own age, sex and origin about ten times as easily as for people at
large: hence the strict point. Few collections have so many pairs, so it is carried on from the two shares
that can be counted: as far beyond one in a thousand as that lies beyond one in a hundred.

Between the anchors run straight lines; below the first the line goes on; everything is clamped to 0…1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

STRANGER = 0.50
UNUSUAL = 0.60
ACCEPTED = 0.75
SAME = 0.85

FALSE_MATCH_RATE = 1e-3
"""The worst accepted operating point, per comparison with a stranger taken at random: what can be counted."""
FALSE_REFUSAL_RATE = 1e-3
"""What the stricter point may cost, per comparison with the same person."""


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
        """Where a native score stands between strangers and the same person, 0…1."""
        after = bisect_right(self.knots, native_score, key=lambda knot: knot[0])
        right = min(max(after, 1), len(self.knots) - 1)
        (x0, y0), (x1, y1) = self.knots[right - 1], self.knots[right]
        return min(1.0, max(0.0, y0 + (native_score - x0) * (y1 - y0) / (x1 - x0)))


def calibrated(same: Sequence[float], different: Sequence[float], perfect: float) -> Similarity:
    """The map for a recogniser that gave these native scores to pairs of the same and of different people.

    `perfect` is its score for one picture with itself. Raises ValueError when there are too few pairs or the
    recogniser does not tell people apart well enough to have an operating point.
    """
    if len(same) < 10 or len(different) < 1 / FALSE_MATCH_RATE:
        raise ValueError(f"{len(same)} same and {len(different)} different pairs are too few to calibrate on")
    stranger, unusual, rare = np.quantile(different, [0.5, 0.99, 1 - FALSE_MATCH_RATE])
    accepted = max(rare, min(2 * rare - unusual, np.quantile(same, FALSE_REFUSAL_RATE)))
    anchors = (
        (stranger, STRANGER),
        (unusual, UNUSUAL),
        (accepted, ACCEPTED),
        (np.median(same), SAME),
        (perfect, 1.0),
    )
    return Similarity(tuple((round(float(score), 4) + 0.0, similarity) for score, similarity in anchors))
