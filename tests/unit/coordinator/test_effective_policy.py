"""An exam's policy with what is agreed with one candidate in it."""

from coordinator.accommodations.agreed import effective
from shared.events.types import EventType
from shared.policy.schema import Policy, parse_accommodation, parse_policy

AGREED = parse_accommodation(
    {
        "muted": ["GAZE_OFF_SCREEN"],
        "relaxed": {"FACE_MISMATCH": {"threshold": 0.6, "hold_factor": 2}},
    }
)


def test_what_is_muted_and_relaxed_is_so_in_force() -> None:
    policy = effective(Policy(), AGREED, speech_opt_in=True)
    assert policy.rule(EventType.GAZE_OFF_SCREEN).enabled is False
    assert policy.rule(EventType.FACE_MISMATCH).threshold == 0.6
    assert policy.candidate is not None
    assert policy.candidate.speech_opt_in is True


def test_a_threshold_that_the_exam_has_become_milder_than_is_left_out() -> None:
    milder = parse_policy({"rules": {"FACE_MISMATCH": {"threshold": 0.5}}})
    policy = effective(milder, AGREED, speech_opt_in=False)
    assert policy.rule(EventType.FACE_MISMATCH).threshold == 0.5
    assert policy.rule(EventType.GAZE_OFF_SCREEN).enabled is False


def test_a_hold_that_the_exam_has_given_up_is_no_longer_relaxed() -> None:
    at_once = parse_policy({"rules": {"LEFT_FRAME": {"hold_s": 0}}})
    agreed = parse_accommodation({"relaxed": {"LEFT_FRAME": {"hold_factor": 2}}})
    assert effective(at_once, agreed, speech_opt_in=False).rule(EventType.LEFT_FRAME).hold_s == 0
    assert effective(Policy(), agreed, speech_opt_in=False).rule(EventType.LEFT_FRAME).hold_s == 10
