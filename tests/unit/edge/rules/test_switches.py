"""An exam in which everything happens: each event is found where its rule is on, never where it is off."""

from __future__ import annotations

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.bounded import MOST
from edge.rules.findings import Phase
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.policy.rules import DEFAULT_RULES, NOT_OBSERVED
from shared.policy.schema import Policy
from shared.policy.terms import Features
from tests.support.everything import exam_of_everything, policy_of_everything
from tests.support.observations import play

FOUND = [event for event in DEFAULT_RULES if event not in NOT_OBSERVED]

NOT_SEEN = (EventType.SECOND_DEVICE,)
"""What happens without an observation that shows it."""


def everything(muted: tuple[EventType, ...] = ()) -> set[str]:
    """What is found of an exam in which everything happens, with every rule on but the muted ones."""
    policy = policy_of_everything()
    rules = {event: policy.rule(event).model_copy(update={"enabled": False}) for event in muted}
    policy = policy.model_copy(update={"rules": {**policy.rules, **rules}})
    monitor = Monitor(monitor_settings(policy))
    found = play(monitor, exam_of_everything())
    for event in NOT_SEEN:
        found += monitor.happened(event, found[-1].at_s)
    return {each.event.value for each in found} - {"CALIBRATED"}


def test_everything_that_happens_is_found() -> None:
    assert everything() == {event.value for event in FOUND}


@pytest.mark.parametrize("event", FOUND)
def test_an_event_that_is_switched_off_is_never_found(event: EventType) -> None:
    assert event.value not in everything(muted=(event,))


def test_features_switch_their_events_off() -> None:
    features = Features(face_verification=False, pose_analysis=False, audio_monitoring=False)
    off = {
        EventType.FACE_MISMATCH,
        EventType.IDENTITY_UNVERIFIED,
        EventType.PRESENTATION_ATTACK,
        EventType.LEFT_FRAME,
        EventType.HAND_NEAR_EAR,
        EventType.MULTIPLE_PERSONS,
        EventType.VOICE_DETECTED,
        EventType.MULTIPLE_SPEAKERS,
        EventType.AUDIO_ANOMALY,
        EventType.MICROPHONE_MUTED,
        EventType.HIGH_CONFIDENCE_CHEATING,
    }
    asked = Policy().rule(EventType.PRESENTATION_ATTACK).model_copy(update={"enabled": True})
    rules = {EventType.PRESENTATION_ATTACK: asked}
    on = set(monitor_settings(Policy(rules=rules)).rules)
    assert on - set(monitor_settings(Policy(rules=rules, features=features)).rules) == off
    without_gaze = set(monitor_settings(Policy(rules=rules, features=Features(gaze_tracking=False))).rules)
    assert on - without_gaze == {
        EventType.GAZE_OFF_SCREEN,
        EventType.PROLONGED_LOOK_AWAY,
        EventType.FREQUENT_DISTRACTION,
        EventType.HEAD_DOWN,
        EventType.HEAD_TURNED_AWAY,
        EventType.SUSPICIOUS_MOVEMENT,
        EventType.HIGH_CONFIDENCE_CHEATING,
    }


def test_what_happens_again_and_again_becomes_no_storm() -> None:
    monitor = Monitor(monitor_settings(Policy()))
    raised = [
        each
        for second in range(30)
        for each in monitor.happened(EventType.SECOND_DEVICE, float(second))
        if each.phase is Phase.RAISED
    ]
    assert len(raised) == MOST
