"""The wall's list from stored rows: who is on it, in which order, page by page, with which incidents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from coordinator.ground.acting import answering
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys
from coordinator.incidents.answers import incident_out
from coordinator.incidents.service import FoundIncident
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.sessions.devices import service as devices
from coordinator.sessions.listing import service as listing
from coordinator.sessions.listing.service import SessionQuery
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HOME
from shared.api.sessions import SessionStatus
from shared.events.types import EventType
from tests.support.session_rows import NOW, SECOND, THEIRS, Rows, rows
from tests.support.sittings import START

ALL = SessionQuery(tenant_id=HOME)
NEWEST_FIRST = ["NEW", "NEIGHBOUR", "MOVED", "LAST-SECOND", "OTHER-EXAM", "SISTER"]
"""Without the three that started at one instant."""


@pytest.fixture
def table(database: Database, keys: OwnKeys) -> Rows:
    return rows(database, keys.keyring)


def incident(db: Session, table: Rows, name: str, state: State, severity: float) -> None:
    session = table.session(db, name)
    db.add(
        Incident(
            tenant_id=session.tenant_id,
            session_id=session.id,
            state=state,
            queue_place=1,
            severity=severity,
            events=[],
            alert_count=1,
            begins_utc=START,
            created_utc=START,
        )
    )


def names(db: Session, table: Rows, query: SessionQuery = ALL, **changes: Any) -> list[str]:
    found, _ = listing.page(db, replace(query, **changes), NOW)
    return table.names(one.found.session.id for one in found)


def test_the_newest_stand_first_among_equals_and_each_is_narrowed_out_or_in(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        table.session(db, "SISTER").erased_utc = NOW
    running = {"RUNS", *NEWEST_FIRST} - {"SISTER"}
    with database.read() as db:
        assert names(db, table)[:5] == NEWEST_FIRST[:5]
        assert set(names(db, table)) == running | {"DUE", "ENDED"}
        assert names(db, table, tenant_id=THEIRS) == ["FOREIGN"]
        assert names(db, table, exam="CHEM-101") == ["OTHER-EXAM"]
        assert set(names(db, table, states=[SessionStatus.ACTIVE])) == running
        assert names(db, table, states=[SessionStatus.EXPIRED]) == ["DUE"]
        assert names(db, table, states=[SessionStatus.ENDED]) == ["ENDED"]
        over = [SessionStatus.ENDED, SessionStatus.EXPIRED]
        assert set(names(db, table, states=over)) == {"DUE", "ENDED"}
        with answering("") as acting:
            assert names(db, table, candidate="NEIGHBOUR") == ["NEW", "NEIGHBOUR"]
            own = table.session(db, "NEIGHBOUR").candidate_id
            assert (acting.tenant_id, acting.candidate_id) == (HOME, own)
        with answering("") as acting:
            assert names(db, table, candidate="NOBODY") == []
            names(db, table)
            assert acting.candidate_id is None


def test_incidents_lift_a_session_until_they_are_explained(database: Database, table: Rows) -> None:
    with database.write() as db:
        for name, state, severity in (
            ("DUE", State.OPEN, 0.5),
            ("DUE", State.SECONDING, 0.4),
            ("DUE", State.CONFIRMED, 0.3),
            ("MOVED", State.UPHELD, 0.6),
            ("RUNS", State.APPEALED, 0.2),
            ("SISTER", State.DISMISSED, 0.9),
            ("SISTER", State.OVERTURNED, 0.9),
            ("SISTER", State.MERGED, 0.9),
            ("FOREIGN", State.OPEN, 1.0),
        ):
            incident(db, table, name, state, severity)
    with database.read() as db:
        found, following = listing.page(db, replace(ALL, limit=4), NOW)
        told = [
            (table.names([one.found.session.id])[0], one.worst, one.waiting, one.incidents) for one in found
        ]
        assert told == [("MOVED", 0.6, 0, 1), ("DUE", 0.5, 2, 3), ("RUNS", 0.2, 1, 1), ("NEW", 0.0, 0, 0)]
        assert following is not None
        assert following == (0.0, NOW, table.ids["NEW"])
        assert names(db, table, min_severity=0.5) == ["MOVED", "DUE"]
        assert names(db, table, min_severity=0.51) == ["MOVED"]
        moved = found[0].found
        assert (moved.assignment.node_id, moved.candidate.reference) == (table.following, "STU-RUNS")


def test_an_incident_is_told_as_it_is_stored(database: Database, table: Rows) -> None:
    with database.read() as db:
        found = table.found(db, "OTHER-EXAM")
    target, own = UUID(int=8), UUID(int=7)
    row = Incident(
        id=own,
        tenant_id=HOME,
        session_id=found.session.id,
        state=State.MERGED,
        queue_place=1,
        severity=0.5,
        events=["HEAD_DOWN"],
        alert_count=2,
        begins_utc=START,
        ends_utc=START + SECOND,
        claimed_by="ann",
        claim_expires_utc=START + 2 * SECOND,
        decided_utc=START + 3 * SECOND,
        effective_utc=START + 4 * SECOND,
        changed_utc=START + 5 * SECOND,
        merged_into_id=target,
        created_utc=START,
    )
    assert incident_out(FoundIncident(row, found.session, found.candidate)).model_dump() == {
        "incident_id": str(own),
        "exam_session_id": "OTHER-EXAM",
        "candidate_id": "STU-RUNS",
        "exam_id": "CHEM-101",
        "state": "merged",
        "severity": 0.5,
        "event_types": [EventType.HEAD_DOWN],
        "alert_count": 2,
        "begins_at": START,
        "ends_at": START + SECOND,
        "claimed_by": "ann",
        "claim_expires_at": START + 2 * SECOND,
        "decided_at": START + 3 * SECOND,
        "effective_at": START + 4 * SECOND,
        "changed_at": START + 5 * SECOND,
        "merged_into": str(target),
    }


def test_pages_go_on_where_the_last_one_ended(database: Database, table: Rows) -> None:
    with database.write() as db:
        incident(db, table, "ENDED", State.OPEN, 2 / 3)
        devices.opened(db, table.session(db, "NEW"), "mine", NOW - SECOND)
    with database.read() as db:
        whole, end = listing.page(db, ALL, NOW)
        assert (len(whole), end) == (9, None)
        seen, after = [], None
        while True:
            page, after = listing.page(db, replace(ALL, limit=2, after=after), NOW)
            seen += [one.found.session.id for one in page]
            if after is None:
                break
        assert seen == [one.found.session.id for one in whole]
        assert {one.found.session.reference: one.opened_utc for one in whole} == {
            name: NOW - SECOND if name == "NEW" else None for name in table.ids if name != "FOREIGN"
        }
