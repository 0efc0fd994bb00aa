"""A report made out of gathered values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.alerts.stored import Stored
from coordinator.reports.facts import Gathered, report
from shared.api.incidents import IncidentOut
from shared.api.reports import ReportedIncident
from shared.api.sessions import SessionOut
from shared.events.types import EventType
from shared.policy.schema import Policy
from tests.support.alerts import MADE_UTC, SESSION, alert

NOW = MADE_UTC + timedelta(hours=2)
OVER = SessionOut(
    session_id="SESS-1",
    session_uuid=str(SESSION),
    candidate_id="CAND-1",
    exam_id="EXAM-1",
    status="ended",
    started_at=MADE_UTC,
    ended_at=MADE_UTC + timedelta(hours=1),
    session_expires_at=MADE_UTC + timedelta(hours=3),
    edge_node=str(UUID(int=5)),
    policy_version=1,
    paused_at=None,
)
EMPTY = Gathered(
    session=OVER,
    policy=Policy().model_dump(mode="json"),
    enrolled=True,
    stored=(),
    erased=0,
    incidents=(),
    homes={},
    acknowledged=(),
    policy_changes=(),
)


def stored(event: EventType, onset_s: float = 1.0) -> Stored:
    return Stored(alert(SESSION, onset_s, event), SESSION, 1, MADE_UTC)


def incident(state: str, severity: float) -> ReportedIncident:
    found = IncidentOut(
        incident_id=str(UUID(int=7)),
        exam_session_id="SESS-1",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        state=state,
        severity=severity,
        event_types=[EventType.FACE_NOT_FOUND],
        alert_count=1,
        begins_at=MADE_UTC,
        ends_at=None,
        claimed_by=None,
        claim_expires_at=None,
        decided_at=None,
        changed_at=None,
        merged_into=None,
    )
    return ReportedIncident(incident=found, history=[])


def test_what_people_explained_is_counted_and_weighs_nothing() -> None:
    grouped = (incident("dismissed", 0.9), incident("overturned", 0.8), incident("open", 0.4))
    totals = report(replace(EMPTY, incidents=grouped), NOW).totals
    assert totals.incidents == {"dismissed": 1, "open": 1, "overturned": 1}
    assert totals.worst_open_severity == 0.4


def test_each_alert_stands_under_its_class() -> None:
    made = report(
        replace(EMPTY, stored=[stored(EventType.FACE_NOT_FOUND), stored(EventType.LOW_FRAME_RATE)]), NOW
    )
    assert [one.event_type for one in made.findings] == [EventType.FACE_NOT_FOUND]
    assert [one.event_type for one in made.technical] == [EventType.LOW_FRAME_RATE]
    assert (made.totals.findings, made.totals.technical) == (1, 1)


def test_an_alert_names_the_incident_it_is_part_of() -> None:
    one, home = stored(EventType.FACE_NOT_FOUND), UUID(int=7)
    [found] = report(replace(EMPTY, stored=[one], homes={one.alert.event_id: home}), NOW).findings
    assert found.incident_id == str(home)


@pytest.mark.parametrize(("enrolled", "identity"), [(True, "enrolled"), (False, "unavailable")])
def test_identity_is_what_there_was_to_compare_with(enrolled: bool, identity: str) -> None:
    assert report(replace(EMPTY, enrolled=enrolled), NOW).identity == identity


@pytest.mark.parametrize(("status", "final"), [("ended", True), ("expired", True), ("active", False)])
def test_a_report_is_final_once_the_session_is_over(status: str, final: bool) -> None:
    running = OVER.model_copy(update={"status": status})
    assert report(replace(EMPTY, session=running), datetime(2026, 11, 22, 16, tzinfo=UTC)).final is final
