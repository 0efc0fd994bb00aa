"""An exam's policy: what is watched, from which threshold, for how long, and what is advised.

Every number of SPEC 2 is a field here with its default; an exam overrides what it needs. A policy is data:
frozen, versioned by whoever stores it, unknown fields refused with their path. `EventRule.threshold` has the
unit that `THRESHOLD_UNITS` names for its event; events without a threshold carry None.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.errors import Rejected
from shared.events import Action, EventClass, EventType, event_class
from shared.fields import Unit

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Frozen(BaseModel):
    """Settings that do not change and refuse what they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventRule(Frozen):
    """When one event is raised and cleared, and how it is reported."""

    enabled: bool = True
    """False: the condition is not evaluated at all."""
    hold_s: Seconds = 0.0
    """The condition must last this long."""
    clear_s: Seconds = 0.0
    """It must be gone this long before the event is over."""
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    """The value the condition compares with, in the unit of THRESHOLD_UNITS."""
    severity: Unit = 0.0
    """Base severity; technical events and milestones have none."""
    action: Action = Action.NONE
    """Advice to the exam platform."""


def _rule(
    hold_s: float, clear_s: float, severity: float, action: Action, threshold: float | None = None
) -> EventRule:
    return EventRule(hold_s=hold_s, clear_s=clear_s, severity=severity, action=action, threshold=threshold)


DEFAULT_RULES: Mapping[EventType, EventRule] = MappingProxyType(
    {
        EventType.MULTIPLE_FACES: _rule(3, 2, 0.7, Action.ESCALATE, 0.5),
        EventType.FACE_NOT_FOUND: _rule(5, 1, 0.5, Action.WARNING),
        EventType.PRESENCE_LOSS: _rule(3, 2, 0.4, Action.WARNING, 0.2),
        EventType.FACE_MISMATCH: _rule(0, 0, 0.9, Action.ESCALATE, 0.75),
        EventType.IDENTITY_UNVERIFIED: _rule(30, 0, 0.0, Action.WARNING),
        EventType.LEFT_FRAME: _rule(5, 2, 0.8, Action.ESCALATE),
        EventType.VOICE_DETECTED: _rule(2, 2, 0.5, Action.WARNING, 0.8),
        EventType.CAMERA_BLOCKED: _rule(3, 1, 0.0, Action.WARNING, 12),
        EventType.STREAM_STALLED: _rule(3, 0, 0.0, Action.NONE),
        EventType.CANDIDATE_OFFLINE: _rule(10, 0, 0.0, Action.NONE),
        EventType.ANALYSIS_DEGRADED: _rule(5, 5, 0.0, Action.NONE),
    }
)
"""The defaults of SPEC 2.3. Milestones have no rule: they happen once, when they happen."""

THRESHOLD_UNITS: Mapping[EventType, tuple[str, float, float]] = MappingProxyType(
    {
        EventType.MULTIPLE_FACES: ("detector score", 0.0, 1.0),
        EventType.PRESENCE_LOSS: ("share of the baseline's relative face area", 0.0, 1.0),
        EventType.FACE_MISMATCH: ("similarity", 0.0, 1.0),
        EventType.VOICE_DETECTED: ("speech probability", 0.0, 1.0),
        EventType.CAMERA_BLOCKED: ("mean luma level", 0.0, 255.0),
    }
)
"""Unit and range of each threshold."""


class Sensitivity(StrEnum):
    """Presets of holds and thresholds."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


HOLD_FACTORS: Mapping[Sensitivity, float] = MappingProxyType(
    {Sensitivity.LOW: 1.5, Sensitivity.MEDIUM: 1.0, Sensitivity.HIGH: 0.75}
)
"""What a preset does to the hold of every conduct event."""


class Features(Frozen):
    """What is switched on for an exam (the seed's features_enabled)."""

    face_verification: bool = True
    gaze_tracking: bool = True
    pose_analysis: bool = True
    audio_monitoring: bool = True
    speech_transcription: bool = False
    """Needs the candidate's own opt-in as well."""


class Gate(Frozen):
    """Bounds a face picture must keep to be enrolled or verified (SPEC 2.2)."""

    min_face_px: float = Field(default=80, ge=16, le=2_000)
    """Smaller side of the face box, pixels; must be exceeded."""
    min_sharpness: float | None = Field(default=20, ge=0, le=10_000)
    """Variance of the Laplacian on the grey face box at 160 px width; None: not asked. 20 is where people
    draw the line at that width (models.quality.MIN_SHARPNESS); the seed's 100 refuses a NASA portrait."""
    min_brightness: float = Field(default=40, ge=0, le=255)
    """Mean luma of the same crop, levels."""
    max_brightness: float = Field(default=220, ge=0, le=255)
    max_yaw_deg: float = Field(default=20, ge=0, le=90)
    max_pitch_deg: float = Field(default=20, ge=0, le=90)
    max_roll_deg: float | None = Field(default=20, ge=0, le=180)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_brightness >= self.max_brightness:
            raise ValueError("min_brightness must be below max_brightness")
        return self


ENROLLMENT_GATE = Gate()
VERIFICATION_GATE = Gate(
    min_face_px=48, min_sharpness=None, max_yaw_deg=35, max_pitch_deg=35, max_roll_deg=None
)


class Policy(Frozen):
    """All that an exam decides about its watching."""

    version: int = Field(default=1, ge=1, le=2**31 - 1)
    """Counts up with every change; stands on each alert."""
    features: Features = Features()
    rules: dict[EventType, EventRule] = Field(default_factory=dict)
    """Overrides; an event not named keeps its default."""
    sensitivity: Sensitivity = Sensitivity.MEDIUM
    min_face_px: float = Field(default=24, ge=8, le=500)
    """Faces whose smaller side is below do not count towards MULTIPLE_FACES."""
    mismatch_checks: int = Field(default=4, ge=2, le=60)
    """FACE_MISMATCH is raised at this many consecutive mismatches."""
    match_checks: int = Field(default=3, ge=1, le=60)
    """… and over after this many consecutive matches."""
    speech_pause_s: Seconds = 0.6
    """Pauses up to this length do not end a stretch of speech."""
    blocked_luma_variance: float = Field(default=15, ge=0, le=16_256)
    """A picture with less luma variance than this counts as blocked."""
    baseline_s: float = Field(default=30, ge=5, le=300)
    """The baseline (face area) is the median of this first stretch."""
    max_gap_s: float = Field(default=2, gt=0, le=30)
    """A longer silence of a signal restarts every wait on it: silence proves nothing."""
    enrollment_gate: Gate = ENROLLMENT_GATE
    verification_gate: Gate = VERIFICATION_GATE

    @field_validator("rules")
    @classmethod
    def _checked(cls, rules: dict[EventType, EventRule]) -> dict[EventType, EventRule]:
        for event, rule in rules.items():
            if event not in DEFAULT_RULES:
                raise ValueError(f"{event}: has no rule to override")
            if event_class(event) is EventClass.TECHNICAL and rule.severity > 0:
                raise ValueError(f"{event}: technical events never add suspicion, severity must be 0")
            _check_threshold(event, rule.threshold)
        return rules

    def rule(self, event: EventType) -> EventRule:
        """The rule in force for an event, with the sensitivity preset applied to conduct holds."""
        rule = self.rules.get(event, DEFAULT_RULES[event])
        if event_class(event) is not EventClass.CONDUCT:
            return rule
        return rule.model_copy(update={"hold_s": rule.hold_s * HOLD_FACTORS[self.sensitivity]})


def _check_threshold(event: EventType, threshold: float | None) -> None:
    known = THRESHOLD_UNITS.get(event)
    if known is None:
        if threshold is not None:
            raise ValueError(f"{event}: takes no threshold")
        return
    unit, low, high = known
    if threshold is None or not low <= threshold <= high:
        raise ValueError(f"{event}: threshold ({unit}) must lie in {low:g}…{high:g}")


def parse_policy(value: Mapping[str, Any]) -> Policy:
    """A policy from JSON or YAML data; a rule may name only the fields it changes.

    Raises `Rejected` ("policy-invalid", 422) naming the path of everything that is wrong.
    """
    data = dict(value)
    rules = data.get("rules")
    if isinstance(rules, Mapping):
        data["rules"] = {name: _with_defaults(name, rule) for name, rule in rules.items()}
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'policy'}: {e['msg']}" for e in error.errors()
        )
        raise Rejected(f"the policy is refused: {problems}", code="policy-invalid", status=422) from error


def _with_defaults(name: str, rule: Any) -> Any:
    if not isinstance(rule, Mapping) or name not in DEFAULT_RULES:
        return rule
    return DEFAULT_RULES[EventType(name)].model_dump() | dict(rule)
