"""The parts of an exam's policy: features, gates, the gaze zone, counters, sounds, phrases, fusion."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.events.looks import LOOKS, Look
from shared.events.table import event_class
from shared.events.types import EventClass, EventType
from shared.fields import YesNo
from shared.policy.rules import DEFAULT_RULES, NOT_OBSERVED, Frozen, Seconds

PITCH_HALF_RANGE_DEG = 20.0
"""Half the height of the default gaze zone, which belongs to YAW_HALF_RANGE_DEG."""
YAW_HALF_RANGE_DEG = 30.0


class Features(Frozen):
    """The features of an exam (`features_enabled`)."""

    face_verification: YesNo = True
    gaze_tracking: YesNo = True
    pose_analysis: YesNo = True
    audio_monitoring: YesNo = True
    speech_transcription: YesNo = False
    """Needs the candidate's own opt-in as well."""


class Gate(Frozen):
    """Bounds that a face picture must meet to be enrolled or verified."""

    min_face_px: float = Field(default=80, ge=16, le=2_000)
    """Smaller side of the face box, pixels; must be exceeded."""
    min_sharpness: float | None = Field(default=20, ge=0, le=10_000)
    """Detail along the least sharp direction of the face, as `models.sharpness` measures it; None: what the
    recogniser needs (`min_sharpness` in the manifest).
    Neither light, skin nor size of the face moves it: crisp faces have 25 to 60, and none above 18 under a
    blur of 2.5 % of the face's width. Version 1 of this field was the variance of the Laplacian, which 20
    bounded too; a bound above 60 now refuses everybody."""
    min_brightness: float | None = Field(default=40, ge=0, le=255)
    """Mean luma of the face, levels; None: what the recogniser needs (`min_brightness` in the manifest)."""
    max_brightness: float = Field(default=220, ge=0, le=255)
    max_yaw_deg: float = Field(default=20, ge=0, le=90)
    max_pitch_deg: float = Field(default=20, ge=0, le=90)
    max_roll_deg: float | None = Field(default=20, ge=0, le=180)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_brightness is not None and self.min_brightness >= self.max_brightness:
            raise ValueError("min_brightness must be below max_brightness")
        return self


ENROLLMENT_GATE = Gate()
VERIFICATION_GATE = Gate(
    min_face_px=48,
    min_sharpness=None,
    min_brightness=None,
    max_yaw_deg=35,
    max_pitch_deg=35,
    max_roll_deg=None,
)


class GazeZone(Frozen):
    """Where the eyes may rest without an event: degrees around the camera, before calibration centres it."""

    min_pitch_deg: float = Field(default=-25, ge=-90, le=90)
    max_pitch_deg: float = Field(default=15, ge=-90, le=90)
    yaw_deg: float = Field(default=YAW_HALF_RANGE_DEG, ge=5, le=120)
    """Limit to each side."""
    max_shift_deg: float = Field(default=15, ge=0, le=45)
    """How far calibration may move the centre, per axis; a centre further off is not used."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_pitch_deg >= self.max_pitch_deg:
            raise ValueError("min_pitch_deg must be below max_pitch_deg")
        return self

    def with_tolerance(self, yaw_deg: float) -> GazeZone:
        """The zone for `gaze_tolerance_degrees`: half its range in yaw, pitch in proportion."""
        half_deg = PITCH_HALF_RANGE_DEG * yaw_deg / YAW_HALF_RANGE_DEG
        return self._of(half_deg, yaw_deg)

    def scaled(self, factor: float) -> GazeZone:
        """The zone with the same centre and another size."""
        half_deg = (self.max_pitch_deg - self.min_pitch_deg) / 2
        return self._of(half_deg * factor, self.yaw_deg * factor)

    def _of(self, half_deg: float, yaw_deg: float) -> GazeZone:
        centre_deg = (self.min_pitch_deg + self.max_pitch_deg) / 2
        return GazeZone(
            min_pitch_deg=max(-90.0, centre_deg - half_deg),
            max_pitch_deg=min(90.0, centre_deg + half_deg),
            yaw_deg=min(120.0, max(5.0, yaw_deg)),
            max_shift_deg=self.max_shift_deg,
        )


class Distraction(Frozen):
    """What FREQUENT_DISTRACTION counts; its threshold is the number of episodes to exceed."""

    episode_s: Seconds = 1.0
    """Shorter glances do not count."""
    window_s: float = Field(default=60, ge=10, le=600)


class Movement(Frozen):
    """What SUSPICIOUS_MOVEMENT counts; its threshold is the speed of a turn."""

    turns: int = Field(default=3, ge=1, le=60)
    """This many quick turns of the head …"""
    window_s: float = Field(default=30, ge=5, le=600)
    """… within this time."""


class Muttering(Frozen):
    """When many short sentences raise VOICE_DETECTED too, besides unbroken speech."""

    speech_s: float | None = Field(default=8, ge=1, le=300, allow_inf_nan=False, strict=True)
    """More seconds of speech than this in total …; None: short sentences are not added up."""
    window_s: float = Field(default=30, ge=5, le=600, allow_inf_nan=False, strict=True)
    """… within this time."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.speech_s is not None and self.speech_s >= self.window_s:
            raise ValueError("speech_s must be below window_s, or it can never be exceeded")
        return self


class Sound(StrEnum):
    """Kinds of sound that a policy may listen for."""

    TYPING = "typing"
    PHONE_RINGING = "phone_ringing"
    DOOR = "door"
    WHISPERING = "whispering"


Phrase = Annotated[str, StringConstraints(min_length=2, max_length=60, strip_whitespace=True)]


def _paced(look: Look) -> Look:
    if not LOOKS[look].paced:
        raise ValueError("a policy cannot set its rate")
    return look


PacedLook = Annotated[Look, AfterValidator(_paced)]
"""A look whose rate a policy may set."""
Rate = Annotated[float, Field(ge=0.2, le=15, allow_inf_nan=False)]


class Term(Frozen):
    """One part of a fusion: something that must have been seen within the window."""

    event: EventType
    """Without the bounds below: the event must have been raised."""
    more_than_checks: int | None = Field(default=None, ge=1, le=60)
    """Only for FACE_MISMATCH: more mismatching checks than this."""
    more_than_s: float | None = Field(default=None, gt=0, le=600)
    """The event's condition held for longer than this in total."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        kind = event_class(self.event)
        known = self.event in DEFAULT_RULES and self.event not in NOT_OBSERVED
        if not known or self.event is EventType.HIGH_CONFIDENCE_CHEATING:
            raise ValueError(f"{self.event}: cannot be part of a fusion")
        if kind is EventClass.TECHNICAL:
            raise ValueError(f"{self.event}: technical events never add suspicion")
        if self.more_than_checks is not None and self.event is not EventType.FACE_MISMATCH:
            raise ValueError(f"{self.event}: more_than_checks is only for FACE_MISMATCH")
        if self.more_than_checks is not None and self.more_than_s is not None:
            raise ValueError(f"{self.event}: more_than_checks and more_than_s exclude one another")
        return self


class Retention(Frozen):
    """How many days after the exam its data is erased, unless it is under review or under a legal hold."""

    templates_days: int = Field(default=90, ge=1, le=3_650)
    """Face templates and measurements of enrollment pictures, counted from the candidate's last exam."""
    evidence_days: int = Field(default=30, ge=1, le=3_650)
    """Pictures of alerts."""
    alerts_days: int = Field(default=30, ge=1, le=3_650)
    """Alerts, incidents with their reviews, and everything reports are made of."""
    features_days: int = Field(default=180, ge=1, le=3_650)
    """The log of features, where `feature_log` turns it on."""

    @model_validator(mode="after")
    def _pictures_first(self) -> Self:
        if self.evidence_days > self.alerts_days:
            raise ValueError("evidence_days exceeds alerts_days: a picture must not outlive its alert")
        return self


class Fusion(Frozen):
    """HIGH_CONFIDENCE_CHEATING: all terms within one window."""

    window_s: float = Field(default=60, ge=5, le=600)
    terms: tuple[Term, ...] = Field(
        default=(
            Term(event=EventType.FACE_MISMATCH, more_than_checks=2),
            Term(event=EventType.GAZE_OFF_SCREEN, more_than_s=10),
            Term(event=EventType.VOICE_DETECTED),
        ),
        min_length=2,
        max_length=8,
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        events = [term.event for term in self.terms]
        if len(set(events)) != len(events):
            raise ValueError("terms: an event is given twice")
        if any((term.more_than_s or 0) > self.window_s for term in self.terms):
            raise ValueError("terms: more_than_s exceeds window_s and can never be reached")
        return self


class Relaxation(Frozen):
    """How much later one event is raised for one candidate. It never makes a rule stricter."""

    hold_factor: float = Field(default=1, ge=1, le=20)
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    """In the event's unit; must not be stricter than the exam's."""


class Accommodation(Frozen):
    """An accommodation of one candidate: muted or relaxed detectors, without the reason."""

    muted: tuple[EventType, ...] = Field(default=(), max_length=64)
    """Events that are not evaluated."""
    relaxed: dict[EventType, Relaxation] = Field(default_factory=dict, max_length=64)
    gaze_zone_factor: float = Field(default=1, ge=1, le=4)
    """Factor on the size of the gaze zone."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for event in (*self.muted, *self.relaxed):
            if event not in DEFAULT_RULES or event_class(event) is EventClass.TECHNICAL:
                raise ValueError(f"{event}: only events of conduct and identity can be muted or relaxed")
        for event in self.muted:
            if event in self.relaxed:
                raise ValueError(f"{event}: cannot be both muted and relaxed")
        if len(set(self.muted)) != len(self.muted):
            raise ValueError("muted: an event is given twice")
        return self


class CandidateTerms(Frozen):
    """The terms of a session's candidate; added when it starts, never part of an exam's policy."""

    accommodation: Accommodation = Accommodation()
    speech_opt_in: bool = False
    """The candidate agreed to speech recognition."""
