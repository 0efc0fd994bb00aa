"""Tells a candidate who looks down at the keyboard from another person, as far as possible. Pure.

Similarity falls as a head turns up or down, even within the verification gate. The measured angle depends on
the face (−16 to +4° for people who look straight ahead), so it is counted from the usual angle of this
candidate's matches. Estimators report about two thirds of the real turn. Similarities measured with dlib's
network, the most sensitive one, on six people whose heads were turned down by known angles: 0.77 to 0.82 at
15°, 0.70 to 0.79 at 20°, 0.63 to 0.77 at 25°, 0.58 to 0.75 at 30°.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

from shared.saving import AtMost

FREE_DEG = 7.0
"""Up to this far from the usual tilt, a check counts as it is."""
LOSS_PER_DEG = 0.02
"""Similarity that a candidate may lose for each degree beyond `FREE_DEG`."""
REMEMBERED = 60
"""The matches that determine the usual tilt: one minute of them."""
LEAST_REMEMBERED = 3


@dataclass(slots=True)
class TiltsState:
    """The pitch of one candidate's matches."""

    matched_deg: Annotated[deque[float], AtMost(REMEMBERED)] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED)
    )


class Tilts:
    """Judges checks by the pitch of one candidate's matches."""

    __slots__ = ("_matched_deg", "threshold")

    def __init__(self, threshold: float, state: TiltsState | None = None) -> None:
        """`threshold`: the least similarity of a match."""
        self.threshold = threshold
        self._matched_deg = (state or TiltsState()).matched_deg

    def doubtful(self, pitch_deg: float, similarity: float) -> bool:
        """Whether a check that does not match may still be the candidate, with the head up or down.

        Then it is neither match nor mismatch. A stranger's median similarity (0.50) is a mismatch up to 19°
        from usual.
        """
        if similarity >= self.threshold:
            self._matched_deg.append(pitch_deg)
            return False
        if len(self._matched_deg) < LEAST_REMEMBERED:
            return False
        tilted_deg = abs(pitch_deg - median(self._matched_deg))
        return similarity >= self.threshold - LOSS_PER_DEG * max(0.0, tilted_deg - FREE_DEG)
