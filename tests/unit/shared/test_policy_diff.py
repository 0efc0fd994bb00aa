"""A difference between policies is one between rules in force."""

from __future__ import annotations

from shared.policy.diff import Change, differences
from shared.policy.schema import Policy, parse_policy


def test_equal_policies_differ_in_nothing_and_a_version_is_no_difference() -> None:
    assert differences(Policy(), parse_policy({"version": 9, "rules": {"LEFT_FRAME": {}}})) == []


def test_a_changed_rule_is_named_with_both_values() -> None:
    after = parse_policy({"rules": {"HEAD_DOWN": {"threshold": 40}}, "gaze_zone": {"yaw_deg": 35}})
    assert differences(Policy(), after) == [
        Change("gaze_zone.yaw_deg", 30, 35),
        Change("rules.HEAD_DOWN.threshold", 30, 40),
    ]


def test_a_preset_shows_what_it_does_to_the_rules() -> None:
    paths = {change.path for change in differences(Policy(), parse_policy({"sensitivity": "low"}))}
    assert {"sensitivity", "rules.LEFT_FRAME.hold_s", "rules.HEAD_DOWN.threshold"} <= paths
    assert not any("FACE_MISMATCH" in path for path in paths)
