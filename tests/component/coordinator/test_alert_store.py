"""What becomes of alert messages in the database: stored once, refused with a reason, or put off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import make_transient
from sqlmodel import delete, select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.arriving import parked_service as parked
from coordinator.arriving.arrival import Authentic, authenticate
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.treated import LATER_DELAYS_S, Treated
from coordinator.ground.database import Database
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.nodes import service as nodes
from coordinator.nodes.alert_stream import StreamMessage
from coordinator.nodes.signers import Signers
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Unavailable
from shared.events.types import EventClass, EventType, Lane
from shared.messages.heartbeats import OutboxState
from tests.support.desk import KEYRING, NOW
from tests.support.masters import keyring_of
from tests.support.sittings import EdgeNode, Sitting, hand_over, sit


@pytest.fixture
def sitting(database: Database, node: EdgeNode) -> Sitting:
    return sit(database, KEYRING, node)


@pytest.fixture
def store(database: Database, node: EdgeNode) -> AlertStore:
    return AlertStore(database, KEYRING, {node.node_id: node.signing.public_key()})


OFTEN = len(LATER_DELAYS_S) + 1
"""So often a message comes until no more is waited for."""


def delivery(subject: str, data: bytes, delivered: int = 1) -> StreamMessage:
    return StreamMessage(subject, data, delivered, cast(Any, None))


def judged(store: AlertStore, sitting: Sitting, message: bytes, delivered: int = 1) -> Treated:
    subject = sitting.subject(sitting.alert())
    return store.take([delivery(subject, message, delivered)], NOW).treated[0]


def in_database(store: AlertStore, sitting: Sitting) -> list[Stored]:
    with store.database.read() as db:
        return alerts.timeline(db, KEYRING, sitting.session)


def mark(store: AlertStore, sitting: Sitting) -> int:
    state = OutboxState(
        outbox_id=sitting.node.outbox_id, lane=Lane.CONDUCT, last_sequence=9, waiting=0, dropped=0
    )
    with store.database.read() as db:
        return nodes.marks(db, sitting.node.node_id, [state])[0].sequence


def refusals(store: AlertStore) -> list[tuple[int, str]]:
    with store.database.read() as db:
        return [(row.sequence, row.reason) for row in db.exec(select(RefusedAlert))]


def waiting(store: AlertStore) -> list[tuple[str, int]]:
    """The reasons and counts of parked messages."""
    with store.database.read() as db:
        return [(heap.reason, heap.count) for heap in parked.heaps(db)]


def replayed(store: AlertStore) -> list[str]:
    """How the parked messages were treated when they were judged again, two at a time."""
    treated, after = [], None
    while done := store.judge_parked(after, 2, NOW):
        treated += [one.treatment.value for one in done.treated]
        after = done.last
    return treated


def test_a_good_alert_is_stored_whole_and_its_mark_moves(store: AlertStore, sitting: Sitting) -> None:
    alert = sitting.alert()
    result = judged(store, sitting, sitting.message(alert, 1))
    assert (result.treatment, result.stored) == ("stored", Stored(alert, sitting.session.id, 1, NOW))
    assert [stored.alert for stored in in_database(store, sitting)] == [alert]
    assert mark(store, sitting) == 1


def test_nothing_personal_stands_in_clear_in_the_row(store: AlertStore, sitting: Sitting) -> None:
    judged(store, sitting, sitting.message(sitting.alert(), 1))
    with store.database.read() as db:
        row = db.exec(select(StoredAlert)).one()
    assert sitting.candidate not in repr(row)
    assert b"Two faces" not in row.body_sealed


def test_the_same_message_again_changes_nothing(store: AlertStore, sitting: Sitting) -> None:
    message = sitting.message(sitting.alert(), 1)
    assert [judged(store, sitting, message).treatment for _ in range(3)] == ["stored", "repeated", "repeated"]
    assert len(in_database(store, sitting)) == 1
    assert mark(store, sitting) == 1


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_higher_revision_stays_whatever_comes_first(
    store: AlertStore, sitting: Sitting, order: tuple[int, int]
) -> None:
    raised = sitting.alert()
    cleared = sitting.alert(cleared=NOW, duration=10.0, severity_score=0.8)
    revisions = {1: sitting.message(raised, 1), 2: sitting.message(cleared, 2, revision=2)}
    for revision in order:
        judged(store, sitting, revisions[revision])
    [kept] = in_database(store, sitting)
    assert (kept.alert, kept.revision) == (cleared, 2)
    assert mark(store, sitting) == 2


def test_an_alert_above_a_gap_is_stored_at_once_and_the_mark_waits(
    store: AlertStore, sitting: Sitting
) -> None:
    messages = {n: sitting.message(sitting.alert(onset_s=n), n) for n in (1, 2, 3)}
    judged(store, sitting, messages[1])
    judged(store, sitting, messages[3])
    assert (len(in_database(store, sitting)), mark(store, sitting)) == (2, 1)
    judged(store, sitting, messages[2])
    assert (len(in_database(store, sitting)), mark(store, sitting)) == (3, 3)


def test_a_batch_gives_one_mark_per_lane(store: AlertStore, sitting: Sitting) -> None:
    technical = sitting.alert(event_type=EventType.STREAM_STALLED)
    batch = [delivery(sitting.subject(technical), sitting.message(technical, 1))]
    for n in (1, 2):
        alert = sitting.alert(onset_s=n)
        batch.append(delivery(sitting.subject(alert), sitting.message(alert, n)))
    marks = store.take(batch, NOW).marks
    assert {(m.lane, m.sequence) for m in marks[sitting.node.node_id]} == {("technical", 1), ("conduct", 2)}


def test_tampered_and_forged_messages_are_dropped_and_move_no_mark(
    store: AlertStore, sitting: Sitting
) -> None:
    good = sitting.message(sitting.alert(), 1)
    flipped = bytes([*good[:-1], good[-1] ^ 1])
    stranger = sitting.by(EdgeNode(node_id=sitting.node.node_id)).message(sitting.alert(), 1)
    for message, reason in [
        (flipped, "bad-signature"),
        (stranger, "bad-signature"),
        (good[:40], "malformed"),
        (b"", "malformed"),
        (good.replace(b'"revision":1', b'"revision":2'), "bad-signature"),
    ]:
        result = judged(store, sitting, message)
        assert (result.treatment, result.reason) == ("forged", reason)
    assert (in_database(store, sitting), mark(store, sitting), refusals(store)) == ([], 0, [])


def test_one_flipped_bit_anywhere_in_a_message_is_never_stored(store: AlertStore, sitting: Sitting) -> None:
    good = sitting.message(sitting.alert(), 1)
    batch = []
    for position in range(0, len(good), 13):
        bad = bytearray(good)
        bad[position] ^= 0x40
        batch.append(delivery(sitting.subject(sitting.alert()), bytes(bad)))
    assert {result.treatment for result in store.take(batch, NOW).treated} == {"forged"}


def test_another_nodes_subject_and_unknown_nodes_are_forged(store: AlertStore, sitting: Sitting) -> None:
    message = sitting.message(sitting.alert(), 1)
    wrong_lane = sitting.subject(sitting.alert(event_type=EventType.STREAM_STALLED))
    for subject, reason in [
        (wrong_lane, "wrong-subject"),
        (f"edge.{uuid4()}.alert.conduct", "unknown-node"),
        ("edge.nobody.alert.conduct", "malformed"),
    ]:
        result = store.take([delivery(subject, message)], NOW).treated[0]
        assert (result.treatment, result.reason) == ("forged", reason)


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"tenant_id": UUID(int=9)}, {}, "wrong-tenant"),
    ({"key_id": UUID(int=9)}, {}, "wrong-key"),
    ({"alert_id": UUID(int=9)}, {}, "wrong-id"),
    ({"revision": 2}, {}, "wrong-revision"),
    ({"event_class": EventClass.IDENTITY}, {}, "wrong-class"),
    ({}, {"candidate_id": "SOMEBODY-ELSE"}, "wrong-person"),
    ({}, {"exam_session_id": "EXAM-2"}, "wrong-person"),
    ({}, {"event_id": UUID(int=9)}, "wrong-id"),
]


@pytest.mark.parametrize(("header", "body", "reason"), WRONG)
def test_an_authentic_message_that_does_not_fit_its_session_is_refused_once_and_settled(
    store: AlertStore, sitting: Sitting, header: dict[str, Any], body: dict[str, Any], reason: str
) -> None:
    message = sitting.message(sitting.alert(**body), 1, **header)
    for _ in range(2):
        result = judged(store, sitting, message)
        assert (result.treatment, result.reason) == ("refused", reason)
    assert (in_database(store, sitting), refusals(store)) == ([], [(1, reason)])
    assert mark(store, sitting) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"schema_version":"proctor.alert/2"}'])
def test_a_body_that_is_no_alert_here_is_parked_because_its_node_may_be_newer(
    store: AlertStore, sitting: Sitting, body: bytes
) -> None:
    message = sitting.message(sitting.alert(), 1, body=body)
    result = judged(store, sitting, message)
    assert (result.treatment, result.reason, mark(store, sitting)) == ("later", "no-alert", 0)
    assert judged(store, sitting, message, OFTEN).treatment == "parked"
    assert (refusals(store), waiting(store), mark(store, sitting)) == ([], [("no-alert", 1)], 1)


def test_an_alert_sealed_to_another_sessions_key_is_refused_whatever_its_header_says(
    store: AlertStore, sitting: Sitting
) -> None:
    another = replace(sitting, seal_key=sit(store.database, KEYRING, sitting.node, "EXAM-2").seal_key)
    result = judged(store, sitting, another.message(sitting.alert(), 1))
    assert (result.treatment, result.reason) == ("refused", "does-not-open")
    assert (in_database(store, sitting), refusals(store)) == ([], [(1, "does-not-open")])


def test_a_node_cannot_write_into_another_nodes_session(store: AlertStore, sitting: Sitting) -> None:
    other = EdgeNode()
    sit(store.database, KEYRING, other, "EXAM-2")
    both = AlertStore(store.database, KEYRING, {**store.signers, other.node_id: other.signing.public_key()})
    theirs = sitting.by(other)
    result = judged(both, theirs, theirs.message(theirs.alert(), 1))
    assert (result.treatment, result.reason) == ("refused", "wrong-node")


def test_an_id_that_belongs_to_another_sessions_alert_is_refused(store: AlertStore, sitting: Sitting) -> None:
    judged(store, sitting, sitting.message(sitting.alert(), 1))
    other = sit(store.database, KEYRING, sitting.node, "EXAM-2")
    stolen = other.alert(event_id=sitting.alert().event_id)
    result = judged(store, other, other.message(stolen, 2))
    assert (result.treatment, result.reason) == ("refused", "claims-another-id")
    assert [stored.alert for stored in in_database(store, sitting)] == [sitting.alert()]


def test_a_session_that_is_not_there_yet_is_waited_for_and_then_its_alert_is_parked(
    store: AlertStore, sitting: Sitting
) -> None:
    message = sitting.message(sitting.alert(), 1, session_id=UUID(int=9))
    for delivered, delay_s in enumerate(LATER_DELAYS_S, 1):
        result = judged(store, sitting, message, delivered)
        assert (result.treatment, result.delay_s, mark(store, sitting)) == ("later", delay_s, 0)
    for _ in range(2):  # it may come again after a crash between commit and acknowledgement
        result = judged(store, sitting, message, OFTEN)
        assert (result.treatment, result.reason, result.settled) == ("parked", "unknown-session", True)
    assert (refusals(store), waiting(store), mark(store, sitting)) == ([], [("unknown-session", 1)], 1)
    assert replayed(store) == ["parked"]
    assert (refusals(store), waiting(store)) == ([], [("unknown-session", 1)])


def test_what_was_parked_is_stored_once_its_session_is_known(store: AlertStore, sitting: Sitting) -> None:
    told = [sitting.alert(onset_s=n) for n in (1, 2, 3)]
    messages = [sitting.message(alert, n) for n, alert in enumerate(told, 1)]
    with store.database.write() as db:  # a database restored from an older copy
        kept = [(table, list(db.exec(select(table)))) for table in (Assignment, ExamSession)]
        rows = [row for _, found in kept for row in found]
        for row in rows:
            db.expunge(row)
        for table, _ in kept:
            db.exec(delete(table))
    assert [judged(store, sitting, m, OFTEN).treatment for m in messages] == ["parked"] * 3
    assert (mark(store, sitting), waiting(store)) == (3, [("unknown-session", 3)])
    with store.database.write() as db:
        for row in reversed(rows):
            make_transient(row)
            db.add(row)
            db.flush()
    assert judged(store, sitting, messages[0], OFTEN).treatment == "stored"
    assert replayed(store) == ["repeated", "stored", "stored"]
    assert [one.alert for one in in_database(store, sitting)] == told
    assert (waiting(store), replayed(store), mark(store, sitting)) == ([], [], 3)


def test_a_parked_message_that_another_replica_settles_meanwhile_stays_settled(
    store: AlertStore, sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [sitting.message(sitting.alert(onset_s=n), n, session_id=UUID(int=9)) for n in (1, 2)]
    assert [judged(store, sitting, message, OFTEN).treatment for message in messages] == ["parked"] * 2

    def settled_meanwhile(subject: str, data: bytes, signers: Signers) -> Authentic:
        # Fails while this thread already has a transaction: signatures are verified outside of any.
        with store.database.write() as db:
            first = next((one for one in parked.following(db, None, 2) if one.data == messages[0]), None)
            if first is not None:
                parked.remove(db, first.place)
        return authenticate(subject, data, signers)

    monkeypatch.setattr("coordinator.arriving.intake.authenticate", settled_meanwhile)
    assert replayed(store) == ["parked"]
    with store.database.read() as db:
        assert [one.data for one in parked.following(db, None, 9)] == [messages[1]]


def test_what_is_parked_has_a_limit_and_the_rest_stays_in_the_outbox(
    store: AlertStore, sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [sitting.message(sitting.alert(onset_s=n), n, session_id=UUID(int=9)) for n in (1, 2)]
    monkeypatch.setattr(parked, "MAX_BYTES", len(messages[0]) + 1)
    assert judged(store, sitting, messages[0], OFTEN).treatment == "parked"
    result = judged(store, sitting, messages[1], OFTEN)
    assert (result.treatment, result.settled, mark(store, sitting)) == ("given-back", False, 1)
    assert waiting(store) == [("unknown-session", 1)]


def test_a_fast_nodes_alert_at_a_hand_over_is_parked_until_its_clock_explains_it(
    store: AlertStore, sitting: Sitting
) -> None:
    following = EdgeNode()
    with store.database.write() as db:
        nodes.seed(db, [following.section], NOW)
    hand_over(store.database, sitting, following, 100.0)
    fast = sitting.alert(onset_s=105.0)  # seen at 90 s of the exam, by a clock that is 20 s fast
    message = sitting.message(fast, 1)
    assert judged(store, sitting, message).treatment == "later"
    measured = replace(store, skew_s=lambda _: 20.0)
    assert judged(measured, sitting, message).treatment == "stored"
    other = sitting.alert(onset_s=106.0)
    assert judged(store, sitting, sitting.message(other, 2), OFTEN).treatment == "parked"
    assert (refusals(store), waiting(store)) == ([], [("perhaps-after-assignment", 1)])
    assert replayed(store) == ["stored"]  # a person has asked: its clock may have been that fast
    late = judged(store, sitting, sitting.message(sitting.alert(onset_s=300.0), 3))
    assert (late.treatment, late.reason) == ("refused", "after-assignment")
    assert [s.alert for s in in_database(store, sitting)] == [fast, other]


def test_under_the_wrong_master_key_nothing_is_lost(store: AlertStore, sitting: Sitting) -> None:
    wrong = AlertStore(store.database, keyring_of(bytes([1] * 32)), store.signers)
    message = sitting.message(sitting.alert(), 1)
    for delivered in (1, 50):
        result = judged(wrong, sitting, message, delivered)
        assert (result.treatment, result.reason, result.settled) == ("later", "keyring", False)
    assert judged(store, sitting, message).treatment == "stored"


def test_destroying_the_exams_keys_erases_stored_and_coming_alerts(
    store: AlertStore, sitting: Sitting
) -> None:
    judged(store, sitting, sitting.message(sitting.alert(onset_s=1), 1))
    owner = Owner(DEFAULT_TENANT_ID, sitting.session.candidate_id, RetentionClass.EXAM, "BIO-101")
    with store.database.write() as db:
        keys.destroy(db, owner, NOW)
    assert in_database(store, sitting) == []
    result = judged(store, sitting, sitting.message(sitting.alert(onset_s=2), 2))
    assert (result.treatment, result.reason) == ("refused", "key-destroyed")
    assert mark(store, sitting) == 2


def test_one_bad_message_does_not_hold_up_its_batch(store: AlertStore, sitting: Sitting) -> None:
    good = [sitting.alert(onset_s=n) for n in (1, 3)]
    bad = sitting.message(sitting.alert(onset_s=2), 2, revision=2)  # of an alert that is not cleared
    batch = [sitting.message(good[0], 1), bad, b"junk", sitting.message(good[1], 3)]
    treated = store.take([delivery(sitting.subject(good[0]), m) for m in batch], NOW).treated
    assert [o.treatment for o in treated] == ["stored", "refused", "forged", "stored"]
    assert [stored.alert for stored in in_database(store, sitting)] == good
    assert mark(store, sitting) == 3


def test_a_message_that_makes_us_fail_is_tried_again_and_holds_up_nobody(
    store: AlertStore, sitting: Sitting
) -> None:
    statement = {
        "sqlite": "CREATE TRIGGER broken BEFORE INSERT ON alerts WHEN new.severity_score = 0.25"
        " BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "postgresql": "ALTER TABLE alerts ADD CONSTRAINT broken CHECK (severity_score <> 0.25)",
    }
    with store.database.write() as db:
        db.connection().exec_driver_sql(statement[store.database.dialect])
    good = [sitting.alert(onset_s=n) for n in (1, 3)]
    bad = sitting.alert(onset_s=2, severity_score=0.25)
    alerts_in_order = [good[0], bad, good[1]]
    messages = [sitting.message(alert, n) for n, alert in enumerate(alerts_in_order, 1)]
    treated = store.take([delivery(sitting.subject(bad), m) for m in messages], NOW).treated
    assert [(o.treatment, o.reason) for o in treated] == [
        ("stored", ""),
        ("later", "internal-error"),
        ("stored", ""),
    ]
    assert ([s.alert for s in in_database(store, sitting)], mark(store, sitting)) == (good, 1)
    last = judged(store, sitting, messages[1], OFTEN)
    assert (last.treatment, refusals(store), mark(store, sitting)) == ("parked", [], 3)
    assert (replayed(store), waiting(store)) == (["parked"], [("internal-error", 1)])
    mended = {"sqlite": "DROP TRIGGER broken", "postgresql": "ALTER TABLE alerts DROP CONSTRAINT broken"}
    with store.database.write() as db:
        db.connection().exec_driver_sql(mended[store.database.dialect])
    assert (replayed(store), waiting(store)) == (["stored"], [])
    assert [s.alert for s in in_database(store, sitting)] == alerts_in_order


@pytest.mark.parametrize("table", ["alerts", "incidents"])
def test_a_database_that_is_locked_in_the_midst_of_a_batch_refuses_nothing(
    store: AlertStore, sitting: Sitting, table: str
) -> None:
    messages = [sitting.message(sitting.alert(onset_s=n), n) for n in (1, 2)]
    last_time = len(LATER_DELAYS_S) + 1
    batch = [delivery(sitting.subject(sitting.alert()), message, last_time) for message in messages]
    lock(store.database, table)
    for _ in range(2):
        with pytest.raises(Unavailable):
            store.take(batch, NOW)
    assert (in_database(store, sitting), refusals(store), mark(store, sitting)) == ([], [], 0)
    unlock(store.database)
    assert [one.treatment for one in store.take(batch, NOW).treated] == ["stored", "stored"]
    assert mark(store, sitting) == 2


def lock(database: Database, table: str) -> None:
    """From now on the table answers a new row as one that another process has locked does."""
    fail = "BEGIN RAISE EXCEPTION 'locked' USING ERRCODE = 'lock_not_available'; END"
    statements = {
        "sqlite": [f"CREATE TRIGGER locked BEFORE INSERT ON {table} BEGIN SELECT * FROM elsewhere; END"],
        "postgresql": [
            f"CREATE FUNCTION locked() RETURNS trigger LANGUAGE plpgsql AS $$ {fail} $$",
            f"CREATE TRIGGER locked BEFORE INSERT ON {table} EXECUTE FUNCTION locked()",
        ],
    }
    with database.write() as db:
        for statement in statements[database.dialect]:
            db.connection().exec_driver_sql(statement)


def unlock(database: Database) -> None:
    with database.write() as db:
        trigger, function = "DROP TRIGGER locked", "DROP FUNCTION locked CASCADE"
        db.connection().exec_driver_sql(trigger if database.dialect == "sqlite" else function)


def test_what_an_outbox_gave_up_is_stepped_over_and_counted(store: AlertStore, sitting: Sitting) -> None:
    for n in (1, 4):
        judged(store, sitting, sitting.message(sitting.alert(onset_s=n), n))
    state = OutboxState(
        outbox_id=sitting.node.outbox_id,
        lane=Lane.CONDUCT,
        last_sequence=5,
        waiting=1,
        dropped=2,
        first_waiting=5,
    )
    with store.database.write() as db:
        lost = nodes.stepped_over(db, sitting.node.node_id, [state], NOW)
        assert [(one.node_id, one.count) for one in lost] == [(sitting.node.node_id, 2)]
        assert nodes.stepped_over(db, sitting.node.node_id, [state], NOW) == []
    assert mark(store, sitting) == 4
