"""Incidents in the database as alerts come in: late, twice, in any order, in both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from coordinator import schema
from coordinator.alerts.service import timeline
from coordinator.ground.database import Database
from coordinator.incidents import grouping_service as incidents
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventType
from shared.incidents import group
from tests.support.desk import KEYRING, NOW, Desk, second
from tests.support.sittings import START


@contextmanager
def no_incidents(database: Database) -> Iterator[None]:
    """Meanwhile the database takes no new incident."""
    broken, mended = {
        "sqlite": (
            "CREATE TRIGGER broken BEFORE INSERT ON incidents BEGIN SELECT RAISE(ABORT, 'broken'); END",
            "DROP TRIGGER broken",
        ),
        "postgresql": (
            "ALTER TABLE incidents ADD CONSTRAINT broken CHECK (alert_count < 0) NOT VALID",
            "ALTER TABLE incidents DROP CONSTRAINT broken",
        ),
    }[database.dialect]
    for number, statement in enumerate((broken, mended)):
        with database.write() as db:
            db.connection().exec_driver_sql(statement)
        if number == 0:
            yield


def links(db: Session) -> dict[Any, Any]:
    return {link.alert_id: link.incident_id for link in db.exec(select(IncidentAlert))}


def test_findings_close_together_are_one_incident_and_far_ones_two(desk: Desk) -> None:
    desk.arrive(
        desk.finding(10, 15),
        desk.finding(20, 25, event_type=EventType.FACE_MISMATCH, severity_score=0.9),
        desk.finding(90, 95),
        desk.finding(12, 14, event_type=EventType.CAMERA_BLOCKED),
    )
    assert desk.living() == [(10, 25, 2, 0.9), (90, 95, 1, 0.7)]
    first = desk.rows()[0]
    assert first.events == ["MULTIPLE_FACES", "FACE_MISMATCH"]
    assert (first.state, first.queue_place) == (State.OPEN, 100)


def test_every_order_of_arrival_ends_with_the_same_incidents(database: Database) -> None:
    for number, order in enumerate(permutations(range(4))):
        desk = Desk(database, f"EXAM-{number}")
        messages = [desk.finding(0, None), desk.finding(0, 5), desk.finding(12, 20), desk.finding(60, 65)]
        for index in order:
            desk.arrive(messages[index])
        mine = [row for row in desk.rows() if row.session_id == desk.sitting.session.id]
        spans = [(second(row.begins_utc), row.alert_count) for row in mine if row.state is not State.MERGED]
        assert spans == [(0, 2), (60, 1)], order


def test_a_late_finding_extends_an_incident_under_its_id(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65))
    [before] = desk.rows()
    desk.arrive(desk.finding(52, 55, severity_score=0.8))
    [after] = desk.rows()
    assert (after.id, after.alert_count, after.severity) == (before.id, 2, 0.8)
    assert second(after.begins_utc) == 52


def test_two_incidents_joined_by_a_late_finding_leave_one_and_a_pointer(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65), desk.finding(80, 85), desk.finding(100, 105))
    first, second, third = desk.rows()
    desk.arrive(desk.finding(92, 93))
    desk.arrive(desk.finding(72, 73))
    assert desk.living() == [(60, 105, 5, 0.7)]
    by_id = {row.id: row for row in desk.rows()}
    assert by_id[first.id].merged_into_id is None
    assert {by_id[one.id].merged_into_id for one in (second, third)} == {first.id}
    with desk.database.read() as db:
        assert set(links(db).values()) == {first.id}


def test_the_same_alerts_again_change_nothing(desk: Desk) -> None:
    alerts = [desk.finding(60, 65), desk.finding(70, None), desk.finding(200, 203)]
    desk.arrive(*alerts)
    before = [row.model_dump() for row in desk.rows()]
    desk.arrive(*alerts)
    with desk.database.write() as db:
        incidents.regroup(db, {desk.sitting.session.id: START}, NOW)
    assert [row.model_dump() for row in desk.rows()] == before


def test_of_a_long_exam_only_what_the_change_can_reach_is_read_again(desk: Desk) -> None:
    desk.arrive(*(desk.finding(100 * number, 100 * number + 5) for number in range(30)))
    read: list[float] = []

    def note(incident: Incident, _: object) -> None:
        read.append(second(incident.begins_utc))

    event.listen(Incident, "load", note)
    try:
        desk.arrive(desk.finding(2_903, 2_908))
    finally:
        event.remove(Incident, "load", note)
    assert read == [2_900]
    assert desk.living()[-1] == (2_900, 2_908, 2, 0.7)


@pytest.mark.parametrize("state", [State.SECONDING, State.DISMISSED, State.CONFIRMED, State.APPEALED])
def test_a_verdict_survives_growth_and_is_marked_as_older_than_it(desk: Desk, state: State) -> None:
    desk.arrive(desk.finding(60, 65))
    [row] = desk.rows()
    desk.judge(row, state)
    desk.arrive(desk.finding(70, 75))
    [grown] = desk.rows()
    assert (grown.id, grown.state, grown.alert_count, grown.changed_utc) == (row.id, state, 2, NOW)


@pytest.mark.parametrize(("severity", "changed"), [(0.7, None), (0.85, NOW)])
def test_that_a_finding_ends_is_no_change_to_a_verdict_but_that_it_is_graver_is(
    desk: Desk, severity: float, changed: datetime | None
) -> None:
    desk.arrive(desk.finding(60, None))
    desk.judge(desk.rows()[0], State.DISMISSED)
    desk.arrive(desk.finding(60, 65, severity_score=severity))
    [row] = desk.rows()
    assert (row.severity, row.changed_utc) == (severity, changed)
    assert row.ends_utc == START + timedelta(seconds=65)


def test_an_incident_whose_first_half_ended_earlier_than_it_seemed_parts(desk: Desk) -> None:
    desk.arrive(desk.finding(0, None))
    desk.arrive(desk.finding(50, 55))
    [one] = desk.rows()
    assert desk.living() == [(0, None, 2, 0.7)]
    desk.judge(one, State.DISMISSED)
    desk.arrive(desk.finding(0, 5))
    first, second = desk.rows()
    assert (first.id, first.state, first.changed_utc) == (one.id, State.DISMISSED, NOW)
    assert (second.state, second.alert_count) == (State.OPEN, 1)


def test_alerts_that_were_left_without_an_incident_are_grouped_with_the_next(desk: Desk) -> None:
    desk.arrive(desk.finding(60, 65), desk.finding(300, 305))
    with no_incidents(desk.database):
        desk.arrive(desk.finding(400, 405), desk.finding(200, 205))
        desk.arrive(desk.finding(310, 315))
    assert [begins for begins, *_ in desk.living()] == [60, 300]
    desk.arrive(desk.finding(900, 905))
    assert [begins for begins, *_ in desk.living()] == [60, 200, 300, 400, 900]
    assert [count for _, _, count, _ in desk.living()] == [1, 1, 2, 1, 1]
    with desk.database.read() as db:
        assert db.get_one(ExamSession, desk.sitting.session.id).ungrouped_utc is None


def test_a_long_chain_of_findings_is_many_incidents_whatever_comes_first(database: Database) -> None:
    spans = [(at, at + 5) for at in range(0, 240, 12)]
    for number, turned in enumerate((False, True)):
        desk = Desk(database, f"EXAM-{number}")
        for begins, ends in reversed(spans) if turned else spans:
            desk.arrive(desk.finding(begins, ends))
        mine = [row for row in desk.rows() if row.session_id == desk.sitting.session.id]
        living = [row for row in mine if row.state is not State.MERGED]
        assert [(second(row.begins_utc), row.alert_count) for row in living] == [
            (0, 6),
            (72, 6),
            (144, 6),
            (216, 2),
        ]


@pytest.mark.parametrize("seed", range(5))
def test_any_stream_of_alerts_ends_as_one_grouping_of_them_all_would(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    spans = [(at, at + chance.randint(1, 30)) for at in chance.sample(range(1_200), 40)]
    kinds = [EventType.MULTIPLE_FACES, EventType.VOICE_DETECTED, EventType.FACE_MISMATCH]
    alerts = []
    for begins, ends in spans:
        kind = chance.choice(kinds)
        ended = desk.finding(begins, ends, event_type=kind)
        raised = desk.finding(begins, None, event_type=kind)
        alerts += [ended] if chance.random() < 0.5 else [raised, ended]
    chance.shuffle(alerts)
    while alerts:
        size = chance.randint(1, 6)
        batch, alerts = alerts[:size], alerts[size:]
        desk.arrive(*batch)
    with desk.database.read() as db:
        stored = [one.alert for one in timeline(db, KEYRING, desk.sitting.session)]
    whole = [(one.begins, one.ends, len(one.alerts), one.severity) for one in group(stored, NOW)]
    assert [
        (r.begins_utc, r.ends_utc, r.alert_count, r.severity) for r in desk.rows() if r.state != "merged"
    ] == whole


def test_sessions_do_not_mix(database: Database) -> None:
    one, other = Desk(database, "EXAM-1"), Desk(database, "EXAM-2")
    one.arrive(one.finding(60, 65))
    other.arrive(other.finding(61, 66))
    assert [row.alert_count for row in one.rows()] == [1, 1]


def test_grouping_reads_only_what_a_change_can_reach(tmp_path: Path) -> None:
    """Through these indexes a session's later alerts cost no more than its first ones."""
    database, read = Database(f"sqlite:///{tmp_path}/coordinator.db"), dict[str, str]()
    schema.upgrade(database)
    desk = Desk(database)

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "json_each" in statement:
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            read[statement.partition(".")[0]] = "\n".join(row[-1] for row in plan)

    event.listen(database.engine, "before_cursor_execute", explain)
    desk.arrive(desk.finding(10, 15))
    database.close()
    assert "ix_alerts_timeline (tenant_id=? AND session_id=? AND onset_utc>?)" in read["SELECT alerts"]
    assert "ix_incidents_session (session_id=? AND begins_utc>?)" in read["SELECT incidents"]
