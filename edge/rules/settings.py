"""All numbers that the rules compare with; `edge.judging.policy_settings` makes them from a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.events.looks import Look
from shared.events.types import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """One event's rule. An event without one is not evaluated."""

    hold_s: float
    """The condition must last this long."""
    clear_s: float
    """It must be gone this long."""
    threshold: float | None = None
    """In the event's unit (its `Threshold` in shared.events.table)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where the eyes may rest, in degrees relative to the camera."""

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
        """The zone of the same size, moved by these angles."""
        return Zone(
            min_pitch_deg=self.min_pitch_deg + pitch_deg,
            max_pitch_deg=self.max_pitch_deg + pitch_deg,
            min_yaw_deg=self.min_yaw_deg + yaw_deg,
            max_yaw_deg=self.max_yaw_deg + yaw_deg,
        )

    def widened(self, pitch_deg: float, yaw_deg: float) -> Zone:
        """The zone with each edge moved out by these angles."""
        return Zone(
            min_pitch_deg=self.min_pitch_deg - pitch_deg,
            max_pitch_deg=self.max_pitch_deg + pitch_deg,
            min_yaw_deg=self.min_yaw_deg - yaw_deg,
            max_yaw_deg=self.max_yaw_deg + yaw_deg,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GazeSettings:
    """Numbers for gaze and head movement."""

    zone: Zone
    """The zone before calibration moves its centre."""
    max_shift_deg: float
    """How far calibration may move the centre, per axis."""
    aggregate_s: float
    """Gaze is judged by the majority of the looks in this time."""
    episode_s: float
    """Shorter glances do not count towards FREQUENT_DISTRACTION …"""
    episodes_window_s: float
    """… which counts over this time."""
    turns: int
    """This many quick turns of the head are SUSPICIOUS_MOVEMENT …"""
    turns_window_s: float
    """… within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """Numbers for the faces beside the candidate's."""

    min_score: float
    """Faces with a smaller score …"""
    min_face_px: float
    """… or a smaller shorter side do not count."""
    still_s: float | None
    """A face that has not moved for this long, while another has, is a picture; None: pictures of people are
    not told from people."""
    max_gap_s: float
    """A face that was out of sight for longer is a new face when it comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionTerm:
    """One part of a fusion. With neither bound, the event must have been raised."""

    event: EventType
    more_than_checks: int | None = None
    more_than_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The rules of one session. They never change."""

    rules: Mapping[EventType, RuleSettings]
    company: CompanySettings
    looks_s: Mapping[Look, float]
    """The looks that the policy asks for, each with the period that it sets itself; 0: the level's."""
    lowest_level: int
    """On a lower level (a larger number) nothing counts as watched."""
    mismatch_checks: int
    match_checks: int
    liveness_checks: int
    """PRESENTATION_ATTACK judges the mean of this many checks."""
    gaze: GazeSettings
    sounds: frozenset[str]
    """Kinds of sound of AUDIO_ANOMALY."""
    phrases: frozenset[str]
    """Phrases of KEYWORD_SPOKEN, in lower case."""
    fusion_window_s: float
    fusion: tuple[FusionTerm, ...]
    """The terms of HIGH_CONFIDENCE_CHEATING."""
    speech_pause_s: float
    speech_share_s: float | None
    """More speech than this within `speech_window_s` is VOICE_DETECTED too; None: it is not counted."""
    speech_window_s: float
    blocked_mean_luma: float
    """A darker picture is blocked and shows nothing, even when CAMERA_BLOCKED is disabled."""
    blocked_luma_variance: float
    baseline_s: float
    max_gap_s: float
    """A longer time without a signal's value restarts all its waits. Never shorter than a stall."""

    def measured_alike(self, other: Settings) -> bool:
        """Whether a calibration stays valid under the other settings."""
        return (self.baseline_s, self.gaze.zone, self.gaze.max_shift_deg) == (
            other.baseline_s,
            other.gaze.zone,
            other.gaze.max_shift_deg,
        )

    def threshold(self, event: EventType) -> float:
        """The threshold of an event. Raises ValueError for an event without one."""
        value = self.rules[event].threshold
        if value is None:
            raise ValueError(f"{event} needs a threshold")
        return value
