"""Alerts that the coordinator itself raises, clears or ends: once each, in the session that each is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Written
from coordinator.alerts.tables import StoredAlert
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys
from coordinator.keys.tables import Key
from coordinator.nodes.assignments import Because
from coordinator.nodes.tables import Assignment, CommittedLane
from coordinator.sessions import service as sessions
from coordinator.sessions.joining import told_service as told_to_candidates
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.lasting.service import LONGEST_SESSION
from coordinator.sessions.milestones import Subject, neutral_alert
from coordinator.sessions.moving import late_service as late, service as moving
from coordinator.sessions.moving.late import OVER_FOR, PATIENCE, WORDS, WORDS_OVER
from coordinator.sessions.starting import told_service as told_by_nodes
from coordinator.sessions.trouble import service as trouble
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import Alert, alert_id
from shared.events.types import Action, EventClass, EventType, Lane
from shared.messages.sessions import MAX_TOLD_OPEN, MAX_TOLD_OVER
from tests.support.session_rows import LEFT, NOW, SECOND, Rows, rows
from tests.support.sittings import START, EdgeNode, Sitting

EVENT = EventType.CLOCK_SKEW
ALL = ["RUNS", "SISTER", "OTHER-EXAM", "LAST-SECOND", "MOVED", "NEIGHBOUR", "NEW", "DUE", "ENDED"]


@pytest.fixture
def table(database: Database, keys: OwnKeys) -> Rows:
    return rows(database, keys.keyring)


def open_alert(subject: Subject, at_utc: datetime = NOW, event: EventType = EVENT) -> Alert:
    made = neutral_alert(subject, event, at_utc, explanation="Something is wrong.", message="")
    return made.model_copy(update={"cleared": None})


def by_node(
    table: Rows,
    db: Session,
    name: str,
    event: EventType,
    onset_s: float,
    *,
    received: datetime,
    epoch: int = 1,
    node_id: UUID | None = None,
    **changes: Any,
) -> UUID:
    """An alert of a node, stored; its id."""
    session = table.session(db, name)
    onset = START + timedelta(seconds=onset_s)
    written = Sitting(
        node=EdgeNode(node_id=node_id or table.first),
        session=session,
        seal_key="",
        evidence_key_id=uuid4(),
        evidence_key="",
        candidate="STU-RUNS",
    ).alert(onset_s, event_type=event, raised=onset, **changes)
    one = Written(session=session, alert=written, revision=1, node_id=node_id or table.first, epoch=epoch)
    alerts.store(db, table.keyring, [one], received)
    return written.event_id


def raised(db: Session, table: Rows, name: str, at_utc: datetime = NOW, event: EventType = EVENT) -> Any:
    return lasting.raise_one(
        db, table.keyring, table.ids[name], lambda subject: open_alert(subject, at_utc, event), at_utc
    )


def destroy(db: Session, table: Rows, name: str) -> None:
    """The key of this session's alerts is gone; others with the same key are not asked about."""
    db.get_one(Key, table.session(db, name).data_key_id).wrapped = None


def test_an_alert_is_open_once_until_it_is_cleared(database: Database, table: Rows) -> None:
    with database.write() as db:
        first = raised(db, table, "RUNS")
        assert (first.session_id, first.revision, first.received_utc) == (table.ids["RUNS"], 1, NOW)
        assert raised(db, table, "RUNS", NOW + SECOND) is None
        assert raised(db, table, "SISTER").session_id == table.ids["SISTER"]
        assert raised(db, table, "RUNS", event=EventType.ALERT_GAP) is not None
        assert raised(db, table, "ENDED") is None
        assert lasting.raise_one(db, table.keyring, uuid4(), open_alert, NOW) is None
        assert lasting.still_open(db, EVENT, NOW) == {table.ids["RUNS"], table.ids["SISTER"]}
        over = lasting.clear_one(db, table.keyring, table.ids["RUNS"], EVENT, NOW + 5 * SECOND)
        assert over is not None
        assert (over.revision, over.received_utc, over.session_id) == (2, NOW + 5 * SECOND, table.ids["RUNS"])
        assert (over.alert.event_id, over.alert.cleared) == (first.alert.event_id, NOW + 5 * SECOND)
        assert over.alert.duration == 5.0
        assert lasting.clear_one(db, table.keyring, table.ids["RUNS"], EVENT, NOW + 6 * SECOND) is None
        assert lasting.still_open(db, EVENT, NOW) == {table.ids["SISTER"]}
        again = raised(db, table, "RUNS", NOW + 7 * SECOND)
        assert again.alert.event_id != first.alert.event_id
        assert lasting.clear_one(db, table.keyring, uuid4(), EVENT, NOW) is None
    with database.read() as db:
        row = db.get_one(StoredAlert, first.alert.event_id)
        assert (row.revision, row.cleared_utc, row.node_id, row.epoch) == (2, NOW + 5 * SECOND, None, None)


def test_what_a_node_has_open_and_what_is_very_old_is_not_the_coordinators(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        by_node(table, db, "RUNS", EVENT, 5.0, received=NOW)
        assert lasting.still_open(db, EVENT, NOW) == set()
        assert lasting.clear_one(db, table.keyring, table.ids["RUNS"], EVENT, NOW) is None
        assert raised(db, table, "RUNS") is not None
        raised(db, table, "SISTER")
        at_bound = START + SECOND + LONGEST_SESSION  # SISTER started a second later than RUNS
        assert lasting.still_open(db, EVENT, at_bound - SECOND) == {table.ids["SISTER"]}
        assert lasting.still_open(db, EVENT, at_bound) == set()
        assert lasting.still_open(db, EventType.ALERT_GAP, NOW) == set()


@pytest.mark.parametrize(
    ("ended_s", "expires_s", "now_s", "cleared_s", "duration_s"),
    [
        (None, 600, 30, 30, 30.0),
        (20, 600, 30, 20, 20.0),
        (20, 10, 30, 10, 10.0),
        (None, 25, 30, 25, 25.0),
        (None, 600, 1.2346, 1.2346, 1.235),
        (-5, 600, 30, 0, 0.0),  # it had ended before it was told of
    ],
)
def test_an_alert_lasts_no_longer_than_its_session(
    database: Database,
    table: Rows,
    ended_s: float | None,
    expires_s: float,
    now_s: float,
    cleared_s: float,
    duration_s: float,
) -> None:
    with database.write() as db:
        assert raised(db, table, "RUNS") is not None
        session = table.session(db, "RUNS")
        session.ended_utc = None if ended_s is None else NOW + ended_s * SECOND
        session.expires_utc = NOW + expires_s * SECOND
        over = lasting.clear_one(db, table.keyring, session.id, EVENT, NOW + now_s * SECOND)
    assert over is not None
    assert (over.alert.cleared, over.alert.duration) == (NOW + cleared_s * SECOND, duration_s)


def test_nothing_is_cleared_that_nobody_can_read(database: Database, table: Rows) -> None:
    with database.write() as db:
        assert raised(db, table, "RUNS") is not None
        destroy(db, table, "RUNS")
        assert lasting.clear_one(db, table.keyring, table.ids["RUNS"], EVENT, NOW) is None
        [still] = db.exec(select(StoredAlert))
        assert still.cleared_utc is None


LATE = NOW - 2 * PATIENCE


def ids_of(found: Iterable[late.Late]) -> list[UUID]:
    return [one.alert_id for one in found]


def test_what_a_former_node_delivers_late_is_found_and_nothing_else(database: Database, table: Rows) -> None:
    with database.write() as db:

        def alert(name: str, onset_s: float, **more: Any) -> UUID:
            return by_node(table, db, name, EventType.HEAD_DOWN, onset_s, **{"received": LATE} | more)

        own = table.assigned(db, "MOVED")[1]
        own.handed_utc = LATE - SECOND
        wanted = [
            alert("MOVED", 2.0, received=LATE - SECOND),  # at the instant to which its next node was told
            alert("MOVED", 1.0),
        ]
        alert("MOVED", 3.0, received=LATE - 2 * SECOND)  # its next node was told of it
        alert("MOVED", 4.0, received=NOW - PATIENCE)  # its end may follow
        alert("MOVED", 5.0, cleared=NOW)
        alert("MOVED", 6.0, epoch=2, node_id=table.following)  # its present node ends it
        alert("RUNS", 7.0)
        lasting_one = raised(db, table, "MOVED", LATE)
        assert lasting_one is not None
        found = late.late_ones(db, NOW, 10)
        assert ids_of(found) == wanted
        assert {(one.left_utc, one.words) for one in found} == {(LEFT, WORDS)}
        assert ids_of(late.late_ones(db, NOW, 1)) == wanted[:1]
        table.session(db, "MOVED").started_utc = NOW - LONGEST_SESSION
        assert late.late_ones(db, NOW, 10) == []


def test_without_a_word_to_the_next_node_all_that_came_after_the_move_is_late(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        wanted = by_node(table, db, "MOVED", EventType.HEAD_DOWN, 1.0, received=LEFT)
        by_node(table, db, "MOVED", EventType.HEAD_DOWN, 2.0, received=LEFT - SECOND)
        assert ids_of(late.late_ones(db, NOW, 10)) == [wanted]


def test_what_is_open_in_a_session_that_is_over_is_found_and_nothing_else(
    database: Database, table: Rows
) -> None:
    at = NOW + OVER_FOR
    with database.write() as db:

        def alert(name: str, event: EventType, onset_s: float, **more: Any) -> UUID:
            usual: dict[str, Any] = {"received": LATE, "node_id": table.third}
            return by_node(table, db, name, event, onset_s, **usual | more)

        wanted = [alert("DUE", EventType.HEAD_DOWN, 1.0, received=LATE - SECOND)]
        wanted.append(alert("ENDED", EventType.HEAD_DOWN, 2.0))
        alert("ENDED", EventType.HEAD_DOWN, 3.0, cleared=NOW)
        alert("ENDED", EventType.CALIBRATED, 4.0)  # a milestone has no end
        alert("RUNS", EventType.HEAD_DOWN, 5.0)
        assert raised(db, table, "DUE", LATE) is not None  # the coordinator's own
        ended, due = NOW - 60 * SECOND, NOW
        assert ids_of(late.left_open(db, at, 10)) == wanted[1:]  # the other one is over for a minute just now
        found = late.left_open(db, at + SECOND, 10)
        assert ids_of(found) == wanted
        assert [(one.left_utc, one.words) for one in found] == [(due, WORDS_OVER), (ended, WORDS_OVER)]
        assert ids_of(late.left_open(db, at + SECOND, 1)) == wanted[:1]
        assert late.left_open(db, ended + OVER_FOR, 10) == []
        # One that was ended after it had expired was over when it expired.
        table.session(db, "DUE").ended_utc = NOW + SECOND
        assert late.left_open(db, at + SECOND, 10)[0].left_utc == due
        table.session(db, "ENDED").started_utc = at + SECOND - LONGEST_SESSION
        assert ids_of(late.left_open(db, at + SECOND, 10)) == wanted[:1]
        fresh = alert("DUE", EventType.HEAD_DOWN, 6.0, received=at + SECOND - PATIENCE)
        assert fresh not in ids_of(late.left_open(db, at + SECOND, 10))
        assert fresh in ids_of(late.left_open(db, at + 2 * SECOND, 10))


def test_an_alert_is_ended_once_unless_nobody_can_read_it(database: Database, table: Rows) -> None:
    with database.write() as db:
        open_id = by_node(table, db, "MOVED", EventType.HEAD_DOWN, 1.0, received=LATE)
        over_id = by_node(table, db, "MOVED", EventType.HEAD_DOWN, 2.0, received=LATE, cleared=NOW)
        one = late.Late(open_id, LEFT, WORDS)
        done = late.end_one(db, table.keyring, one, NOW)
        assert done is not None
        assert (done.session_id, done.revision, done.received_utc) == (table.ids["MOVED"], 2, NOW)
        assert (done.alert.cleared, done.alert.event_id) == (LEFT, open_id)
        row = db.get_one(StoredAlert, open_id)
        assert (row.revision, row.node_id, row.epoch, row.cleared_utc) == (2, table.first, None, LEFT)
        assert late.end_one(db, table.keyring, one, NOW) is None
        assert late.end_one(db, table.keyring, late.Late(over_id, LEFT, WORDS), NOW) is None
        assert late.end_one(db, table.keyring, late.Late(uuid4(), LEFT, WORDS), NOW) is None
        unread = by_node(table, db, "MOVED", EventType.HEAD_DOWN, 3.0, received=LATE)
        destroy(db, table, "MOVED")
        assert late.end_one(db, table.keyring, late.Late(unread, LEFT, WORDS), NOW) is None


def lose(db: Session, node_id: UUID, count: int, since_utc: datetime) -> None:
    """Alerts of a node are lost."""
    db.add(
        CommittedLane(
            node_id=node_id,
            outbox_id=uuid4(),
            lane=Lane.CONDUCT,
            tenant_id=DEFAULT_TENANT_ID,
            lost=count,
            lost_since_utc=since_utc,
            updated_utc=NOW,
        )
    )
    db.flush()


GAP_OFF: dict[str, Any] = {"rules": {"ALERT_GAP": {"enabled": False}}}


def test_a_loss_is_told_to_every_session_that_it_may_be_about(database: Database, table: Rows) -> None:
    since = LEFT - SECOND
    with database.write() as db:
        for name, at_utc in (("SISTER", since + SECOND), ("OTHER-EXAM", since)):
            table.session(db, name).ended_utc = at_utc  # one of them was over before the loss
        table.session(db, "LAST-SECOND").expires_utc = since
        table.session(db, "NEIGHBOUR").policy = GAP_OFF
        lose(db, table.first, 2, since + SECOND / 2)
        lose(db, table.first, 3, since)
        said = trouble.say_lost(db, table.keyring, table.first, NOW)
        assert trouble.say_lost(db, table.keyring, table.first, NOW) == []
    assert table.names(one.session_id for one in said) == ["MOVED", "SISTER", "RUNS"]  # the newest first
    assert {(one.revision, one.received_utc) for one in said} == {(1, NOW)}
    assert [one.alert.evidence for one in said] == [{"missing": 5, "lost": True}] * 3
    assert {one.alert.onset for one in said} == {since}
    with database.read() as db:
        known = {row.id: row.session_id for row in db.exec(select(StoredAlert))}
    assert known == {one.alert.event_id: one.session_id for one in said}


def test_a_loss_of_the_time_after_a_session_had_left_is_not_its_own(database: Database, table: Rows) -> None:
    with database.write() as db:
        lose(db, table.first, 1, LEFT)
        names = table.names(one.session_id for one in trouble.say_lost(db, table.keyring, table.first, NOW))
    assert "MOVED" not in names
    assert "RUNS" in names


def test_a_loss_is_told_to_so_many_sessions_at_most(
    database: Database, table: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "MAX_TOLD", 3)
    with database.write() as db:
        lose(db, table.first, 1, LEFT - SECOND)
        said = trouble.say_lost(db, table.keyring, table.first, NOW)
    assert table.names(one.session_id for one in said) == ["NEIGHBOUR", "MOVED"]  # one is another's


def test_a_session_is_told_what_its_policy_asks_for_and_what_can_be_stored(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        table.session(db, "SISTER").policy = GAP_OFF
        table.session(db, "OTHER-EXAM").details_sealed = b"not what it was"

        def tells(session_id: UUID, event: EventType = EventType.ALERT_GAP) -> bool:
            return trouble.tells(db, table.keyring, session_id, event)

        assert tells(table.ids["RUNS"])
        assert not tells(table.ids["SISTER"])
        assert tells(table.ids["SISTER"], EVENT)
        assert not tells(table.ids["OTHER-EXAM"])
        assert not tells(uuid4())


def test_a_move_is_told_of_where_the_policy_asks_for_it(database: Database, table: Rows) -> None:
    failover = EventType.NODE_FAILOVER
    off = {"rules": {failover.value: {"enabled": False}}}

    def raise_it(db: Session, name: str) -> Any:
        return moving.raise_failover(
            db, table.keyring, table.ids[name], lambda subject: open_alert(subject, NOW, failover), NOW
        )

    with database.write() as db:
        table.session(db, "SISTER").policy = off
        table.session(db, "OTHER-EXAM").details_sealed = b"not what it was"
        assert raise_it(db, "RUNS").session_id == table.ids["RUNS"]
        assert raise_it(db, "RUNS") is None
        assert raise_it(db, "SISTER") is None
        assert raise_it(db, "OTHER-EXAM") is None


def test_that_a_session_stays_is_told_once_for_its_last_move(database: Database, table: Rows) -> None:
    with database.write() as db:
        found = table.found(db, "MOVED")
        said = moving.say_stays(db, table.keyring, found, NOW)
        assert said is not None
        assert (said.session_id, said.revision, said.received_utc) == (table.ids["MOVED"], 1, NOW)
        assert said.alert.onset == LEFT + timedelta(milliseconds=1)
        assert said.alert.evidence == {"moves_asked": 3, "within_seconds": 600.0}
        assert moving.say_stays(db, table.keyring, found, NOW + SECOND) is None
        destroy(db, table, "MOVED")
        db.get_one(Assignment, (table.ids["MOVED"], 2)).from_utc = LEFT + SECOND
        db.flush()
        assert moving.say_stays(db, table.keyring, found, NOW + SECOND) is None
        assert table.assigned(db, "MOVED")[1].because is Because.ASKED


def test_the_alerts_of_the_coordinator_name_the_session_as_it_is_stored(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        found = table.found(db, "OTHER-EXAM")
        found.session.policy_version = 7
        subject = sessions.subject_of(db, found)
        assert subject == Subject(
            session_id=table.ids["OTHER-EXAM"],
            exam_session_id="OTHER-EXAM",
            candidate_id="STU-RUNS",
            exam_id="CHEM-101",
            started_utc=START + 2 * SECOND,
            node_id=table.first,
            region="local",
            policy_version=7,
        )
        made = sessions.add_milestone(db, table.keyring, found, EventType.SUBMITTED, NOW)
        row = db.get_one(StoredAlert, made.event_id)
        assert (row.session_id, row.event_type, row.received_utc) == (
            table.ids["OTHER-EXAM"],
            EventType.SUBMITTED,
            NOW,
        )
    assert (made.onset, made.raised, made.cleared, made.duration) == (NOW, NOW, NOW, 0.0)
    assert (made.severity_score, made.confidence, made.action_required) == (0.0, 1.0, Action.NONE)
    assert (made.event_class, made.evidence) == (EventClass.MILESTONE, {})
    assert made.event_id == alert_id(
        subject.session_id, EventType.SUBMITTED, (NOW - subject.started_utc).total_seconds()
    )
    about = made.metadata
    assert (about.node, about.region, about.device) == (table.first, "local", "coordinator")
    assert (about.models, about.policy_version, about.degradation_level) == ({}, 7, 0)
    assert made.message == made.explanation != ""


def test_the_next_node_is_told_what_nodes_said_and_no_milestone(database: Database, table: Rows) -> None:
    since = LATE
    with database.write() as db:

        def alert(onset_s: float, **more: Any) -> UUID:
            return by_node(table, db, "RUNS", EventType.HEAD_DOWN, onset_s, **{"received": since} | more)

        over = alert(30.0, cleared=NOW)
        open_long = alert(20.0, received=since - SECOND)
        newest = alert(40.0)
        alert(10.0, received=since - SECOND, cleared=NOW)
        by_node(table, db, "RUNS", EventType.CALIBRATED, 50.0, received=since)
        by_node(table, db, "SISTER", EventType.HEAD_DOWN, 60.0, received=since)
        assert raised(db, table, "RUNS") is not None
        told = told_by_nodes.told(db, table.keyring, table.session(db, "RUNS"), since)
    assert [one.alert.event_id for one in told] == [open_long, over, newest]


def test_of_very_many_the_next_node_is_told_the_newest(
    database: Database, table: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (MAX_TOLD_OPEN, MAX_TOLD_OVER) == (32, 256)
    monkeypatch.setattr(told_by_nodes, "MAX_TOLD_OPEN", 1)
    monkeypatch.setattr(told_by_nodes, "MAX_TOLD_OVER", 2)
    with database.write() as db:
        made = [
            by_node(table, db, "RUNS", EventType.HEAD_DOWN, float(second), received=LATE)
            for second in range(5)
        ]
        told = told_by_nodes.told(db, table.keyring, table.session(db, "RUNS"), LATE)
    assert [one.alert.event_id for one in told] == made[2:]


def test_a_page_that_is_loaded_again_gets_the_newest_messages_the_oldest_first(
    database: Database, table: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_to_candidates, "MAX_TOLD", 2)
    monkeypatch.setattr(told_to_candidates, "_LOOKED_THROUGH", 4)
    words = {"action_required": Action.WARNING}
    with database.write() as db:

        def alert(onset_s: float, name: str = "RUNS", **more: Any) -> UUID:
            return by_node(table, db, name, EventType.HEAD_DOWN, onset_s, received=NOW, **words | more)

        alert(1.0)
        made = [alert(3.0), alert(2.0), alert(4.0)]
        alert(5.0, message="")  # says nothing to the candidate
        alert(6.0, "SISTER")
        told = told_to_candidates.told(db, table.keyring, table.session(db, "RUNS"))
        assert [one["event_id"] for one in told] == [str(made[0]), str(made[2])]
        monkeypatch.setattr(told_to_candidates, "MAX_TOLD", 20)
        told = told_to_candidates.told(db, table.keyring, table.session(db, "RUNS"))
        assert [one["event_id"] for one in told] == [str(made[1]), str(made[0]), str(made[2])]
