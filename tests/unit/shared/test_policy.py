"""A policy is data: the defaults, overrides by field, everything else refused by its path."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from shared.events import Action, EventClass, EventType, event_class
from shared.policy import DEFAULT_RULES, THRESHOLD_UNITS, Policy, Sensitivity, parse_policy


@pytest.mark.parametrize(
    ("event", "hold_s", "clear_s", "severity", "action"),
    [
        ("MULTIPLE_FACES", 3, 2, 0.7, "escalate"),
        ("FACE_NOT_FOUND", 5, 1, 0.5, "warning"),
        ("PRESENCE_LOSS", 3, 2, 0.4, "warning"),
        ("FACE_MISMATCH", 0, 0, 0.9, "escalate"),
        ("IDENTITY_UNVERIFIED", 30, 0, 0.0, "warning"),
        ("LEFT_FRAME", 5, 2, 0.8, "escalate"),
        ("VOICE_DETECTED", 2, 2, 0.5, "warning"),
        ("CAMERA_BLOCKED", 3, 1, 0.0, "warning"),
        ("STREAM_STALLED", 3, 0, 0.0, "none"),
        ("CANDIDATE_OFFLINE", 10, 0, 0.0, "none"),
    ],
)
def test_defaults_are_the_specifications(
    event: str, hold_s: float, clear_s: float, severity: float, action: str
) -> None:
    rule = Policy().rule(EventType(event))
    assert (rule.hold_s, rule.clear_s, rule.severity, rule.action) == (
        hold_s, clear_s, severity, Action(action))  # fmt: skip


def test_a_rule_may_name_only_what_it_changes() -> None:
    policy = parse_policy({"rules": {"FACE_MISMATCH": {"threshold": 0.8}}})
    rule = policy.rule(EventType.FACE_MISMATCH)
    assert (rule.threshold, rule.severity, rule.action) == (0.8, 0.9, Action.ESCALATE)


def test_sensitivity_scales_the_holds_of_conduct_alone() -> None:
    for sensitivity, factor in ((Sensitivity.LOW, 1.5), (Sensitivity.MEDIUM, 1.0), (Sensitivity.HIGH, 0.75)):
        policy = parse_policy({"sensitivity": sensitivity.value})
        for event, default in DEFAULT_RULES.items():
            wanted = factor if event_class(event) is EventClass.CONDUCT else 1.0
            assert policy.rule(event).hold_s == pytest.approx(default.hold_s * wanted)


def test_technical_events_weigh_nothing_and_every_threshold_has_its_unit() -> None:
    for event, rule in DEFAULT_RULES.items():
        assert (rule.threshold is not None) == (event in THRESHOLD_UNITS)
        if event_class(event) is EventClass.TECHNICAL:
            assert rule.severity == 0.0


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"features": {"telepathy": True}}, "features.telepathy"),
        ({"rules": {"FACE_NOT_FOUND": {"hold": 3}}}, "hold"),
        ({"rules": {"BOREDOM": {"hold_s": 3}}}, "BOREDOM"),
        ({"rules": {"CALIBRATED": {"hold_s": 3}}}, "CALIBRATED"),
        ({"rules": {"FACE_NOT_FOUND": {"hold_s": -1}}}, "hold_s"),
        ({"rules": {"FACE_NOT_FOUND": {"hold_s": float("nan")}}}, "hold_s"),
        ({"rules": {"FACE_NOT_FOUND": {"threshold": 0.5}}}, "FACE_NOT_FOUND: takes no threshold"),
        ({"rules": {"FACE_MISMATCH": {"threshold": 75}}}, "similarity"),
        ({"rules": {"FACE_MISMATCH": {"threshold": None}}}, "similarity"),
        ({"rules": {"STREAM_STALLED": {"severity": 0.3}}}, "technical events never add suspicion"),
        ({"mismatch_checks": 1}, "mismatch_checks"),
        ({"enrollment_gate": {"min_brightness": 200, "max_brightness": 100}}, "enrollment_gate"),
        ({"version": 2**40}, "version"),
        ({"rules": [1, 2]}, "rules"),
        ({"rules": {"FACE_NOT_FOUND": 7}}, "FACE_NOT_FOUND"),
    ],
)
def test_what_is_wrong_is_refused_by_name(data: dict[str, Any], named: str) -> None:
    with pytest.raises(Rejected) as refused:
        parse_policy(data)
    assert named in str(refused.value)
    assert (refused.value.code, refused.value.status) == ("policy-invalid", 422)


def test_a_policy_survives_its_json() -> None:
    policy = parse_policy({"version": 3, "sensitivity": "high", "rules": {"LEFT_FRAME": {"enabled": False}}})
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
