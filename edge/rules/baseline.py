"""How much of the frame the candidate's face usually fills: the median of the first stretch.

A median, so that a minority of odd moments (leaning in, a look aside, a glimpse of somebody else) does not
move it. Samples are taken at even spacing, at most `SAMPLES`, whatever the cadence.
"""

from __future__ import annotations

from statistics import median

from edge.rules.conditions import face_share
from edge.rules.findings import Finding, Phase
from edge.rules.snapshots import Saved, numbers, optional_number
from shared.events import EventType
from shared.observations import Observation

SAMPLES = 100
MIN_SAMPLES = 10
"""Fewer say nothing: the baseline then waits for more."""


class Baseline:
    """Collects from the first frame with exactly one face on; complete once, then fixed."""

    __slots__ = ("_baseline_s", "_first_s", "_last_s", "_shares", "share")

    def __init__(self, baseline_s: float) -> None:
        self.share: float | None = None
        """Face area ÷ frame area, once complete."""
        self._baseline_s = baseline_s
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._shares: list[float] = []

    def see(self, observation: Observation) -> Finding | None:
        """Take one observation; answers CALIBRATED when it completes the baseline."""
        share = face_share(observation)
        if self.share is not None or share is None or len(observation.faces or ()) != 1:
            return None
        if self._first_s is None:
            self._first_s = observation.at
        spacing_s = self._baseline_s / SAMPLES
        if len(self._shares) < SAMPLES and (
            self._last_s is None or observation.at - self._last_s >= spacing_s
        ):
            self._shares.append(share)
            self._last_s = observation.at
        if observation.at - self._first_s < self._baseline_s or len(self._shares) < MIN_SAMPLES:
            return None
        return self._complete(observation.at)

    def _complete(self, at: float) -> Finding:
        self.share = median(self._shares)
        samples, self._shares = len(self._shares), []
        return Finding(
            event=EventType.CALIBRATED,
            phase=Phase.RAISED,
            onset_s=at,
            raised_s=at,
            at_s=at,
            confidence=1.0,
            evidence={
                "baseline_share_of_frame": round(self.share, 5),
                "samples": samples,
                "baseline_seconds": self._baseline_s,
            },
        )

    def snapshot(self) -> Saved:
        return {
            "share": self.share,
            "first_s": self._first_s,
            "last_s": self._last_s,
            "shares": [*self._shares],
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self.share = optional_number(saved, "share")
        self._first_s = optional_number(saved, "first_s")
        self._last_s = optional_number(saved, "last_s")
        self._shares = numbers(saved, "shares", SAMPLES)
