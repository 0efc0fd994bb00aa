"""What is recorded of a message that is refused, put off, parked or taken again: every field and bound."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from coordinator.alerts.tables import RefusedAlert
from coordinator.arriving import parked_service as parked, treating
from coordinator.arriving.arrival import Behind, Doubtful, Refused, TooEarly
from coordinator.arriving.ingest import Ingest
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.parked_service import Heap, Parked
from coordinator.arriving.tables import ParkedMessage
from coordinator.arriving.treated import KEYRING_DELAY_S, LATER_DELAYS_S, Treated, Treatment, later_delay_s
from coordinator.ground.database import Database
from coordinator.nodes import service as nodes
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import AlertHeader
from shared.errors import Corrupt, Rejected, Unavailable
from shared.events.types import EventClass, Lane
from tests.support.desk import KEYRING, NOW
from tests.support.sittings import EdgeNode, Sitting, sit

OFTEN = len(LATER_DELAYS_S) + 1
NODE, OUTBOX = UUID(int=1), UUID(int=2)


def header(sequence: int = 7, node_id: UUID = NODE, outbox_id: UUID = OUTBOX) -> AlertHeader:
    return AlertHeader(
        alert_id=UUID(int=3),
        revision=1,
        tenant_id=DEFAULT_TENANT_ID,
        session_id=UUID(int=4),
        node_id=node_id,
        outbox_id=outbox_id,
        lane=Lane.CONDUCT,
        sequence=sequence,
        event_class=EventClass.CONDUCT,
        epoch=1,
        key_id=UUID(int=5),
        created_utc=NOW,
    )


def post(delivered: int = 1, data: bytes = b"sealed") -> Parked:
    return Parked((NODE, OUTBOX, Lane.CONDUCT, 7), "proctor.a.subject", data, delivered)


def treated(db: Session, error: Exception, delivered: int = 1) -> Treated:
    return treating.treatment_of(db, post(delivered), header(), error, NOW)


def later(reason: str, delay_s: float, delivered: int = 1) -> Treated:
    return Treated(post(delivered), Treatment.LATER, reason, header(), delay_s=delay_s)


@pytest.fixture
def known(database: Database) -> Database:
    """With nodes to record messages of."""
    with database.write() as db:
        nodes.seed(db, [EdgeNode(node_id=UUID(int=number)).section for number in (1, 9, 10)], NOW)
    return database


def test_a_message_comes_again_with_growing_pauses_and_so_often() -> None:
    assert [later_delay_s(post(number)) for number in range(1, OFTEN + 1)] == [*LATER_DELAYS_S, None]


@pytest.mark.parametrize("error", [TooEarly("unknown-session"), Doubtful("unknown-session")])
def test_what_cannot_be_judged_yet_waits_and_is_then_parked(known: Database, error: Exception) -> None:
    with known.write() as db:
        assert treated(db, error) == later("unknown-session", LATER_DELAYS_S[0])
        assert treated(db, error, 3) == later("unknown-session", LATER_DELAYS_S[2], 3)
        assert treated(db, error, OFTEN) == Treated(
            post(OFTEN), Treatment.PARKED, "unknown-session", header()
        )
        assert [heap.reason for heap in parked.heaps(db)] == ["unknown-session"]


def test_an_unknown_assignment_goes_back_to_its_outbox_and_is_not_parked(known: Database) -> None:
    with known.write() as db:
        error = Behind("unknown-epoch")
        assert treated(db, error, 2) == later("unknown-epoch", LATER_DELAYS_S[1], 2)
        assert treated(db, error, OFTEN) == Treated(
            post(OFTEN), Treatment.GIVEN_BACK, "unknown-epoch", header())  # fmt: skip
        assert parked.heaps(db) == []


def test_our_own_trouble_puts_it_off_for_ever(known: Database) -> None:
    with known.write() as db:
        for delivered in (1, OFTEN + 50):
            error = Unavailable("no key", code="keyring")
            assert treated(db, error, delivered) == later("keyring", KEYRING_DELAY_S, delivered)


def test_what_makes_us_fail_is_parked_in_the_end(known: Database) -> None:
    with known.write() as db:
        assert treated(db, KeyError("x")) == later("internal-error", LATER_DELAYS_S[0])
        assert treated(db, KeyError("x"), OFTEN).treatment is Treatment.PARKED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Refused("wrong-node"), "wrong-node"), (Corrupt("does-not-open"), "does-not-open"),
        (Rejected("erased", code="key-destroyed", status=410), "key-destroyed"),
    ],
)  # fmt: skip
def test_a_refusal_is_recorded_with_its_place(known: Database, error: Exception, reason: str) -> None:
    with known.write() as db:
        assert treated(db, error) == Treated(post(), Treatment.REFUSED, reason, header())
        row = db.exec(select(RefusedAlert)).one()
        assert (row.node_id, row.outbox_id, row.lane, row.sequence) == (NODE, OUTBOX, Lane.CONDUCT, 7)
        assert (row.tenant_id, row.alert_id, row.reason, row.refused_utc) == (
            DEFAULT_TENANT_ID, UUID(int=3), reason, NOW)  # fmt: skip


def test_which_treatments_settle_a_sequence() -> None:
    assert {each for each in Treatment if Treated(post(), each).settled} == {
        Treatment.STORED, Treatment.REPEATED, Treatment.REFUSED, Treatment.PARKED}  # fmt: skip


def test_a_parked_message_is_kept_whole(known: Database) -> None:
    with known.write() as db:
        assert parked.park(db, post(), header(), "no-alert", NOW)
        assert parked.park(
            db, post(data=b"other"), header(), "later", NOW + timedelta(1)
        )  # it is kept already
        row = db.exec(select(ParkedMessage)).one()
        assert (row.node_id, row.outbox_id, row.lane, row.sequence) == (NODE, OUTBOX, Lane.CONDUCT, 7)
        assert (row.tenant_id, row.reason, row.subject) == (
            DEFAULT_TENANT_ID,
            "no-alert",
            "proctor.a.subject",
        )
        assert (row.message, row.size_bytes, row.parked_utc) == (b"sealed", 6, NOW)


def test_the_room_for_what_is_parked_is_each_nodes_own(
    known: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "MAX_BYTES", 12)
    with known.write() as db:
        kept = [parked.park(db, post(), header(number), "x", NOW) for number in (1, 2, 3)]
        assert kept == [True, True, False]
        assert parked.park(db, post(), header(1, UUID(int=9)), "x", NOW)
        assert not parked.park(db, post(data=bytes(13)), header(1, UUID(int=10)), "x", NOW)


def test_what_is_parked_is_told_by_node_and_reason_and_read_in_order(known: Database) -> None:
    other = UUID(int=9)
    with known.write() as db:
        for number, node_id, reason in ((3, NODE, "b"), (1, NODE, "a"), (2, NODE, "b"), (1, other, "a")):
            about = header(number, node_id)
            parked.park(db, post(data=bytes([number])), about, reason, NOW + timedelta(seconds=number))
        second = timedelta(seconds=1)
        assert parked.heaps(db) == [
            Heap(NODE, "a", 1, NOW + second), Heap(NODE, "b", 2, NOW + 2 * second),
            Heap(other, "a", 1, NOW + second),
        ]  # fmt: skip
        assert parked.notes(db)[1] == f"2 alert messages of node {NODE} are parked: b"
        first = parked.following(db, None, 2)
        assert [each.place for each in first] == [(NODE, OUTBOX, Lane.CONDUCT, number) for number in (1, 2)]
        assert (first[0].subject, first[0].data, first[0].delivered) == ("proctor.a.subject", b"\x01", OFTEN)
        rest = parked.following(db, first[-1].place, 9)
        assert [each.place[::3] for each in rest] == [(NODE, 3), (other, 1)]
        parked.remove(db, first[0].place)
        assert [each.place for each in parked.following(db, None, 1)] == [first[1].place]


class Message:
    """A message of the stream, and what became of it."""

    def __init__(self, subject: str, data: bytes, delivered: int = 1) -> None:
        self.subject, self.data, self.delivered = subject, data, delivered
        self.done: list[Any] = []

    async def ack(self) -> None:
        self.done.append("ack")

    async def drop(self) -> None:
        self.done.append("drop")

    async def put_off(self, delay_s: float) -> None:
        self.done.append(delay_s)


@pytest.fixture
def sitting(database: Database, node: EdgeNode) -> Sitting:
    return sit(database, KEYRING, node)


@pytest.fixture
def store(database: Database, node: EdgeNode) -> AlertStore:
    return AlertStore(database, KEYRING, {node.node_id: node.signing.public_key()})


class Hub:
    """Takes marks."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def publish(self, subject: str, *_: Any, **__: Any) -> None:
        self.sent.append(subject)


async def taken(store: AlertStore, *messages: Message) -> tuple[Ingest, list[Any]]:
    told: list[Any] = []
    ingest = Ingest(Hub(), None, store, KEY, told.extend)  # type: ignore[arg-type]
    await ingest.take([*messages])  # type: ignore[list-item]
    return ingest, told


KEY: Any = EdgeNode().signing


async def mixed(store: AlertStore, sitting: Sitting) -> None:
    alert = sitting.alert()
    subject = sitting.subject(alert)
    good = Message(subject, sitting.message(alert, 1))
    forged = Message(subject, b"nothing")
    refused = Message(subject, sitting.message(alert, 2, key_id=UUID(int=8)))
    unknown = sitting.message(alert, 3, session_id=UUID(int=8))
    early, parked_now = Message(subject, unknown), Message(subject, unknown, OFTEN)
    behind = Message(subject, sitting.message(sitting.alert(70.0), 4, epoch=9), OFTEN)
    again = Message(subject, good.data)
    ingest, told = await taken(store, good, forged, refused, early, parked_now, behind, again)
    done = [each.done for each in (good, forged, refused, early, parked_now, behind, again)]
    assert done == [["ack"], ["drop"], ["drop"], [LATER_DELAYS_S[0]], ["drop"], ["drop"], ["ack"]]
    assert [each.alert for each in told] == [alert]
    assert ingest.counts == {
        "stored": 1, "repeated": 1, "forged": 1, "forged:malformed": 1, "refused": 1, "refused:wrong-key": 1,
        "later": 1, "later:unknown-session": 1, "parked": 1, "parked:unknown-session": 1, "given-back": 1,
        "given-back:unknown-epoch": 1,
    }  # fmt: skip


def test_each_message_of_a_batch_is_settled_as_it_was_treated(store: AlertStore, sitting: Sitting) -> None:
    asyncio.run(mixed(store, sitting))


def test_a_parked_message_is_judged_by_the_worst_clock_and_forgotten_once_settled(
    store: AlertStore, sitting: Sitting
) -> None:
    seen: list[UUID] = []

    def skew(node_id: UUID) -> float | None:
        seen.append(node_id)
        return None

    measured = replace(store, skew_s=skew)
    alert = sitting.alert()
    early = Message(sitting.subject(alert), sitting.message(alert, 1, session_id=UUID(int=8)), OFTEN)
    measured.take([early], NOW)
    assert measured.judge_parked(None, 5, NOW) is not None  # still unknown: it stays
    done = measured.judge_parked(None, 5, NOW)
    assert done is not None
    assert [each.treatment for each in done.treated] == [Treatment.PARKED]
    assert done.last[3] == 1
    assert measured.judge_parked(done.last, 5, NOW) is None
    with store.database.write() as db:
        row = db.exec(select(ParkedMessage)).one()
        row.message = sitting.message(alert, 1)
        db.add(row)
    done = measured.judge_parked(None, 5, NOW)
    assert done is not None
    assert [each.treatment for each in done.treated] == [Treatment.STORED]
    assert measured.judge_parked(None, 5, NOW) is None
    assert set(seen) == {sitting.node.node_id}
