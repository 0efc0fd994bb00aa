"""Judges PRESENTATION_ATTACK by the mean liveness score of the last checks. Light and lens change the score,
so the event is advisory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import fmean
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import AtMost

MAX_AGE_S = 60.0
"""Older checks tell nothing about the present."""
MAX_CHECKS = 60


@dataclass(slots=True)
class LivenessState:
    """The times and scores of the last checks."""

    checks: Annotated[deque[tuple[float, float]], AtMost(MAX_CHECKS)] = field(
        default_factory=lambda: deque(maxlen=MAX_CHECKS)
    )


class Liveness:
    """Judges the scores of the last checks."""

    __slots__ = ("_checks", "_settings")

    def __init__(self, settings: Settings, state: LivenessState) -> None:
        self._settings = settings
        self._checks = state.checks

    def judge(self, observation: Observation) -> Judgement:
        """Yes while the mean is below the threshold, since the first low check; unknown before there are
        enough checks."""
        score, at = observation.liveness, observation.at
        if score is None:
            return UNKNOWN
        self._checks.append((at, round(score, 4)))
        while len(self._checks) > self._settings.liveness_checks or at - self._checks[0][0] > MAX_AGE_S:
            self._checks.popleft()
        if len(self._checks) < self._settings.liveness_checks:
            return UNKNOWN
        bound = self._settings.threshold(EventType.PRESENTATION_ATTACK)
        mean = fmean(value for _, value in self._checks)
        if mean >= bound:
            return NO
        since_s = next(checked_s for checked_s, value in self._checks if value < bound)
        evidence = {
            "mean_liveness": round(mean, 3),
            "mean_liveness_bound": bound,
            "checks": len(self._checks),
        }
        return Judgement(True, min(1.0, 0.5 + 0.5 * (bound - mean) / bound), evidence, since_s)
