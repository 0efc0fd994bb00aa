"""When people are told that a page is not there, and what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.sessions.absence.waiting import (
    FIRST_COMING_S,
    Awaited,
    absence_alert,
    awaited,
    ended_absence,
)
from coordinator.sessions.milestones import Subject
from shared.events.types import EventClass, EventType
from shared.policy.rules import DEFAULT_RULES

BEGAN = datetime(2026, 11, 22, 14, tzinfo=UTC)
RULE = DEFAULT_RULES[EventType.CANDIDATE_OFFLINE]
SUBJECT = Subject(
    session_id=UUID(int=1),
    exam_session_id="SESS-1",
    candidate_id="CAND-1",
    exam_id="EXAM-1",
    started_utc=BEGAN - timedelta(minutes=20),
    node_id=UUID(int=2),
    region="campus",
    policy_version=3,
)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("from_beginning", "hold_s", "bound_s"),
    [(False, 10.0, 10.0), (False, 300.0, 300.0), (True, 10.0, FIRST_COMING_S), (True, 300.0, 300.0)],
)
def test_nobody_is_missed_before_the_bound_and_everybody_at_it(
    from_beginning: bool, hold_s: float, bound_s: float
) -> None:
    page = Awaited(BEGAN, RULE.model_copy(update={"hold_s": hold_s}), from_beginning)
    assert page.bound_s == bound_s
    assert [page.missed(after(at)) for at in (-600.0, 0.0, bound_s - 0.1, bound_s)] == [
        False, False, False, True,
    ]  # fmt: skip


def test_a_policy_that_does_not_ask_is_not_told() -> None:
    page = Awaited(BEGAN, RULE.model_copy(update={"enabled": False}), from_beginning=False)
    assert not page.missed(after(3_600))


@pytest.mark.parametrize("from_beginning", [True, False])
def test_the_alert_is_technical_weighs_nothing_and_says_that_it_proves_nothing(from_beginning: bool) -> None:
    page = Awaited(BEGAN, RULE, from_beginning)
    alert = absence_alert(SUBJECT, page, after(75))
    assert (alert.event_class, alert.severity_score) == (EventClass.TECHNICAL, 0.0)
    assert (alert.onset, alert.raised, alert.cleared, alert.duration) == (BEGAN, after(75), None, 75.0)
    assert alert.evidence["since_beginning"] is from_beginning
    assert ("since the exam began" in alert.explanation) is from_beginning
    assert "for 75 s: nobody was watched, which says nothing about the candidate" in alert.explanation
    assert absence_alert(SUBJECT, page, after(80)).event_id == alert.event_id


@pytest.mark.parametrize("from_beginning", [True, False])
def test_an_absence_that_is_over_says_one_duration(from_beginning: bool) -> None:
    raised = absence_alert(SUBJECT, Awaited(BEGAN, RULE, from_beginning), after(64))
    over = ended_absence(raised, after(130))
    assert (over.raised, over.cleared, over.duration) == (after(64), after(130), 130.0)
    assert over.evidence == {**raised.evidence, "duration_seconds": 130.0}
    assert "for 130 s" in over.explanation
    assert "64" not in over.explanation
    assert ("since the exam began" in over.explanation) is from_beginning
    assert over.event_id == raised.event_id
    early = ended_absence(raised, after(60))  # the session's end lies before its raising
    assert (early.cleared, early.duration) == (after(64), 60.0)


@pytest.mark.parametrize(
    ("seen_after_s", "came", "since_s", "from_beginning"),
    [
        (-7_200.0, False, 0.0, True),
        (5.0, False, 0.0, True),
        (5.0, True, 5.0, False),
        (FIRST_COMING_S, False, FIRST_COMING_S, False),
        (3_600.0, True, 3_600.0, False),
    ],
)
def test_that_no_page_ever_came_is_said_only_by_who_has_looked_from_the_beginning(
    seen_after_s: float, came: bool, since_s: float, from_beginning: bool
) -> None:
    page = awaited(BEGAN, RULE, after(seen_after_s), came=came)
    assert page == Awaited(after(since_s), RULE, from_beginning)
