"""Severities under another policy, by the node's own formula."""

from __future__ import annotations

from uuid import UUID

import pytest

from coordinator.reviews.rescore import rescored, rescored_incidents, rescored_session
from shared.alerts import Alert
from shared.events.table import event_class
from shared.events.types import EventType
from shared.policy.schema import Policy, parse_accommodation, parse_policy
from shared.severity import severity_of
from tests.support.alerts import SESSION, alert


def found(event: EventType, duration_s: float, confidence: float = 0.8, **changes: object) -> Alert:
    """An alert as a node under the default policy writes it."""
    rule = Policy().rule(event)
    score = severity_of(rule.severity, confidence=confidence, duration_s=duration_s, hold_s=rule.hold_s)
    base = {"duration": duration_s, "confidence": confidence, "severity_score": score}
    return alert(SESSION, duration_s, event).model_copy(
        update=base | {"event_class": event_class(event)} | changes
    )


@pytest.mark.parametrize("event", [EventType.FACE_NOT_FOUND, EventType.FACE_MISMATCH, EventType.LEFT_FRAME])
def test_the_policy_it_was_found_under_gives_the_same_score(event: EventType) -> None:
    one = found(event, 37.5)
    again = rescored(one, Policy())
    assert (again.rescored, again.would_be_raised) == (one.severity_score, True)
    assert again.original == one.severity_score


def test_another_severity_in_the_rule_gives_another_score() -> None:
    gentler = parse_policy({"rules": {"FACE_NOT_FOUND": {"severity": 0.1}}})
    again = rescored(found(EventType.FACE_NOT_FOUND, 35.0), gentler)
    assert again.rescored == severity_of(0.1, confidence=0.8, duration_s=35.0, hold_s=5.0)
    assert again.rescored < again.original


@pytest.mark.parametrize("rule", [{"hold_s": 20}, {"enabled": False}])
def test_what_the_policy_would_not_have_raised_has_no_score(rule: dict[str, object]) -> None:
    again = rescored(found(EventType.FACE_NOT_FOUND, 12.0), parse_policy({"rules": {"FACE_NOT_FOUND": rule}}))
    assert (again.rescored, again.would_be_raised) == (0.0, False)


def test_a_duration_rounded_below_the_hold_still_counts() -> None:
    assert rescored(found(EventType.FACE_NOT_FOUND, 4.9995), Policy()).would_be_raised


def test_two_things_at_once_weigh_more_than_either() -> None:
    alone = found(EventType.HEAD_TURNED_AWAY, 10.0)
    both = alone.model_copy(update={"evidence": {"together_with": "GAZE_OFF_SCREEN"}})
    expected = severity_of(1 - 0.5 * 0.6, confidence=0.8, duration_s=10.0, hold_s=3.0)
    assert rescored(both, Policy()).rescored == expected > rescored(alone, Policy()).rescored


def test_what_was_agreed_with_the_candidate_holds() -> None:
    agreed = parse_accommodation({"relaxed": {"FACE_NOT_FOUND": {"hold_factor": 3}}})
    again = rescored(found(EventType.FACE_NOT_FOUND, 12.0), Policy().for_candidate(agreed))
    assert not again.would_be_raised


def test_only_what_can_be_suspicious_is_scored_and_each_incident_by_its_worst() -> None:
    quiet, grave = found(EventType.FACE_NOT_FOUND, 6.0), found(EventType.LEFT_FRAME, 60.0)
    technical = found(EventType.STREAM_STALLED, 5.0, severity_score=0.0)
    scored = rescored_session([quiet, grave, technical], Policy())
    assert [one.event_type for one in scored] == [EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME]
    home = UUID(int=7)
    [incident] = rescored_incidents(scored, {quiet.event_id: home, grave.event_id: home})
    assert (incident.incident_id, incident.original) == (str(home), grave.severity_score)
    assert rescored_incidents(scored, {}) == []
