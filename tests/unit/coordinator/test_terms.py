"""The policy and the times of a session."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coordinator.sessions.starting.terms import Window, session_policy as policy_under, session_times
from shared.api.sessions import SessionStartRequest
from shared.errors import Rejected
from shared.events.types import EventType
from shared.policy.rules import Sensitivity
from shared.policy.schema import Policy

DEFAULT = Policy()
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def request(**fields: Any) -> SessionStartRequest:
    return SessionStartRequest.model_validate({"candidate_id": "CAND-1", "exam_id": "EXAM-1", **fields})


def session_policy(wished: SessionStartRequest, in_force: Policy = DEFAULT) -> Policy:
    return policy_under(wished, in_force)


def test_without_a_word_the_default_policy_holds() -> None:
    assert session_policy(request()) == Policy()


def test_the_seeds_override_reaches_the_rules_it_means() -> None:
    policy = session_policy(
        request(
            verification_policy={
                "face_match_threshold": 0.8,
                "gaze_tolerance_degrees": 45,
                "max_offline_seconds": 20,
                "alert_sensitivity": "high",
            },
            features_enabled={"face_verification": True, "audio_monitoring": False},
        )
    )
    assert policy.rule(EventType.FACE_MISMATCH).threshold == 0.8
    assert policy.rule(EventType.FACE_MISMATCH).severity == 0.9
    assert policy.rule(EventType.CANDIDATE_OFFLINE).hold_s == 20
    assert (policy.zone.yaw_deg, policy.zone.min_pitch_deg) == (45, -35)
    assert policy.sensitivity is Sensitivity.HIGH
    assert policy.features.audio_monitoring is False
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


def test_an_override_changes_the_given_policy_and_not_the_default_one() -> None:
    policy = session_policy(
        request(
            policy={"version": 7, "rules": {"FACE_MISMATCH": {"severity": 0.5}}},
            verification_policy={"face_match_threshold": 0.6},
        )
    )
    rule = policy.rule(EventType.FACE_MISMATCH)
    assert (policy.version, rule.severity, rule.threshold) == (7, 0.5, 0.6)


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ({"mismatch_chekcs": 3}, "mismatch_chekcs"),
        ({"rules": {"FACE_NOT_FOUND": {"hold": 3}}}, "rules.FACE_NOT_FOUND.hold"),
        ({"rules": {"STRESS": {}}}, "rules.STRESS"),
        ({"enrollment_gate": {"min_face_px": 1}}, "enrollment_gate.min_face_px"),
    ],
)
def test_an_unknown_or_impossible_policy_field_is_refused_with_its_path(
    policy: dict[str, Any], path: str
) -> None:
    with pytest.raises(Rejected, match=path) as refused:
        session_policy(request(policy=policy))
    assert (refused.value.status, refused.value.code) == (422, "policy-invalid")


@pytest.mark.parametrize(
    ("metadata", "minutes", "lead_minutes"),
    [
        ({}, 180, 0),
        ({"exam_duration_minutes": 120}, 120, 0),
        ({"exam_duration_minutes": 120, "start_time": "2026-11-22T15:00:00Z", "room": "7"}, 180, 60),
        ({"exam_duration_minutes": 120, "start_time": "2025-12-12T14:00:00Z"}, 120, 0),
        ({"exam_duration_minutes": 60, "start_time": "2026-11-23T14:00:00Z"}, 25 * 60, 24 * 60),
    ],
)
def test_a_session_lasts_as_long_as_its_exam(
    metadata: dict[str, Any], minutes: float, lead_minutes: float
) -> None:
    times = session_times(metadata, NOW)
    assert times.expires_utc == NOW + timedelta(minutes=minutes)
    assert times.begins_utc == NOW + timedelta(minutes=lead_minutes)


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"exam_duration_minutes": 0}, "exam_duration_minutes"),
        ({"exam_duration_minutes": 1e9}, "exam_duration_minutes"),
        ({"exam_duration_minutes": "long"}, "exam_duration_minutes"),
        ({"start_time": "tomorrow"}, "start_time"),
        ({"start_time": "2026-11-22T14:00:00"}, "start_time"),
        ({"start_time": "2026-11-24T14:00:00Z"}, "start_time"),
    ],
)
def test_an_impossible_time_is_refused_by_its_field(metadata: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        session_times(metadata, NOW)
    assert refused.value.status == 422
    [error] = refused.value.errors
    assert sorted(error) == ["message", "path"]
    assert error["path"] == f"body.metadata.{field}"
    assert str(refused.value) == f"{error['path']}: {error['message']}"
    assert refused.value.code == "invalid-request"


def test_the_exams_policy_holds_unless_the_request_brings_one() -> None:
    in_force = Policy(version=4, mismatch_checks=7)
    assert session_policy(request(), in_force) == in_force
    assert session_policy(request(policy={}), in_force) == Policy()
    overridden = session_policy(request(verification_policy={"face_match_threshold": 0.6}), in_force)
    assert (overridden.version, overridden.mismatch_checks) == (4, 7)
    assert overridden.rule(EventType.FACE_MISMATCH).threshold == 0.6


def test_an_exam_whose_older_policy_lets_liveness_call_people_is_held_but_none_is_written() -> None:
    rules = {"PRESENTATION_ATTACK": {"enabled": True, "hold_s": 10.0, "threshold": 0.2, "action": "escalate"}}
    in_force = Policy.model_validate({"version": 4, "rules": rules})
    assert session_policy(request(), in_force) == in_force
    with pytest.raises(Rejected, match="calls nobody by itself"):
        session_policy(request(policy={"rules": rules}), in_force)


def test_an_override_that_contradicts_the_exams_policy_is_refused() -> None:
    in_force = Policy.model_validate({"features": {"speech_transcription": True}, "phrases": ["what is"]})
    with pytest.raises(Rejected, match="phrases") as refused:
        session_policy(request(features_enabled={"speech_transcription": False}), in_force)
    assert refused.value.code == "policy-invalid"


def test_an_exams_window_bounds_its_sessions_and_extra_time_comes_on_top() -> None:
    hour = timedelta(hours=1)
    window = Window(opens_utc=NOW + hour, closes_utc=NOW + 2 * hour, extra=timedelta(minutes=20))
    assert session_times({}, NOW, window).expires_utc == NOW + 2 * hour + timedelta(minutes=20)
    early = session_times({"exam_duration_minutes": 30}, NOW, window)
    assert early.expires_utc == NOW + hour + timedelta(minutes=50)
    assert early.begins_utc == NOW + hour
    with pytest.raises(Rejected) as closed:
        session_times({}, NOW + 2 * hour, window)
    assert (closed.value.status, closed.value.code) == (409, "exam-closed")
