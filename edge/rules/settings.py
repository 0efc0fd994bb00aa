"""All numbers the rules compare with; made from an exam's policy by `edge.policy_settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.events import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """One event's rule. An event without one is not evaluated."""

    hold_s: float
    """The condition must last this long."""
    clear_s: float
    """It must be gone this long."""
    threshold: float | None = None
    """In the unit of the event (shared.policy.THRESHOLD_UNITS)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The rules of one session; frozen for its whole life."""

    rules: Mapping[EventType, RuleSettings]
    min_face_px: float
    """Faces whose smaller side is below do not count towards MULTIPLE_FACES."""
    mismatch_checks: int
    match_checks: int
    speech_pause_s: float
    blocked_mean_luma: float
    """A darker picture is blocked, and shows nothing even where CAMERA_BLOCKED is switched off."""
    blocked_luma_variance: float
    baseline_s: float
    max_gap_s: float
    """A longer silence of a signal restarts every wait on it."""

    def threshold(self, event: EventType) -> float:
        """The threshold of an event that has one. Raises ValueError for an event without."""
        value = self.rules[event].threshold
        if value is None:
            raise ValueError(f"{event} needs a threshold")
        return value
