"""What is agreed with one candidate mutes or relaxes, never tightens, and stands in the effective policy."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from shared.events.types import EventType
from shared.policy.rules import DEFAULT_RULES
from shared.policy.schema import Policy, parse_accommodation, parse_policy
from shared.policy.terms import Accommodation


def effective(accommodation: dict[str, Any], policy: dict[str, Any] | None = None) -> Policy:
    return parse_policy(policy or {}).for_candidate(parse_accommodation(accommodation))


def test_a_muted_event_is_off_and_recorded_and_nothing_else_changes() -> None:
    policy = effective({"muted": ["VOICE_DETECTED"]})
    assert policy.muted == {EventType.VOICE_DETECTED}
    for event, rule in DEFAULT_RULES.items():
        assert policy.rule(event).enabled is (rule.enabled and event is not EventType.VOICE_DETECTED)


def test_a_relaxed_event_holds_longer_and_lies_further_off() -> None:
    relaxed = {"HEAD_DOWN": {"hold_factor": 3, "threshold": 50}, "PRESENCE_LOSS": {"threshold": 0.1}}
    policy = effective({"relaxed": relaxed, "gaze_zone_factor": 2})
    rule = policy.rule(EventType.HEAD_DOWN)
    assert (rule.hold_s, rule.threshold, rule.enabled) == (9, 50, True)
    assert policy.rule(EventType.PRESENCE_LOSS).threshold == 0.1
    assert (policy.zone.yaw_deg, policy.gaze_zone.yaw_deg) == (60, 30)


def test_a_relaxed_mismatch_counts_more_checks() -> None:
    assert effective({"relaxed": {"FACE_MISMATCH": {"hold_factor": 1.5}}}).mismatches == 6
    assert Policy().mismatches == 4


def test_a_later_stage_never_comes_before_a_relaxed_sooner_one() -> None:
    policy = effective({"relaxed": {"GAZE_OFF_SCREEN": {"hold_factor": 5}}})
    assert policy.rule(EventType.GAZE_OFF_SCREEN).hold_s == 20
    assert policy.rule(EventType.PROLONGED_LOOK_AWAY).hold_s == 20
    muted = effective({"muted": ["GAZE_OFF_SCREEN"]})
    assert muted.rule(EventType.PROLONGED_LOOK_AWAY).hold_s == 10


def test_nothing_agreed_changes_nothing_in_force() -> None:
    plain, policy = Policy(), Policy().for_candidate(Accommodation())
    assert all(policy.rule(event) == plain.rule(event) for event in DEFAULT_RULES)
    assert policy.zone == plain.zone


def test_the_effective_policy_survives_its_json_and_is_refused_as_an_exams_own() -> None:
    policy = effective({"muted": ["HEAD_DOWN"], "relaxed": {"LEFT_FRAME": {"hold_factor": 2}}})
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    with pytest.raises(Rejected, match="candidate"):
        parse_policy(policy.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("accommodation", "named"),
    [
        ({"muted": ["BOREDOM"]}, "muted.0"),
        ({"muted": ["STREAM_STALLED"]}, "only events of conduct and identity"),
        ({"muted": ["SUBMITTED"]}, "only events of conduct and identity"),
        ({"muted": ["HEAD_DOWN"], "relaxed": {"HEAD_DOWN": {}}}, "muted and relaxed"),
        ({"muted": ["HEAD_DOWN", "HEAD_DOWN"]}, "twice"),
        ({"relaxed": {"HEAD_DOWN": {"hold_factor": 0.5}}}, "relaxed.HEAD_DOWN.hold_factor"),
        ({"relaxed": {"HEAD_DOWN": {"threshold": 20}}}, "relaxed.HEAD_DOWN.threshold"),
        ({"relaxed": {"HEAD_DOWN": {"threshold": 500}}}, "relaxed.HEAD_DOWN.threshold"),
        ({"relaxed": {"PRESENCE_LOSS": {"threshold": 0.5}}}, "relaxed.PRESENCE_LOSS.threshold"),
        ({"relaxed": {"LEFT_FRAME": {"threshold": 0.5}}}, "takes no threshold"),
        ({"relaxed": {"KEYWORD_SPOKEN": {"hold_factor": 2}}}, "relaxed.KEYWORD_SPOKEN.hold_factor"),
        ({"gaze_zone_factor": 0.5}, "gaze_zone_factor"),
        ({"diagnosis": "private"}, "diagnosis"),
    ],
)
def test_what_cannot_be_agreed_is_refused_by_its_path(accommodation: dict[str, Any], named: str) -> None:
    with pytest.raises(Rejected) as refused:
        effective(accommodation)
    assert named in str(refused.value)
    assert (refused.value.code, refused.value.status) == ("accommodation-invalid", 422)
