"""The rule of each event, and the table of defaults (SPEC 2.3).

`EventRule.threshold` has the unit that `THRESHOLD_UNITS` names for its event, with the side on which the
event lies; events without a threshold carry None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.events.types import Action, EventType
from shared.fields import Unit, YesNo

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, strict=True)]


class Frozen(BaseModel):
    """Settings that do not change and refuse what they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventRule(Frozen):
    """When one event is raised and cleared, and how it is reported."""

    enabled: YesNo = True
    """False: the condition is not evaluated at all."""
    hold_s: Seconds = 0.0
    """The condition must last this long."""
    clear_s: Seconds = 0.0
    """It must be gone this long before the event is over."""
    threshold: float | None = Field(default=None, allow_inf_nan=False, strict=True)
    """The value the condition compares with, in the unit of THRESHOLD_UNITS."""
    severity: Annotated[Unit, Field(strict=True)] = 0.0
    """Base severity; technical events and milestones have none."""
    action: Action = Action.NONE
    """Advice to the exam platform."""


def _rule(
    hold_s: float, clear_s: float, severity: float, action: Action, threshold: float | None = None
) -> EventRule:
    return EventRule(hold_s=hold_s, clear_s=clear_s, severity=severity, action=action, threshold=threshold)


def _off(rule: EventRule) -> EventRule:
    return rule.model_copy(update={"enabled": False})


_NONE, _WARNING, _ESCALATE = Action.NONE, Action.WARNING, Action.ESCALATE

DEFAULT_RULES: Mapping[EventType, EventRule] = MappingProxyType(
    {
        EventType.MULTIPLE_FACES: _rule(3, 2, 0.7, _ESCALATE, 0.5),
        EventType.FACE_NOT_FOUND: _rule(5, 1, 0.5, _WARNING),
        EventType.PRESENCE_LOSS: _rule(3, 2, 0.4, _WARNING, 0.2),
        EventType.FACE_MISMATCH: _rule(0, 0, 0.9, _ESCALATE, 0.75),
        EventType.IDENTITY_UNVERIFIED: _rule(30, 0, 0.0, _WARNING),
        EventType.PRESENTATION_ATTACK: _rule(10, 10, 0.6, _ESCALATE, 0.3),
        EventType.GAZE_OFF_SCREEN: _rule(4, 1, 0.4, _WARNING),
        EventType.PROLONGED_LOOK_AWAY: _rule(10, 1, 0.6, _WARNING),
        EventType.FREQUENT_DISTRACTION: _rule(0, 60, 0.5, _WARNING, 5),
        EventType.HEAD_DOWN: _rule(3, 1, 0.5, _WARNING, 30),
        EventType.HEAD_TURNED_AWAY: _rule(3, 1, 0.5, _WARNING, 45),
        EventType.SUSPICIOUS_MOVEMENT: _rule(0, 30, 0.2, _NONE, 60),
        EventType.LEFT_FRAME: _rule(5, 2, 0.8, _ESCALATE),
        EventType.HAND_NEAR_EAR: _rule(4, 2, 0.5, _WARNING, 0.6),
        EventType.MULTIPLE_PERSONS: _rule(3, 3, 0.7, _ESCALATE),
        EventType.PHONE_VISIBLE: _off(_rule(2, 3, 0.7, _ESCALATE, 0.5)),
        EventType.BOOK_VISIBLE: _off(_rule(2, 3, 0.5, _WARNING, 0.5)),
        EventType.VOICE_DETECTED: _rule(2, 2, 0.5, _WARNING, 0.8),
        EventType.MULTIPLE_SPEAKERS: _rule(0, 10, 0.7, _ESCALATE),
        EventType.AUDIO_ANOMALY: _rule(1, 3, 0.3, _NONE, 0.5),
        EventType.KEYWORD_SPOKEN: _rule(0, 0, 0.7, _ESCALATE),
        EventType.HIGH_CONFIDENCE_CHEATING: _rule(0, 0, 0.95, _ESCALATE),
        EventType.CAMERA_BLOCKED: _rule(3, 1, 0.0, _WARNING, 12),
        EventType.CAMERA_FROZEN: _rule(10, 1, 0.0, _WARNING, 0.25),
        EventType.STREAM_STALLED: _rule(3, 0, 0.0, _NONE),
        EventType.CANDIDATE_OFFLINE: _rule(10, 0, 0.0, _NONE),
        EventType.MICROPHONE_MUTED: _rule(10, 1, 0.0, _WARNING),
        EventType.LOW_FRAME_RATE: _rule(10, 5, 0.0, _NONE, 4),
        EventType.ANALYSIS_DEGRADED: _rule(5, 5, 0.0, _NONE),
        EventType.NODE_FAILOVER: _rule(0, 0, 0.0, _NONE),
        EventType.CLOCK_SKEW: _rule(0, 0, 0.0, _NONE),
        EventType.ALERT_GAP: _rule(0, 0, 0.0, _NONE),
        EventType.VIRTUAL_CAMERA_SUSPECTED: _rule(0, 0, 0.0, _NONE),
    }
)
"""Milestones and proctors' actions have no rule: they happen once, when they happen. A phone or a book is
looked for only where the exam asks. 4 frames per second is what the CPU levels look at, less a fifth."""

NOT_OBSERVED = frozenset(
    {
        EventType.NODE_FAILOVER,
        EventType.CLOCK_SKEW,
        EventType.ALERT_GAP,
        EventType.VIRTUAL_CAMERA_SUSPECTED,
    }
)
"""Events that no rule over observations finds: whoever has the figures raises them."""


class Side(StrEnum):
    """On which side of its threshold an event lies."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class ThresholdUnit:
    """What a threshold is measured in, and its range."""

    unit: str
    low: float
    high: float
    side: Side = Side.ABOVE

    def relaxes(self, threshold: float, other: float) -> bool:
        """Whether `threshold` is reached no more easily than `other`."""
        return threshold >= other if self.side is Side.ABOVE else threshold <= other


THRESHOLD_UNITS: Mapping[EventType, ThresholdUnit] = MappingProxyType(
    {
        EventType.MULTIPLE_FACES: ThresholdUnit("detector score", 0.0, 1.0),
        EventType.PRESENCE_LOSS: ThresholdUnit(
            "share of the baseline's relative face area", 0.0, 1.0, Side.BELOW
        ),
        EventType.FACE_MISMATCH: ThresholdUnit("similarity", 0.0, 1.0, Side.BELOW),
        EventType.PRESENTATION_ATTACK: ThresholdUnit("liveness score", 0.0, 1.0, Side.BELOW),
        EventType.FREQUENT_DISTRACTION: ThresholdUnit("off-screen episodes", 1, 60),
        EventType.HEAD_DOWN: ThresholdUnit("degrees below the usual pitch", 5, 80),
        EventType.HEAD_TURNED_AWAY: ThresholdUnit("degrees of yaw to either side", 10, 90),
        EventType.SUSPICIOUS_MOVEMENT: ThresholdUnit("degrees per second", 10, 720),
        EventType.HAND_NEAR_EAR: ThresholdUnit("head widths between hand and ear", 0.1, 3.0, Side.BELOW),
        EventType.PHONE_VISIBLE: ThresholdUnit("detector score", 0.0, 1.0),
        EventType.BOOK_VISIBLE: ThresholdUnit("detector score", 0.0, 1.0),
        EventType.VOICE_DETECTED: ThresholdUnit("speech probability", 0.0, 1.0),
        EventType.AUDIO_ANOMALY: ThresholdUnit("sound class score", 0.0, 1.0),
        EventType.CAMERA_BLOCKED: ThresholdUnit("mean luma level", 0.0, 255.0, Side.BELOW),
        EventType.CAMERA_FROZEN: ThresholdUnit(
            "change of luma where it is largest, levels", 0.0, 5.0, Side.BELOW
        ),
        EventType.LOW_FRAME_RATE: ThresholdUnit("frames per second", 0.5, 60.0, Side.BELOW),
    }
)
"""Unit, range and side of each threshold."""


class Sensitivity(StrEnum):
    """Presets of holds and thresholds."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Preset:
    """What a sensitivity does to the conduct rules of an exam. Identity and technical rules stay."""

    hold_factor: float
    zone_factor: float
    """On the extent of the gaze zone."""
    thresholds: Mapping[EventType, float]
    """In place of the table's default; a threshold that the exam names itself stands."""


PRESETS: Mapping[Sensitivity, Preset] = MappingProxyType(
    {
        Sensitivity.LOW: Preset(
            1.5,
            1.25,
            MappingProxyType(
                {
                    EventType.MULTIPLE_FACES: 0.6,
                    EventType.PRESENCE_LOSS: 0.15,
                    EventType.FREQUENT_DISTRACTION: 8,
                    EventType.HEAD_DOWN: 40,
                    EventType.HEAD_TURNED_AWAY: 55,
                    EventType.SUSPICIOUS_MOVEMENT: 90,
                    EventType.HAND_NEAR_EAR: 0.45,
                    EventType.PHONE_VISIBLE: 0.65,
                    EventType.BOOK_VISIBLE: 0.65,
                    EventType.AUDIO_ANOMALY: 0.65,
                }
            ),
        ),
        Sensitivity.MEDIUM: Preset(1.0, 1.0, MappingProxyType({})),
        Sensitivity.HIGH: Preset(
            0.75,
            0.85,
            MappingProxyType(
                {
                    EventType.MULTIPLE_FACES: 0.4,
                    EventType.PRESENCE_LOSS: 0.25,
                    EventType.FREQUENT_DISTRACTION: 4,
                    EventType.HEAD_DOWN: 25,
                    EventType.HEAD_TURNED_AWAY: 40,
                    EventType.SUSPICIOUS_MOVEMENT: 50,
                    EventType.HAND_NEAR_EAR: 0.7,
                    EventType.PHONE_VISIBLE: 0.4,
                    EventType.BOOK_VISIBLE: 0.4,
                    EventType.AUDIO_ANOMALY: 0.4,
                }
            ),
        ),
    }
)
"""The speech threshold stays at 0.8 everywhere: speech time is counted one way on every tier."""
