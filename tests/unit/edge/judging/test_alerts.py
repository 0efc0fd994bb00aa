"""A finding written down as an alert, and the sentences beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from edge.judging.alerts import write_alert
from edge.judging.explanations import explain, message
from edge.rules.findings import Evidence, Finding, Phase
from shared.alerts import Shown, alert_id, decode_shown, encode_alert, seed_message
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType
from shared.policy.rules import DEFAULT_RULES, NOT_OBSERVED
from shared.policy.schema import parse_policy
from tests.support.watched import SESSION_ID, STARTED, watched

FOUND = [event for event in DEFAULT_RULES if event not in NOT_OBSERVED]
"""What a node's rules find."""
SAID = FOUND + [event for event in EventType if event_class(event) is EventClass.MILESTONE]
MISMATCH: Evidence = {
    "enrolled_embedding_id": "uuid",
    "current_similarity": 0.68,
    "threshold": 0.75,
    "frame_quality_score": 0.85,
    "consecutive_mismatches": 4,
}
LEFT: Evidence = {
    "visible_keypoints": 5,
    "duration_seconds": 7.2,
    "last_seen_pose": 61.5,
    "hold_seconds": 5.0,
}


def finding(
    event: EventType, evidence: Evidence, *, phase: Phase = Phase.RAISED, at_s: float = 67.2
) -> Finding:
    return Finding(
        event=event, phase=phase, onset_s=60.0, raised_s=67.2, at_s=at_s, confidence=0.64, evidence=evidence
    )


def test_the_seeds_mismatch_is_expressed_with_its_evidence_and_gravity() -> None:
    written = write_alert(watched(), finding(EventType.FACE_MISMATCH, MISMATCH), level=1)
    alert = written.alert
    assert written.revision == 1
    assert alert.evidence == dict(MISMATCH)
    assert 0.91 < alert.severity_score < 0.93
    assert (alert.event_class, alert.action_required) == (EventClass.IDENTITY, Action.ESCALATE)


def test_the_seeds_departure_is_expressed_with_instants_in_utc() -> None:
    alert = write_alert(watched(), finding(EventType.LEFT_FRAME, LEFT), level=1).alert
    assert alert.evidence["last_seen_pose"] == "2026-11-22T14:01:01.500Z"
    assert (alert.evidence["visible_keypoints"], alert.evidence["duration_seconds"]) == (5, 7.2)
    assert 0.83 < alert.severity_score < 0.9


def test_the_seeds_socket_message_comes_from_the_alert() -> None:
    alert = write_alert(watched(), finding(EventType.LEFT_FRAME, LEFT), level=1).alert
    said = seed_message(Shown(alert))
    assert said["type"] == "alert"
    assert said["event_id"] == str(alert_id(SESSION_ID, EventType.LEFT_FRAME, 60.0))
    assert said["timestamp"] == "2026-11-22T14:01:07.200Z"
    assert said["dismiss_after_seconds"] == 10


def test_raising_and_clearing_are_two_revisions_of_one_alert() -> None:
    raised = write_alert(watched(), finding(EventType.LEFT_FRAME, LEFT), level=1)
    over = finding(EventType.LEFT_FRAME, LEFT, phase=Phase.CLEARED, at_s=90.0)
    cleared = write_alert(watched(), over, level=1)
    assert (raised.revision, cleared.revision) == (1, 2)
    assert raised.alert.event_id == cleared.alert.event_id
    assert raised.alert.raised == cleared.alert.raised == STARTED + timedelta(seconds=67.2)
    assert (raised.alert.cleared, cleared.alert.cleared) == (None, STARTED + timedelta(seconds=90))
    assert (raised.alert.duration, cleared.alert.duration) == (7.2, 30.0)
    assert cleared.alert.severity_score > raised.alert.severity_score


def test_the_same_finding_is_written_to_the_same_bytes_and_read_back() -> None:
    first, second = (
        encode_alert(write_alert(watched(), finding(EventType.LEFT_FRAME, LEFT), level=2).alert) for _ in "12"
    )
    assert first == second
    assert encode_alert(decode_shown(first).alert) == first


def test_what_is_not_known_is_left_out_of_the_evidence() -> None:
    alert = write_alert(
        watched(), finding(EventType.LEFT_FRAME, {**LEFT, "last_seen_pose": None}), level=1
    ).alert
    assert "last_seen_pose" not in alert.evidence


def test_technical_trouble_and_milestones_weigh_nothing_however_long() -> None:
    stall = finding(EventType.STREAM_STALLED, {}, phase=Phase.CLEARED, at_s=3_600.0)
    assert write_alert(watched(), stall, level=1).alert.severity_score == 0.0
    assert write_alert(watched(), finding(EventType.CALIBRATED, {}), level=1).alert.severity_score == 0.0


def test_the_policy_decides_base_severity_and_advice() -> None:
    policy = parse_policy({"version": 7, "rules": {"LEFT_FRAME": {"severity": 0.1, "action": "none"}}})
    alert = write_alert(watched(policy), finding(EventType.LEFT_FRAME, LEFT), level=1).alert
    assert alert.severity_score < 0.4
    assert (alert.action_required, alert.metadata.policy_version) == (Action.NONE, 7)


@pytest.mark.parametrize("event", EventType)
def test_every_event_of_the_closed_list_is_explained_even_without_its_values(event: EventType) -> None:
    sentence = explain(finding(event, {}))
    assert sentence.endswith(".")
    assert len(sentence) > 10
    assert not re.search(r"[{}]", sentence)


@pytest.mark.parametrize("event", SAID)
def test_the_candidates_words_carry_no_number_and_no_reproach(event: EventType) -> None:
    for phase in Phase:
        words = message(finding(event, MISMATCH, phase=phase))
        assert not re.search(r"\d|score|threshold|similarity|cheat|suspicio|violation|fraud", words.lower())


@pytest.mark.parametrize("event", EventType)
def test_explanations_report_and_never_judge(event: EventType) -> None:
    words = explain(finding(event, MISMATCH)).lower()
    assert not re.search(r"cheat|suspicio|violation|fraud|nervous|stress|attention|engage|guilty", words)


@pytest.mark.parametrize("event", FOUND)
def test_everything_found_tells_the_candidate_something(event: EventType) -> None:
    assert message(finding(event, {}))
    assert message(finding(event, {}, phase=Phase.CLEARED))


def test_an_explanation_names_values_and_bounds() -> None:
    assert explain(finding(EventType.LEFT_FRAME, LEFT)) == (
        "No shoulders were in the picture for 7.2 s (bound 5.0 s; 5 of 33 body points visible)."
    )


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        ("", "no check could be made"),
        ("brightness, yaw", "the pictures failed: brightness, yaw"),
        ("likeness", "the recogniser could not tell whether it is the enrolled face"),
    ],
)
def test_why_identity_was_not_verified_is_told(gates: str, words: str) -> None:
    assert words in explain(finding(EventType.IDENTITY_UNVERIFIED, {"failed_gates": gates}))


def test_two_signs_at_once_are_one_alert_that_weighs_more_than_either() -> None:
    turned = finding(EventType.HEAD_TURNED_AWAY, {"hold_seconds": 3.0})
    alone = write_alert(watched(), turned, level=1).alert
    both = write_alert(watched(), replace(turned, together_with=EventType.GAZE_OFF_SCREEN), level=1).alert
    gaze = write_alert(watched(), finding(EventType.GAZE_OFF_SCREEN, {}), level=1).alert
    assert both.severity_score > max(alone.severity_score, gaze.severity_score)
    assert both.evidence["together_with"] == "GAZE_OFF_SCREEN"
    assert both.explanation.endswith("The gaze was off the screen at the same time.")


def test_what_does_not_count_and_what_came_again_is_told_beside_the_duration() -> None:
    words = explain(finding(EventType.LEFT_FRAME, {**LEFT, "unseen_seconds": 66.0, "raised_again": 3}))
    assert words.endswith(
        " For 66.0 s in between it was unknown; they do not count."
        " It came again 3 times; these have no alert of their own."
    )


def test_an_event_open_at_the_end_says_so() -> None:
    words = explain(finding(EventType.LEFT_FRAME, {**LEFT, "open_at_end": True}))
    assert words.endswith("It still held when watching ended.")
