"""Findings close together are one incident, whatever order they come in and however late."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.alerts import Alert, alert_id
from shared.events import Action, EventClass, EventType, event_class
from shared.incidents import WITHIN_S, Incident, group
from tests.support.alerts import MADE_UTC, SESSION, alert

CONDUCT = [EventType.FACE_NOT_FOUND, EventType.VOICE_DETECTED, EventType.FACE_MISMATCH, EventType.LEFT_FRAME]
TECHNICAL = [EventType.STREAM_STALLED, EventType.CALIBRATED, EventType.PROCTOR_FLAG]
LATER = MADE_UTC + timedelta(hours=3)


def at(second: float) -> datetime:
    return MADE_UTC + timedelta(seconds=second)


def found(
    event: EventType, onset_s: float, length_s: float | None, severity: float = 0.5, action: str = "warning"
) -> Alert:
    """An alert from `onset_s` on; without a length it still lasts."""
    kind = event_class(event)
    return alert(SESSION, onset_s, event).model_copy(
        update={
            "event_class": kind,
            "severity_score": severity if kind in (EventClass.CONDUCT, EventClass.IDENTITY) else 0.0,
            "onset": at(onset_s),
            "raised": at(onset_s + 1),
            "cleared": None if length_s is None else at(onset_s + length_s),
            "duration": length_s or 1.0,
            "action_required": Action(action),
        }
    )


def spans(incidents: list[Incident]) -> list[tuple[float, float | None, int]]:
    return [
        (
            (i.begins - MADE_UTC).total_seconds(),
            None if i.ends is None else (i.ends - MADE_UTC).total_seconds(),
            len(i.alerts),
        )
        for i in incidents
    ]


@pytest.mark.parametrize(
    ("gap_s", "incidents"), [(0.0, 1), (9.9, 1), (WITHIN_S, 1), (WITHIN_S + 0.1, 2), (60.0, 2)]
)
def test_ten_seconds_between_the_spans_part_two_incidents(gap_s: float, incidents: int) -> None:
    first = found(EventType.FACE_NOT_FOUND, 0, 20)
    assert len(group([first, found(EventType.VOICE_DETECTED, 20 + gap_s, 5)], LATER)) == incidents


def test_an_incident_has_the_worst_severity_the_gravest_advice_and_all_evidence() -> None:
    absent = found(EventType.FACE_NOT_FOUND, 0, 5, 0.5)
    left = found(EventType.LEFT_FRAME, 1, 8, 0.85, "escalate")
    again = found(EventType.FACE_NOT_FOUND, 12, 5, 0.6)
    (incident,) = group([again, left, absent], LATER)
    assert (incident.severity, incident.action) == (0.85, Action.ESCALATE)
    assert incident.events == (EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME)
    assert incident.alerts == (absent.event_id, left.event_id, again.event_id)
    assert incident.evidence == {str(each.event_id): each.evidence for each in (absent, left, again)}
    assert (incident.begins, incident.ends) == (at(0), at(17))


def test_technical_trouble_joins_no_incident_and_bridges_none() -> None:
    apart = [found(EventType.FACE_NOT_FOUND, 0, 5), found(EventType.FACE_NOT_FOUND, 30, 5)]
    between = [found(event, 6, 23) for event in TECHNICAL]
    assert spans(group([*apart, *between], LATER)) == [(0, 5, 1), (30, 35, 1)]


def test_what_lasts_reaches_until_now() -> None:
    lasting, later = found(EventType.LEFT_FRAME, 0, None), found(EventType.VOICE_DETECTED, 300, 5)
    assert spans(group([lasting, later], at(310))) == [(0, None, 2)]
    assert spans(group([lasting, later], at(20))) == [(0, None, 1), (300, 305, 1)]


def test_a_late_arrival_joins_two_incidents() -> None:
    apart = [found(EventType.FACE_NOT_FOUND, 0, 5), found(EventType.FACE_NOT_FOUND, 24, 5)]
    assert len(group(apart, LATER)) == 2
    assert spans(group([*apart, found(EventType.VOICE_DETECTED, 14, 2)], LATER)) == [(0, 29, 3)]


def test_of_two_revisions_the_one_that_ended_counts() -> None:
    raised, cleared = found(EventType.LEFT_FRAME, 0, None), found(EventType.LEFT_FRAME, 0, 9)
    for order in ([raised, cleared], [cleared, raised]):
        assert spans(group(order, LATER)) == [(0, 9, 1)]


seconds = st.integers(0, 120)
kinds = st.sampled_from([*CONDUCT, *TECHNICAL])
many = st.lists(
    st.builds(found, kinds, seconds, st.none() | st.integers(1, 30), st.sampled_from([0.2, 0.5, 0.9])),
    max_size=10,
    unique_by=lambda each: each.event_id,
)


@settings(deadline=None, max_examples=40)
@given(many, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(alerts: list[Alert], chance: object) -> None:
    shuffled = list(alerts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group(shuffled, LATER) == group(alerts, LATER)


@settings(deadline=None, max_examples=40)
@given(many)
def test_every_finding_is_in_exactly_one_incident_and_incidents_lie_apart(alerts: list[Alert]) -> None:
    incidents = group(alerts, LATER)
    wanted = {a.event_id for a in alerts if a.event_type in CONDUCT}
    listed: list[UUID] = [one for incident in incidents for one in incident.alerts]
    assert sorted(listed) == sorted(wanted)
    for earlier, later in pairwise(incidents):
        assert earlier.ends is not None
        assert (later.begins - earlier.ends).total_seconds() > WITHIN_S
    assert all(
        incident.severity == max(a.severity_score for a in alerts if a.event_id in incident.alerts)
        for incident in incidents
    )


@settings(deadline=None, max_examples=40)
@given(many, st.builds(found, st.sampled_from(CONDUCT), seconds, st.integers(1, 30)))
def test_a_late_finding_never_parts_what_belonged_together(alerts: list[Alert], late: Alert) -> None:
    before = group([a for a in alerts if a.event_id != late.event_id], LATER)
    after = group([*(a for a in alerts if a.event_id != late.event_id), late], LATER)
    for incident in before:
        assert any(set(incident.alerts) <= set(other.alerts) for other in after)


def test_ids_are_those_of_the_alerts() -> None:
    (incident,) = group([found(EventType.LEFT_FRAME, 3, 4)], LATER)
    assert incident.alerts == (alert_id(SESSION, EventType.LEFT_FRAME, 3),)
