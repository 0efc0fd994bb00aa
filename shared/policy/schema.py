"""An exam's policy: which events are watched, their thresholds and times, and the advice.

Every number is a field here with its default; an exam overrides what it needs. A policy is data: frozen,
versioned by its store; unknown fields and contradictions are refused with their path. `shared.policy.rules`
makes the default rules from the table of events; the parts are in `shared.policy.terms`.

A candidate's terms (`Accommodation`, opt-in to speech recognition) are not part of an exam's policy:
`Policy.for_candidate` adds them when a session starts, and the effective policy then records them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from shared.consents import OF_SESSIONS, Purpose
from shared.events.looks import LOWEST_LEVEL
from shared.events.table import EVENTS, event_class
from shared.events.types import EventClass, EventType
from shared.policy import contradictions
from shared.policy.refusals import Contradictions, Problem, problems_of, refused
from shared.policy.rules import (
    DEFAULT_RULES,
    PRESETS,
    EventRule,
    Frozen,
    Seconds,
    Sensitivity,
)
from shared.policy.terms import (
    ENROLLMENT_GATE,
    VERIFICATION_GATE,
    Accommodation,
    CandidateTerms,
    Distraction,
    Features,
    Fusion,
    Gate,
    GazeZone,
    Movement,
    Muttering,
    PacedLook,
    Phrase,
    Rate,
    Relaxation,
    Retention,
    Sound,
)


class Policy(Frozen):
    """Everything that an exam sets about its proctoring."""

    version: int = Field(default=1, ge=1, le=2**31 - 1)
    """Rises with every change; recorded in each alert."""
    features: Features = Features()
    rules: dict[EventType, EventRule] = Field(default_factory=dict)
    """Overrides; events not named keep their default."""
    sensitivity: Sensitivity = Sensitivity.MEDIUM
    min_face_px: float = Field(default=24, ge=8, le=500)
    """Faces with a smaller shorter side do not count for MULTIPLE_FACES."""
    mismatch_checks: int = Field(default=4, ge=2, le=60)
    """FACE_MISMATCH is raised at this many consecutive mismatches."""
    match_checks: int = Field(default=3, ge=1, le=60)
    """… and over after this many consecutive matches."""
    liveness_checks: int = Field(default=10, ge=3, le=60)
    """PRESENTATION_ATTACK judges the mean of this many checks."""
    gaze_zone: GazeZone = GazeZone()
    gaze_aggregate_s: float = Field(default=3, ge=0.5, le=10)
    """Gaze is judged by the majority of the looks in this time; blinks do not count."""
    distraction: Distraction = Distraction()
    movement: Movement = Movement()
    speech_pause_s: Seconds = 0.6
    """Pauses up to this length do not end a stretch of speech."""
    muttering: Muttering = Muttering()
    """Speech in short sentences, each too short for VOICE_DETECTED by itself."""
    sounds: tuple[Sound, ...] = Field(default=tuple(Sound), max_length=16)
    """Kinds of sound of AUDIO_ANOMALY."""
    phrases: tuple[Phrase, ...] = Field(default=(), max_length=100)
    """Phrases of KEYWORD_SPOKEN, if features.speech_transcription is on and the candidate agrees."""
    fusion: Fusion = Fusion()
    """The terms of HIGH_CONFIDENCE_CHEATING."""
    cadences_hz: dict[PacedLook, Rate] = Field(default_factory=dict)
    """Looks per second instead of the degradation level's; looks that a level leaves out stay out."""
    lowest_level: int = Field(default=LOWEST_LEVEL, ge=1, le=LOWEST_LEVEL)
    """The lowest degradation level that the exam accepts. Nodes below it get its sessions, or keep them, only
    when there is no other; on such a node nothing counts as watched, and staff are told."""
    blocked_luma_variance: float = Field(default=15, ge=0, le=16_256)
    """A picture with less luma variance counts as blocked."""
    baseline_s: float = Field(default=30, ge=5, le=300)
    """Face area, gaze zone and head baseline are calibrated over this first stretch."""
    max_gap_s: float = Field(default=3, gt=0, le=30)
    """A longer time without a signal's value restarts all its waits: missing values prove nothing. The rules
    use at least a second more than STREAM_STALLED's hold, so that every gap is either bridged or reported as
    a stall."""
    enrollment_gate: Gate = ENROLLMENT_GATE
    verification_gate: Gate = VERIFICATION_GATE
    without_acknowledgement: tuple[Purpose, ...] = Field(default=(), max_length=len(OF_SESSIONS))
    """Purposes for which the institution relies on another lawful basis, so that nothing waits for the
    candidate's acknowledgement. A withdrawal counts all the same."""
    device_binding: bool = Field(default=True, strict=True)
    """Whether a session is bound to the device on which it was started. Then another device needs the
    approval of staff. With False, the link alone opens the session on any device."""
    retention: Retention = Retention()
    """When what the exam leaves is erased; the candidate's notice names these days."""
    feature_log: bool = Field(default=False, strict=True)
    """Whether what was measured in each window of 5 s is logged for a later classifier, of candidates who
    agreed to that purpose of its own. Nodes are told by a key to seal it to, not by this field."""
    candidate: CandidateTerms | None = None
    """Set by `for_candidate` in a session's effective policy; refused in an exam's own."""

    @field_validator("rules")
    @classmethod
    def _checked(cls, rules: dict[EventType, EventRule]) -> dict[EventType, EventRule]:
        if problems := [
            problem for event, rule in rules.items() for problem in contradictions.of_rule(event, rule)
        ]:
            raise Contradictions(problems)
        return rules

    @field_validator("without_acknowledgement")
    @classmethod
    def _of_sessions(cls, purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
        for purpose in purposes:
            if purpose not in OF_SESSIONS:
                raise ValueError(f"{purpose} always requires the candidate's own consent")
        return purposes

    @field_validator("sounds", "phrases", "without_acknowledgement")
    @classmethod
    def _distinct(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len({value.casefold() for value in values}) != len(values):
            raise ValueError("an entry is given twice")
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if problems := list(self._contradictions()):
            raise Contradictions(problems)
        return self

    def _contradictions(self) -> Iterator[Problem]:
        episodes = self.rule(EventType.FREQUENT_DISTRACTION).threshold or 0
        yield from contradictions.stages(self.own_rule)
        yield from contradictions.waits(self.rules)
        yield from contradictions.cadences(self.cadences_hz, self.max_gap_s, self.liveness_checks)
        yield from contradictions.counters(episodes, self.distraction, self.movement)
        yield from contradictions.fused(self.fusion, self.cadences_hz, self.own_rule)
        if self.phrases and not self.features.speech_transcription:
            yield "phrases", "need features.speech_transcription, which is switched off"

    @property
    def recognises_speech(self) -> bool:
        """Whether exam and candidate both agreed to speech recognition."""
        agreed = self.candidate is not None and self.candidate.speech_opt_in
        return agreed and self.features.audio_monitoring and self.features.speech_transcription

    @property
    def muted(self) -> frozenset[EventType]:
        """Events that are not evaluated for this candidate."""
        return frozenset(self.candidate.accommodation.muted) if self.candidate else frozenset()

    @property
    def zone(self) -> GazeZone:
        """The gaze zone in force; a zone that the exam sets itself overrides the preset."""
        factor = PRESETS[self.sensitivity].zone_factor if self.gaze_zone == GazeZone() else 1.0
        if self.candidate is not None:
            factor *= self.candidate.accommodation.gaze_zone_factor
        return self.gaze_zone.scaled(factor) if factor != 1.0 else self.gaze_zone

    @property
    def mismatches(self) -> int:
        """Consecutive mismatches that raise FACE_MISMATCH for this candidate; more with a relaxed hold."""
        factor = self._relaxation(EventType.FACE_MISMATCH).hold_factor
        return ceil(self.mismatch_checks * factor)

    def own_rule(self, event: EventType) -> EventRule:
        """The exam's own rule, or the table's, before preset and candidate."""
        return self.rules.get(event, DEFAULT_RULES[event])

    def rule(self, event: EventType) -> EventRule:
        """The rule in force for an event: the exam's own or the table's, with the sensitivity preset of
        conduct and the candidate's accommodation. A later stage is never raised before the earlier one."""
        rule = self._agreed(event)
        sooner = EVENTS[event].later_stage_of
        if sooner is None or not rule.enabled or not (first := self._agreed(sooner)).enabled:
            return rule
        return rule.model_copy(update={"hold_s": max(rule.hold_s, first.hold_s)})

    def _agreed(self, event: EventType) -> EventRule:
        rule = self._preset(event, self.own_rule(event))
        if self.candidate is None:
            return rule
        if event in self.muted:
            return rule.model_copy(update={"enabled": False})
        relaxed = self._relaxation(event)
        changes: dict[str, float] = {"hold_s": rule.hold_s * relaxed.hold_factor}
        if relaxed.threshold is not None:
            changes["threshold"] = relaxed.threshold
        return rule.model_copy(update=changes)

    def _relaxation(self, event: EventType) -> Relaxation:
        agreed = None if self.candidate is None else self.candidate.accommodation.relaxed.get(event)
        return agreed or Relaxation()

    def for_candidate(self, accommodation: Accommodation, *, speech_opt_in: bool = False) -> Policy:
        """The effective policy of one candidate's session: this one with the candidate's terms.

        Raises `Rejected` ("accommodation-invalid", 422) when a relaxed threshold is stricter than the
        exam's own or out of range, and when there is no hold to lengthen.
        """
        plain = self.model_copy(update={"candidate": None})
        problems = [
            problem
            for event, relaxed in accommodation.relaxed.items()
            for problem in contradictions.of_relaxation(event, relaxed, plain.rule(event))
        ]
        if problems:
            raise refused("accommodation", problems)
        terms = CandidateTerms(accommodation=accommodation, speech_opt_in=speech_opt_in)
        return self.model_copy(update={"candidate": terms})

    def _preset(self, event: EventType, rule: EventRule) -> EventRule:
        if event_class(event) is not EventClass.CONDUCT or self.sensitivity is Sensitivity.MEDIUM:
            return rule
        preset = PRESETS[self.sensitivity]
        threshold = rule.threshold
        if threshold == DEFAULT_RULES[event].threshold:
            threshold = preset.thresholds.get(event, threshold)
        return rule.model_copy(update={"hold_s": rule.hold_s * preset.hold_factor, "threshold": threshold})


def parse_policy(value: Mapping[str, Any]) -> Policy:
    """Parse an exam's policy, as somebody writes it, from JSON or YAML data; a rule may name only the fields
    it changes.

    Raises `Rejected` ("policy-invalid", 422) naming the path of everything that is wrong.
    """
    policy = policy_in_force(value)
    if problems := list(contradictions.calls(policy.rules)):
        raise refused("policy", problems)
    return policy


def policy_in_force(value: Mapping[str, Any]) -> Policy:
    """The same for what is made of a policy in force, which may have what nobody may write any more."""
    data = dict(value)
    rules = data.get("rules")
    if isinstance(rules, Mapping):
        data["rules"] = {name: _with_defaults(name, rule) for name, rule in rules.items()}
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        raise refused("policy", problems_of("policy", error)) from error
    if policy.candidate is not None:
        problem = ("candidate", "is agreed with one candidate and added when a session starts")
        raise refused("policy", [problem])
    return policy


def parse_accommodation(value: Mapping[str, Any]) -> Accommodation:
    """Parse an accommodation. Raises `Rejected` ("accommodation-invalid", 422) naming each wrong path."""
    try:
        return Accommodation.model_validate(dict(value))
    except ValidationError as error:
        raise refused("accommodation", problems_of("accommodation", error)) from error


def _with_defaults(name: str, rule: Any) -> Any:
    if not isinstance(rule, Mapping) or name not in DEFAULT_RULES:
        return rule
    return DEFAULT_RULES[EventType(name)].model_dump() | dict(rule)
