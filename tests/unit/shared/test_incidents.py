"""Findings close together are one incident, whatever order they come in and however late."""

from __future__ import annotations

import pytest

from shared.alerts import alert_id
from shared.events.types import Action, EventType
from shared.incidents import LONGEST_S, WITHIN_S, IncidentGroup, group
from tests.support.alerts import MADE_UTC, SESSION
from tests.support.lasting import LATER, TECHNICAL, at, found


def spans(incidents: list[IncidentGroup]) -> list[tuple[float, float | None, int]]:
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
    lasting, later = found(EventType.LEFT_FRAME, 0, None), found(EventType.VOICE_DETECTED, 40, 5)
    assert spans(group([lasting, later], at(50))) == [(0, None, 2)]
    assert spans(group([lasting, later], at(20))) == [(0, None, 1), (40, 45, 1)]


@pytest.mark.parametrize(("onset_s", "incidents"), [(LONGEST_S, 1), (LONGEST_S + 0.1, 2), (290, 2)])
def test_what_begins_more_than_a_minute_after_the_first_is_the_next_incident(
    onset_s: float, incidents: int
) -> None:
    lasting, later = found(EventType.LEFT_FRAME, 0, 300), found(EventType.VOICE_DETECTED, onset_s, 5)
    assert len(group([lasting, later], LATER)) == incidents


def test_a_chain_of_findings_is_cut_after_a_minute() -> None:
    chain = [found(EventType.FACE_NOT_FOUND, onset_s, 5) for onset_s in range(0, 180, 12)]
    assert spans(group(chain, LATER)) == [(0, 65, 6), (72, 137, 6), (144, 173, 3)]


def test_a_late_arrival_joins_two_incidents() -> None:
    apart = [found(EventType.FACE_NOT_FOUND, 0, 5), found(EventType.FACE_NOT_FOUND, 24, 5)]
    assert len(group(apart, LATER)) == 2
    assert spans(group([*apart, found(EventType.VOICE_DETECTED, 14, 2)], LATER)) == [(0, 29, 3)]


def test_of_two_revisions_the_one_that_ended_counts() -> None:
    raised, cleared = found(EventType.LEFT_FRAME, 0, None), found(EventType.LEFT_FRAME, 0, 9)
    for order in ([raised, cleared], [cleared, raised]):
        assert spans(group(order, LATER)) == [(0, 9, 1)]


def test_ids_are_those_of_the_alerts() -> None:
    (incident,) = group([found(EventType.LEFT_FRAME, 3, 4)], LATER)
    assert incident.alerts == (alert_id(SESSION, EventType.LEFT_FRAME, 3),)
