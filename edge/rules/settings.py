"""All numbers the rules compare with; made from an exam's policy by `edge.judging.policy_settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.events.types import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """One event's rule. An event without one is not evaluated."""

    hold_s: float
    """The condition must last this long."""
    clear_s: float
    """It must be gone this long."""
    threshold: float | None = None
    """In the unit of the event (its `Threshold` in shared.events.table)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where eyes may rest, degrees relative to the camera."""

    min_pitch_deg: float
    max_pitch_deg: float
    min_yaw_deg: float
    max_yaw_deg: float

    def holds(self, pitch_deg: float, yaw_deg: float) -> bool:
        return (
            self.min_pitch_deg <= pitch_deg <= self.max_pitch_deg
            and self.min_yaw_deg <= yaw_deg <= self.max_yaw_deg
        )

    def moved(self, pitch_deg: float, yaw_deg: float) -> Zone:
        """The same extent, moved by so much."""
        return Zone(
            min_pitch_deg=self.min_pitch_deg + pitch_deg,
            max_pitch_deg=self.max_pitch_deg + pitch_deg,
            min_yaw_deg=self.min_yaw_deg + yaw_deg,
            max_yaw_deg=self.max_yaw_deg + yaw_deg,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GazeSettings:
    """How gaze and the head's movement are judged."""

    zone: Zone
    """Before calibration centres it."""
    max_shift_deg: float
    """How far calibration may move the centre, per axis."""
    aggregate_s: float
    """Gaze is judged by what was seen for most of this time."""
    episode_s: float
    """Shorter glances do not count towards FREQUENT_DISTRACTION …"""
    episodes_window_s: float
    """… which looks back this far."""
    turns: int
    """So many quick turns of the head are SUSPICIOUS_MOVEMENT …"""
    turns_window_s: float
    """… within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionTerm:
    """One part of a fusion; with neither bound the event must have been raised."""

    event: EventType
    more_than_checks: int | None = None
    more_than_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The rules of one session; frozen for its whole life."""

    rules: Mapping[EventType, RuleSettings]
    min_face_px: float
    """Faces whose smaller side is below do not count towards MULTIPLE_FACES."""
    mismatch_checks: int
    match_checks: int
    liveness_checks: int
    """PRESENTATION_ATTACK judges the mean of this many."""
    gaze: GazeSettings
    sounds: frozenset[str]
    """Kinds that AUDIO_ANOMALY listens for."""
    phrases: frozenset[str]
    """What KEYWORD_SPOKEN listens for, in lower case."""
    fusion_window_s: float
    fusion: tuple[FusionTerm, ...]
    """What HIGH_CONFIDENCE_CHEATING is made of."""
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
