"""A proctor's act as an alert: who, why, and what the candidate reads."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from coordinator.interventions.record import Intervention, alert_of
from coordinator.sessions.milestones import Subject
from shared.events.types import EventClass, EventType

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
SUBJECT = Subject(
    session_id=UUID(int=1),
    exam_session_id="SESS-1",
    candidate_id="CAND-1",
    exam_id="EXAM-1",
    started_utc=datetime(2026, 11, 22, 14, tzinfo=UTC),
    node_id=UUID(int=2),
    region="campus",
    policy_version=3,
)


def done(event: EventType, **more: object) -> Intervention:
    return Intervention(event=event, by="ann", role="proctor", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", [e for e in EventType if e.startswith("PROCTOR_")])
def test_every_act_has_its_sentence_and_no_severity(event: EventType) -> None:
    message = "Hello." if event is EventType.PROCTOR_MESSAGE else ""
    minutes = 5 if event is EventType.PROCTOR_EXTRA_TIME else None
    alert = alert_of(SUBJECT, done(event, message=message, reason="Alarm.", minutes=minutes), NOW)
    assert (alert.event_class, alert.severity_score) == (EventClass.PROCTOR, 0.0)
    assert (alert.onset, alert.cleared) == (NOW, NOW)
    assert alert.explanation
    assert alert.message
    assert alert.evidence.items() >= {"by": "ann", "role": "proctor", "reason": "Alarm."}.items()


@pytest.mark.parametrize(
    ("minutes", "text"), [(1, "You have 1 more minute."), (10, "You have 10 more minutes.")]
)
def test_extra_time_is_told_in_minutes(minutes: int, text: str) -> None:
    alert = alert_of(SUBJECT, done(EventType.PROCTOR_EXTRA_TIME, minutes=minutes), NOW)
    assert (alert.message, alert.evidence["minutes"]) == (text, minutes)


def test_a_message_stands_as_it_was_written_and_a_reason_is_not_told() -> None:
    assert alert_of(SUBJECT, done(EventType.PROCTOR_MESSAGE, message="Hi."), NOW).message == "Hi."
    assert "Alarm" not in alert_of(SUBJECT, done(EventType.PROCTOR_PAUSE, reason="Alarm."), NOW).message
