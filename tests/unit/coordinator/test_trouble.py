"""Which nodes are troubled, and what their sessions are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.nodes.marks import Gap, Lost, Progress, gap_of
from coordinator.sessions.milestones import Subject
from coordinator.sessions.trouble.wrong import (
    NOTICED_WITHIN,
    OpenGap,
    clock_alert,
    gap_alert,
    gaps_since,
    lost_alert,
    missing_reports,
    open_gaps,
    right_clocks,
    together,
    wrong_clocks,
)
from shared.alerts import Alert
from shared.events.types import Action, EventClass, EventType
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)
SUBJECT = Subject(
    session_id=UUID(int=7),
    exam_session_id="SESS-1",
    candidate_id="CAND-1",
    exam_id="EXAM-1",
    started_utc=NOW - timedelta(minutes=10),
    node_id=FIRST,
    region="campus",
    policy_version=1,
)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("progress", "missing"),
    [(Progress(5), None), (Progress(5, ((7, 7),)), 1), (Progress(0, ((3, 4), (9, 9))), 6)],
)
def test_what_is_missing_lies_between_the_mark_and_what_came(progress: Progress, missing: int | None) -> None:
    gap = gap_of(progress)
    assert (None if gap is None else gap.missing) == missing


def test_a_session_that_left_a_node_shortly_before_a_gap_was_noticed_may_have_lost_something() -> None:
    gaps = [(FIRST, OpenGap(Gap(3, 2), after(9))), (FIRST, OpenGap(Gap(0, 1), NOW))]
    found = gaps_since([*gaps, (SECOND, OpenGap(Gap(0, 1), after(5)))])
    assert found == {FIRST: NOW - NOTICED_WITHIN, SECOND: after(5) - NOTICED_WITHIN}
    assert gaps_since([]) == {}


def test_a_gap_is_told_when_its_mark_has_stood_still_for_half_a_minute() -> None:
    def told(known: dict[str, OpenGap], seconds: float) -> object:
        return missing_reports(((FIRST, one) for one in known.values()), after(seconds))

    known = open_gaps({}, {"a": Gap(3, 2)}, NOW)
    assert told(known, 29) == {}
    known = open_gaps(known, {"a": Gap(3, 4), "b": Gap(0, 1)}, after(29))
    assert told(known, 30) == {FIRST: {"missing": 4, "lost": False}}
    assert told(known, 59) == {FIRST: {"missing": 5, "lost": False}}
    known = open_gaps(known, {"a": Gap(4, 1)}, after(60))  # it has moved: another gap
    assert told(known, 61) == {}
    assert open_gaps(known, {}, after(62)) == {}


def test_a_clock_is_wrong_above_the_bound_and_right_again_well_below_it() -> None:
    skews_s = {FIRST: -MAX_CLOCK_SKEW_S - 0.1, SECOND: MAX_CLOCK_SKEW_S - 0.1}
    assert list(wrong_clocks(skews_s)) == [FIRST]
    assert right_clocks(skews_s) == set()
    assert right_clocks({FIRST: MAX_CLOCK_SKEW_S / 2, SECOND: -0.2}) == {FIRST, SECOND}


def test_losses_of_one_node_are_told_as_one() -> None:
    losses = [Lost(FIRST, 2, NOW), Lost(SECOND, 9, NOW), Lost(FIRST, 3, after(-60))]
    assert together(losses) == [Lost(FIRST, 5, after(-60)), Lost(SECOND, 9, NOW)]


def harmless(alert: Alert) -> bool:
    return (alert.event_class, alert.severity_score, alert.action_required, alert.message) == (
        EventClass.TECHNICAL,
        0.0,
        Action.NONE,
        "",
    )


def test_the_alerts_say_the_figures_and_weigh_nothing() -> None:
    clock = clock_alert(SUBJECT, wrong_clocks({FIRST: -40.0})[FIRST], NOW)
    assert clock.explanation == "The clocks of node and coordinator differed by 40.0 s (bound 25.0 s)."
    assert clock.evidence == {"skew_seconds": -40.0, "skew_seconds_bound": 25.0}
    gap = gap_alert(SUBJECT, {"missing": 3, "lost": False}, NOW)
    assert gap.explanation.startswith("3 alerts of the node have not arrived")
    assert gap.explanation.endswith("they were requested again.")
    assert (clock.cleared, gap.cleared) == (None, None)
    assert harmless(clock)
    assert harmless(gap)


@pytest.mark.parametrize(("since_s", "lasts_s"), [(-60, 60), (-3_600, 600)])
def test_a_loss_may_be_about_all_the_time_since_the_last_report(since_s: float, lasts_s: float) -> None:
    alert = lost_alert(SUBJECT, Lost(FIRST, 2, after(since_s)), NOW)
    assert (alert.event_type, alert.duration, alert.cleared) == (EventType.ALERT_GAP, lasts_s, NOW)
    assert alert.onset == after(-lasts_s)
    assert alert.explanation.endswith("the node no longer has them.")
    assert harmless(alert)
    assert lost_alert(SUBJECT, Lost(FIRST, 2, after(-1.2346)), NOW).duration == 1.235
    later = lost_alert(SUBJECT, Lost(FIRST, 1, after(since_s)), after(5))
    assert later.event_id != alert.event_id
