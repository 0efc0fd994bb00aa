"""A policy is data: the defaults, overrides by field, everything else refused by its path."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType
from shared.policy.rules import DEFAULT_RULES, THRESHOLD_UNITS, Sensitivity
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import GazeZone


@pytest.mark.parametrize(
    ("event", "hold_s", "clear_s", "severity", "action"),
    [
        ("MULTIPLE_FACES", 3, 2, 0.7, "escalate"),
        ("FACE_NOT_FOUND", 5, 1, 0.5, "warning"),
        ("PRESENCE_LOSS", 3, 2, 0.4, "warning"),
        ("FACE_MISMATCH", 0, 0, 0.9, "escalate"),
        ("IDENTITY_UNVERIFIED", 30, 0, 0.0, "warning"),
        ("LEFT_FRAME", 5, 2, 0.8, "escalate"),
        ("PRESENTATION_ATTACK", 10, 10, 0.4, "none"),
        ("GAZE_OFF_SCREEN", 4, 1, 0.4, "warning"),
        ("PROLONGED_LOOK_AWAY", 10, 1, 0.6, "warning"),
        ("FREQUENT_DISTRACTION", 0, 60, 0.5, "warning"),
        ("HEAD_DOWN", 3, 1, 0.5, "warning"),
        ("HEAD_TURNED_AWAY", 3, 1, 0.5, "warning"),
        ("SUSPICIOUS_MOVEMENT", 0, 30, 0.2, "none"),
        ("HAND_NEAR_EAR", 4, 2, 0.5, "warning"),
        ("MULTIPLE_PERSONS", 3, 3, 0.7, "escalate"),
        ("PHONE_VISIBLE", 2, 3, 0.7, "escalate"),
        ("BOOK_VISIBLE", 2, 3, 0.5, "warning"),
        ("VOICE_DETECTED", 2, 2, 0.5, "warning"),
        ("MULTIPLE_SPEAKERS", 0, 10, 0.7, "escalate"),
        ("AUDIO_ANOMALY", 1, 3, 0.3, "none"),
        ("KEYWORD_SPOKEN", 0, 0, 0.7, "escalate"),
        ("HIGH_CONFIDENCE_CHEATING", 0, 0, 0.95, "escalate"),
        ("CAMERA_FROZEN", 10, 1, 0.0, "warning"),
        ("MICROPHONE_MUTED", 10, 1, 0.0, "warning"),
        ("CAMERA_BLOCKED", 3, 1, 0.0, "warning"),
        ("PICTURE_IN_VIEW", 20, 10, 0.0, "none"),
        ("NOT_JUDGED", 30, 5, 0.0, "none"),
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
            if wanted == 1.0:
                assert policy.rule(event) == default


def test_a_low_sensitivity_is_harder_to_reach_everywhere_and_a_high_one_easier() -> None:
    low, high = (parse_policy({"sensitivity": name}) for name in ("low", "high"))
    for event, known in THRESHOLD_UNITS.items():
        usual, hard, easy = (each.rule(event).threshold for each in (Policy(), low, high))
        assert usual is not None
        assert hard is not None
        assert easy is not None
        assert known.relaxes(hard, usual)
        assert known.relaxes(usual, easy)
        assert known.low <= hard <= known.high
        assert known.low <= easy <= known.high
    assert low.zone.yaw_deg > Policy().zone.yaw_deg > high.zone.yaw_deg


def test_a_threshold_and_a_zone_that_the_exam_names_stand_against_the_preset() -> None:
    policy = parse_policy(
        {"sensitivity": "high", "rules": {"HEAD_DOWN": {"threshold": 33}}, "gaze_zone": {"yaw_deg": 40}}
    )
    assert policy.rule(EventType.HEAD_DOWN).threshold == 33
    assert policy.zone.yaw_deg == 40


def test_the_seeds_gaze_tolerance_is_half_the_yaw_with_pitch_in_proportion() -> None:
    zone = GazeZone().with_tolerance(45)
    assert (zone.min_pitch_deg, zone.max_pitch_deg, zone.yaw_deg) == (-35, 25, 45)
    assert GazeZone().with_tolerance(30) == GazeZone()


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
        ({"rules": {"BOREDOM": {"hold_s": 3}}}, "rules.BOREDOM: is no name known here"),
        ({"rules": {"CALIBRATED": {"hold_s": 3}}}, "CALIBRATED"),
        ({"rules": {"FACE_NOT_FOUND": {"hold_s": -1}}}, "hold_s"),
        ({"rules": {"FACE_NOT_FOUND": {"hold_s": float("nan")}}}, "hold_s"),
        (
            {"rules": {"FACE_NOT_FOUND": {"threshold": 0.5}}},
            "rules.FACE_NOT_FOUND.threshold: FACE_NOT_FOUND takes no threshold",
        ),
        ({"rules": {"FACE_MISMATCH": {"threshold": 75}}}, "similarity"),
        ({"rules": {"FACE_MISMATCH": {"threshold": None}}}, "similarity"),
        (
            {"rules": {"STREAM_STALLED": {"severity": 0.3}}},
            "rules.STREAM_STALLED.severity: technical events never add suspicion",
        ),
        ({"rules": {"FACE_NOT_FOUND": {"hold_s": True}}}, "rules.FACE_NOT_FOUND.hold_s"),
        ({"rules": {"FACE_NOT_FOUND": {"clear_s": "3"}}}, "rules.FACE_NOT_FOUND.clear_s"),
        ({"rules": {"HEAD_DOWN": {"threshold": True}}}, "rules.HEAD_DOWN.threshold"),
        ({"rules": {"HEAD_DOWN": {"severity": True}}}, "rules.HEAD_DOWN.severity"),
        (
            {"rules": {"PRESENTATION_ATTACK": {"enabled": True, "action": "escalate"}}},
            "rules.PRESENTATION_ATTACK.action",
        ),
        (
            {"rules": {"PRESENTATION_ATTACK": {"enabled": True, "action": "auto-pause"}}},
            "rules.PRESENTATION_ATTACK.action",
        ),
        ({"rules": {"HEAD_DOWN": {"enabled": 0}}}, "rules.HEAD_DOWN.enabled"),
        ({"mismatch_checks": 1}, "mismatch_checks"),
        ({"enrollment_gate": {"min_brightness": 200, "max_brightness": 100}}, "enrollment_gate"),
        ({"version": 2**40}, "version"),
        ({"rules": [1, 2]}, "rules"),
        ({"rules": {"FACE_NOT_FOUND": 7}}, "FACE_NOT_FOUND"),
        ({"rules": {"PROCTOR_PAUSE": {}}}, "PROCTOR_PAUSE"),
        ({"rules": {"HEAD_DOWN": {"threshold": -30}}}, "rules.HEAD_DOWN.threshold: (degrees below"),
        ({"rules": {"PROLONGED_LOOK_AWAY": {"hold_s": 2}}}, "rules.PROLONGED_LOOK_AWAY.hold_s: 2 s"),
        ({"rules": {"STREAM_STALLED": {"hold_s": 30}}}, "rules.CANDIDATE_OFFLINE.hold_s"),
        ({"rules": {"PICTURE_IN_VIEW": {"hold_s": 9}}}, "rules.PICTURE_IN_VIEW.hold_s: must be at least 10"),
        ({"gaze_zone": {"min_pitch_deg": 20}}, "gaze_zone"),
        ({"gaze_zone": {"yaw_deg": 500}}, "gaze_zone.yaw_deg"),
        ({"sounds": ["sobbing"]}, "sounds.0"),
        ({"sounds": ["door", "door"]}, "sounds: an entry is given twice"),
        ({"without_acknowledgement": ["speech-transcription"]}, "requires the candidate's own consent"),
        ({"without_acknowledgement": ["camera-monitoring"] * 2}, "is given twice"),
        ({"without_acknowledgement": ["advertising"]}, "without_acknowledgement.0"),
        ({"phrases": ["hey"]}, "phrases: need features.speech_transcription"),
        ({"features": {"speech_transcription": True}, "phrases": ["Hey", "hey"]}, "is given twice"),
        ({"fusion": {"terms": [{"event": "VOICE_DETECTED"}]}}, "fusion.terms"),
        ({"fusion": {"terms": [{"event": "CAMERA_BLOCKED"}, {"event": "LEFT_FRAME"}]}}, "fusion.terms.0"),
        ({"fusion": {"terms": [{"event": "LEFT_FRAME"}, {"event": "LEFT_FRAME"}]}}, "is given twice"),
        ({"cadences_hz": {"faces": 1000}}, "cadences_hz.faces"),
        ({"cadences_hz": {"moods": 1}}, "cadences_hz.moods"),
        ({"candidate": {"speech_opt_in": True}}, "candidate: is agreed with one candidate"),
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


def test_things_and_pictures_of_faces_are_looked_for_only_where_the_exam_asks() -> None:
    assert [event for event, rule in DEFAULT_RULES.items() if not rule.enabled] == [
        EventType.PRESENTATION_ATTACK, EventType.PHONE_VISIBLE, EventType.BOOK_VISIBLE]  # fmt: skip
    assert parse_policy({"rules": {"PHONE_VISIBLE": {"enabled": True}}}).rule(EventType.PHONE_VISIBLE).enabled


def test_a_stage_that_is_switched_off_contradicts_nothing() -> None:
    rules = {"PROLONGED_LOOK_AWAY": {"hold_s": 2}, "GAZE_OFF_SCREEN": {"enabled": False}}
    assert parse_policy({"rules": rules}).rule(EventType.PROLONGED_LOOK_AWAY).hold_s == 2


def test_every_wrong_path_is_named_at_once() -> None:
    with pytest.raises(Rejected) as refused:
        parse_policy({"colour": "red", "mismatch_checks": 0})
    assert {error["path"] for error in refused.value.errors} == {"colour", "mismatch_checks"}
