"""What is kept of the alerts of two nodes around a hand-over, whatever comes first."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlmodel import select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.tables import ParkedMessage
from coordinator.arriving.treated import LATER_DELAYS_S, Treated
from coordinator.ground.database import Database
from coordinator.nodes import service as nodes
from coordinator.nodes.alert_stream import StreamMessage
from shared.alerts import Alert
from shared.events.types import Lane
from shared.messages.heartbeats import OutboxState
from tests.support.desk import KEYRING, NOW
from tests.support.sittings import EdgeNode, Sitting, hand_over, second_of, sit

MOVED_S = 100.0
_names = count(1)


class Kept(NamedTuple):
    """What a row keeps of an alert, but for when it came."""

    revision: int
    epoch: int | None
    raised_s: float
    cleared_s: float | None


class Pair:
    """A session, the node that watches it first, and the next one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.former = sit(database, KEYRING, EdgeNode(), f"EXAM-{next(_names)}")
        self.following = self.former.by(EdgeNode(), epoch=2)
        with database.write() as db:
            nodes.seed(db, [self.following.node.section], NOW)
        both = (self.former.node, self.following.node)
        signers = {node.node_id: node.signing.public_key() for node in both}
        self.store = AlertStore(database, KEYRING, signers)

    def move(self) -> None:
        hand_over(self.database, self.former, self.following.node, MOVED_S)

    def take(self, *deliveries: StreamMessage) -> list[Treated]:
        return self.store.take(list(deliveries), NOW).treated

    def kept(self) -> dict[UUID, Kept]:
        """The session's rows, each agreeing with the alert it keeps sealed."""
        with self.database.read() as db:
            opened = {one.alert.event_id: one.alert for one in self.timeline()}
            rows = db.exec(select(StoredAlert).where(StoredAlert.session_id == self.former.session.id)).all()
        for row in rows:
            told = opened[row.id]
            assert (row.onset_utc, row.raised_utc, row.cleared_utc) == (told.onset, told.raised, told.cleared)
            assert row.node_id == told.metadata.node
        return {
            row.id: Kept(row.revision, row.epoch, _second(row.raised_utc), _second(row.cleared_utc))
            for row in rows
        }

    def timeline(self) -> list[Stored]:
        with self.database.read() as db:
            return alerts.timeline(db, KEYRING, self.former.session)

    def refused(self) -> set[tuple[UUID, int, str]]:
        both = (self.former.node.node_id, self.following.node.node_id)
        with self.database.read() as db:
            rows = db.exec(select(RefusedAlert))
            return {(row.node_id, row.sequence, row.reason) for row in rows if row.node_id in both}

    def parked(self) -> set[tuple[UUID, int, str]]:
        both = (self.former.node.node_id, self.following.node.node_id)
        with self.database.read() as db:
            rows = db.exec(select(ParkedMessage))
            return {(row.node_id, row.sequence, row.reason) for row in rows if row.node_id in both}

    def mark(self, sitting: Sitting) -> int:
        state = OutboxState(
            outbox_id=sitting.node.outbox_id, lane=Lane.CONDUCT, last_sequence=99, waiting=0, dropped=0
        )
        with self.database.read() as db:
            return nodes.marks(db, sitting.node.node_id, [state])[0].sequence


def _second(instant: Any) -> Any:
    return None if instant is None else (instant - second_of(0)).total_seconds()


def told(sitting: Sitting, onset_s: float, raised_s: float, cleared_s: float | None = None) -> Alert:
    cleared = None if cleared_s is None else second_of(cleared_s)
    return sitting.alert(onset_s, raised=second_of(raised_s), cleared=cleared)


def sent(sitting: Sitting, sequence: int, alert: Alert, delivered: int = 1) -> StreamMessage:
    """The message of a node; an alert that is over is revision 2."""
    revision = 1 if alert.cleared is None else 2
    message = sitting.message(alert, sequence, revision=revision)
    return StreamMessage(sitting.subject(alert), message, delivered, cast(Any, None))


@pytest.fixture
def pair(database: Database) -> Pair:
    return Pair(database)


def test_a_first_revision_that_comes_after_the_next_nodes_second_changes_nothing(pair: Pair) -> None:
    pair.move()
    raised, cleared = told(pair.former, 50, 55), told(pair.following, 50, 55, 120)
    assert [one.treatment for one in pair.take(sent(pair.following, 1, cleared))] == ["stored"]
    [late] = pair.take(sent(pair.former, 1, raised))
    assert (late.treatment, late.settled, pair.mark(pair.former)) == ("repeated", True, 1)
    assert pair.kept() == {raised.event_id: Kept(2, 2, 55, 120)}
    assert [one.alert for one in pair.timeline()] == [cleared]


def test_a_node_that_never_held_the_epoch_is_refused_for_good(pair: Pair) -> None:
    pair.move()
    thief = pair.following.by(pair.following.node, epoch=1)
    for _ in range(2):
        [result] = pair.take(sent(thief, 1, told(thief, 50, 55)))
        assert (result.treatment, result.reason, result.settled) == ("refused", "wrong-node", True)
    assert pair.refused() == {(thief.node.node_id, 1, "wrong-node")}
    assert (pair.kept(), pair.mark(thief)) == ({}, 1)


def test_a_mark_does_not_jump_over_what_cannot_be_judged_yet(pair: Pair) -> None:
    other = sit(pair.database, KEYRING, pair.following.node, f"EXAM-{next(_names)}")
    early = sent(pair.following, 1, told(pair.following, 105, 110))
    later, good = pair.take(early, sent(other, 2, told(other, 105, 110)))
    assert (later.treatment, later.reason, later.settled) == ("later", "unknown-epoch", False)
    assert (good.treatment, pair.mark(pair.following)) == ("stored", 0)
    pair.move()
    assert pair.take(early)[0].treatment == "stored"
    assert pair.mark(pair.following) == 2


def test_an_unknown_epoch_is_never_settled_however_often_it_comes(pair: Pair) -> None:
    alert = told(pair.following, 105, 110)
    for delivered, delay_s in enumerate(LATER_DELAYS_S, 1):
        [result] = pair.take(sent(pair.following, 1, alert, delivered))
        assert (result.treatment, result.delay_s) == ("later", delay_s)
    for delivered in (len(LATER_DELAYS_S) + 1, 500):
        [result] = pair.take(sent(pair.following, 1, alert, delivered))
        assert (result.treatment, result.settled) == ("given-back", False)
    assert (pair.refused(), pair.mark(pair.following)) == (set(), 0)
    pair.move()
    assert pair.take(sent(pair.following, 1, alert))[0].treatment == "stored"


@pytest.mark.parametrize("former_first", [True, False])
def test_of_two_ends_of_one_alert_the_later_assignments_stays(pair: Pair, former_first: bool) -> None:
    pair.move()
    ends = [
        sent(pair.former, 1, told(pair.former, 50, 55, 99)),
        sent(pair.following, 1, told(pair.following, 50, 55, 118)),
    ]
    for one in ends if former_first else ends[::-1]:
        pair.take(one)
    [kept] = pair.kept().values()
    assert kept == Kept(2, 2, 55, 118)


def in_time(pair: Pair) -> list[StreamMessage]:
    """What the former node saw while it held the session, under sequences 1 to 7."""
    by = pair.former
    seen = [
        told(by, 50, 55),
        told(by, 50, 55, 80),
        told(by, 85, 90),
        told(by, 91, 95),
        told(by, 91, 95, 99),
        told(by, 92, 97),
        told(by, 98, 101.5),  # within what clocks may differ
    ]
    return [sent(by, number, alert) for number, alert in enumerate(seen, 1)]


def too_late(pair: Pair) -> list[StreamMessage]:
    """What it saw afterwards, under 8 to 10: the first may have been in its time by a fast clock, and has
    come often enough to be parked; the others no clock of a healthy node explains."""
    by, often = pair.former, len(LATER_DELAYS_S) + 1
    seen = [told(by, 85, 90, 103), told(by, 85, 90, 128), told(by, 125, 130)]
    return [sent(by, number, alert, often) for number, alert in enumerate(seen, 8)]


def of_the_next(pair: Pair) -> list[StreamMessage]:
    """What the next node saw, under 1 to 5: two of the former's alerts end, one it raises once more."""
    by = pair.following
    seen = [
        told(by, 92, 104),
        told(by, 91, 95, 118),
        told(by, 85, 90, 120),
        told(by, 125, 130),
        told(by, 125, 130, 140),
    ]
    return [sent(by, number, alert) for number, alert in enumerate(seen, 1)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_comes_first_and_however_often_the_same_is_kept(database: Database, data: Any) -> None:
    pair = Pair(database)  # a session and nodes of its own
    before, later, after = in_time(pair), too_late(pair), of_the_next(pair)
    treated: list[Treated] = []
    for delivery in data.draw(st.lists(st.sampled_from(before + after), max_size=8), "before the move"):
        treated += pair.take(delivery)
    pair.move()
    everything = before + later + after
    coming = everything + data.draw(st.lists(st.sampled_from(everything), max_size=6), "again")
    order, cut = data.draw(st.permutations(coming), "order"), data.draw(st.integers(3, len(coming)), "batch")
    for first in range(0, len(order), cut):
        treated += pair.take(*order[first : first + cut])

    # People are told what is stored, so no message is stored twice.
    told_of = [(one.header.node_id, one.header.sequence) for one in treated if one.stored and one.header]
    assert len(told_of) == len(set(told_of))
    by, following = pair.former, pair.following
    assert pair.kept() == {
        told(by, 50, 55).event_id: Kept(2, 1, 55, 80),
        told(by, 85, 90).event_id: Kept(2, 2, 90, 120),
        told(by, 91, 95).event_id: Kept(2, 2, 95, 118),
        told(by, 92, 97).event_id: Kept(1, 2, 104, None),
        told(by, 98, 101.5).event_id: Kept(1, 1, 101.5, None),
        told(following, 125, 130).event_id: Kept(2, 2, 130, 140),
    }
    assert pair.refused() == {(by.node.node_id, sequence, "after-assignment") for sequence in (9, 10)}
    assert pair.parked() == {(by.node.node_id, 8, "perhaps-after-assignment")}
    assert (pair.mark(by), pair.mark(following)) == (10, 5)
