"""An incident keeps its id and its review while findings come late, join it or leave it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from coordinator.incidents.regroup import KnownIncident, Placed, place
from shared.incidents import Span, gather

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
OLD, NEW = UUID(int=1), UUID(int=2)


def span(number: int, from_s: float, to_s: float | None) -> Span:
    at = [None if s is None else START + timedelta(seconds=s) for s in (from_s, to_s)]
    assert at[0] is not None
    return Span(UUID(int=number), at[0], at[0], at[1])


def placed(spans: list[Span], known: list[KnownIncident], members: dict[int, UUID]) -> list[Placed]:
    groups = gather(spans, START + timedelta(hours=1))
    return place(groups, known, {UUID(int=n): incident for n, incident in members.items()})


def ids(result: list[Placed]) -> list[tuple[UUID | None, list[int], tuple[UUID, ...]]]:
    return [(one.incident_id, [s.alert_id.int for s in one.spans], one.absorbed) for one in result]


def test_findings_nobody_knew_are_new_incidents() -> None:
    result = placed([span(11, 0, 5), span(12, 60, 65)], [], {})
    assert ids(result) == [(None, [11], ()), (None, [12], ())]


def test_an_earlier_finding_that_comes_late_extends_the_incident_under_its_id() -> None:
    result = placed([span(11, 10, 15), span(12, 0, 5)], [KnownIncident(OLD, 0)], {11: OLD})
    assert ids(result) == [(OLD, [12, 11], ())]


def test_two_incidents_that_a_late_finding_joins_become_the_older() -> None:
    spans = [span(11, 0, 5), span(12, 20, 25), span(13, 12, 14)]
    result = placed(spans, [KnownIncident(NEW, 0), KnownIncident(OLD, 0)], {11: NEW, 12: OLD})
    assert ids(result) == [(OLD, [11, 13, 12], (NEW,))]


def test_of_two_that_meet_the_one_whose_review_has_come_further_stays() -> None:
    spans = [span(11, 0, 5), span(12, 8, 25)]
    result = placed(spans, [KnownIncident(OLD, 0), KnownIncident(NEW, 2)], {11: OLD, 12: NEW})
    assert ids(result) == [(NEW, [11, 12], (OLD,))]


def test_an_incident_that_parts_stays_with_its_first_finding() -> None:
    # 11 seemed to last when 12 came; its late end shows that a minute lay between them.
    spans = [span(11, 0, 5), span(12, 65, 70)]
    result = placed(spans, [KnownIncident(OLD, 2)], {11: OLD, 12: OLD})
    assert ids(result) == [(OLD, [11], ()), (None, [12], ())]


def test_grouping_again_what_is_grouped_changes_nothing() -> None:
    spans = [span(11, 0, 5), span(12, 60, 65)]
    known = [KnownIncident(OLD, 0), KnownIncident(NEW, 0)]
    assert ids(placed(spans, known, {11: OLD, 12: NEW})) == [(OLD, [11], ()), (NEW, [12], ())]


def test_members_of_a_merged_incident_do_not_bring_it_back() -> None:
    assert ids(placed([span(11, 0, 5)], [], {11: OLD})) == [(None, [11], ())]
