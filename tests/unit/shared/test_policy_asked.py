"""What a policy asks for: events that are watched, and the looks they need."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from shared.events.looks import Look
from shared.events.table import EVENTS
from shared.events.types import EventType, Feature
from shared.policy.asked import looks_asked_for, switched_on, watched
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation

SPOKEN = {"features": {"speech_transcription": True}, "phrases": ["what is the answer"]}
SEEN = {Look.FACES, Look.HEAD, Look.GAZE, Look.IDENTITY, Look.BODY, Look.OBJECTS}
ORDINARY = SEEN | {Look.SPEECH, Look.SPEAKERS, Look.SOUNDS}
GAZE = ("GAZE_OFF_SCREEN", "PROLONGED_LOOK_AWAY", "FREQUENT_DISTRACTION")


def on(*events: str) -> dict[str, Any]:
    return {"rules": {event: {"enabled": True} for event in events}}


def off(*events: str) -> dict[str, Any]:
    return {"rules": {event: {"enabled": False} for event in events}}


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        ({}, ORDINARY),
        ({"features": {"face_verification": False}}, ORDINARY - {Look.IDENTITY}),
        (on("PRESENTATION_ATTACK"), ORDINARY | {Look.LIVENESS}),
        (
            {"features": {"face_verification": False}} | on("PRESENTATION_ATTACK"),
            ORDINARY - {Look.IDENTITY},
        ),
        ({"features": {"gaze_tracking": False}}, ORDINARY - {Look.HEAD, Look.GAZE}),
        ({"features": {"pose_analysis": False}}, ORDINARY - {Look.BODY, Look.OBJECTS}),
        (
            {"features": {"pose_analysis": False}, "rules": {"BOOK_VISIBLE": {"enabled": True}}},
            ORDINARY - {Look.BODY},
        ),
        (
            {"features": {"audio_monitoring": False}},
            ORDINARY - {Look.SPEECH, Look.SPEAKERS, Look.SOUNDS},
        ),
        (off(*GAZE[:2]), ORDINARY),
        (off(*GAZE), ORDINARY - {Look.GAZE}),
        (off("HEAD_DOWN", "HEAD_TURNED_AWAY", "SUSPICIOUS_MOVEMENT", *GAZE), ORDINARY - {Look.GAZE}),
        (off("MULTIPLE_PERSONS"), ORDINARY - {Look.OBJECTS}),
        (off("MULTIPLE_SPEAKERS"), ORDINARY - {Look.SPEAKERS}),
        ({"sounds": []}, ORDINARY - {Look.SOUNDS}),
    ],
)
def test_looks_follow_features_and_events(data: dict[str, Any], looks: set[Look]) -> None:
    assert looks_asked_for(parse_policy(data)) == looks


def test_phrases_are_sought_where_exam_and_candidate_agree() -> None:
    exam = parse_policy(SPOKEN)
    agreed = exam.for_candidate(Accommodation(), speech_opt_in=True)
    assert looks_asked_for(agreed) - looks_asked_for(exam) == {Look.PHRASES}
    assert {*watched(agreed)} - {*watched(exam)} == {EventType.KEYWORD_SPOKEN}
    assert switched_on(agreed) - switched_on(exam) == {Feature.SPEECH_TRANSCRIPTION}


@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("speech", [True, False])
@pytest.mark.parametrize("agreed", [True, False])
def test_speech_is_recognised_where_the_exam_hears_and_recognises_and_the_candidate_agreed(
    *, sound: bool, speech: bool, agreed: bool
) -> None:
    exam = parse_policy({"features": {"audio_monitoring": sound, "speech_transcription": speech}})
    policy = exam.for_candidate(Accommodation(), speech_opt_in=agreed)
    assert policy.recognises_speech is (sound and speech and agreed)
    assert exam.recognises_speech is False


def test_all_that_rules_find_is_watched_but_what_only_an_exam_asks_for() -> None:
    found = {event for event, row in EVENTS.items() if row.observed}
    off = {event for event, row in EVENTS.items() if row.rule is not None and not row.rule.enabled}
    assert EventType.PHONE_VISIBLE in off
    assert {*watched(Policy())} == found - off - {EventType.KEYWORD_SPOKEN}


def test_what_is_muted_for_a_candidate_is_not_watched() -> None:
    muted = Policy().for_candidate(Accommodation(muted=(EventType.HEAD_DOWN,)))
    assert {*watched(Policy())} - {*watched(muted)} == {EventType.HEAD_DOWN}


@pytest.mark.parametrize("look", [Look.SPEECH, Look.PHRASES])
def test_a_policy_names_no_cadence_of_what_hears_every_window(look: Look) -> None:
    with pytest.raises(Rejected, match="no name known here"):
        parse_policy({"cadences_hz": {look.value: 1}})
    assert parse_policy({"cadences_hz": {"speakers": 1}}).cadences_hz == {Look.SPEAKERS: 1}
