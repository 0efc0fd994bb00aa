"""Tells a candidate who looks down at the keyboard from somebody else, as far as that can be told. Pure.

Recognisers lose likeness as a head goes up or down, well within the verification gate. How far away a head
reads depends on the face (people who look straight ahead: −16 to +4°), so it counts from where this candidate
has matched, and estimators read about two thirds of the way. Measured by dlib's network, the most sensitive
one, on six people turned down by known angles: 0.77 to 0.82 at 15°, 0.70 to 0.79 at 20°, 0.63 to 0.77 at 25°,
0.58 to 0.75 at 30°.
"""

from __future__ import annotations

from collections import deque
from statistics import median

FREE_DEG = 7.0
"""So far from the usual tilt a check counts as it is."""
LOSS_PER_DEG = 0.02
"""Similarity that a candidate may lose with each degree beyond."""
REMEMBERED = 60
"""Matches that say what is usual: a minute of them."""
LEAST_REMEMBERED = 3


class Tilts:
    """Remembers the pitch of one candidate's matches."""

    __slots__ = ("_matched_deg", "threshold")

    def __init__(self, threshold: float) -> None:
        """`threshold` is the similarity from which on a check matches."""
        self.threshold = threshold
        self._matched_deg: deque[float] = deque(maxlen=REMEMBERED)

    def doubtful(self, pitch_deg: float, similarity: float) -> bool:
        """Whether a check that does not match may be the candidate's, whose head is up or down: neither match
        nor mismatch then. A stranger's median likeness (0.50) stays a mismatch up to 19° from usual."""
        if similarity >= self.threshold:
            self._matched_deg.append(pitch_deg)
            return False
        if len(self._matched_deg) < LEAST_REMEMBERED:
            return False
        tilted_deg = abs(pitch_deg - median(self._matched_deg))
        return similarity >= self.threshold - LOSS_PER_DEG * max(0.0, tilted_deg - FREE_DEG)
