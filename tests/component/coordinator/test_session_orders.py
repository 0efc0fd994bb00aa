"""What nodes are told of sessions: what the next one gets of the former, and who is asked when one fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from coordinator.alerts import service as alerts
from coordinator.alerts.service import Written
from coordinator.keys.tables import Key
from coordinator.nodes import asking, assignments_service as assignments
from coordinator.nodes.alert_stream import LastState
from coordinator.nodes.assignments import Because
from coordinator.nodes.placements import Placement
from coordinator.nodes.tables import Node
from coordinator.sessions.changing import telling
from coordinator.sessions.changing.telling import mend
from coordinator.sessions.moving import draining
from coordinator.sessions.moving.draining import Drained, drain, leave_revoked
from coordinator.sessions.moving.moves import leave, move
from coordinator.sessions.service import Found
from coordinator.sessions.starting import handing
from coordinator.sessions.starting.again import prepare, resume, resume_with, send, watches
from coordinator.sessions.starting.handing import BEFORE_STATE, handed
from coordinator.sessions.sweeping import resume_all
from shared.alerts import Alert
from shared.consents import Purpose
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.messages.sessions import EndSession, HandedOver
from shared.messages.states import StateHeader
from shared.sealing import pack, parse_sealing_public
from tests.support.node_answers import watching
from tests.support.session_rows import LEFT, NOW, SECOND
from tests.support.sittings import START, EdgeNode, Sitting
from tests.support.told_nodes import Desk, accepted_by, desk_without_hub, messages

AWAY = Unavailable("the edge node does not answer", code="node-away")
FULL = Rejected("the node is full", code="node-full", status=503)
UNKNOWN = Rejected("no such session runs on this node", code="session-unknown", status=404)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk_without_hub(migrated_sqlite, tmp_path) as made:
        yield made


def logged(caplog: pytest.LogCaptureFixture, words: str) -> list[tuple[object, ...]]:
    """Of the warnings with these words: which session and node they are about, and which error."""
    said = [one for one in caplog.records if words in one.getMessage()]
    return [tuple(getattr(one, name, None) for name in ("session_id", "node_id", "error")) for one in said]


def found(desk: Desk, name: str) -> Found:
    with desk.parts.database.read() as db:
        return desk.table.found(db, name)


def save(
    desk: Desk, node: EdgeNode, name: str, epoch: int, body: Any, stored: datetime, **about: Any
) -> None:
    """The hub has a state that this node has sent of a session."""
    with desk.parts.database.read() as db:
        session = desk.table.session(db, name)
        key = db.get_one(Key, session.seal_key_id)
    header = StateHeader(
        session_id=session.id,
        tenant_id=session.tenant_id,
        node_id=node.node_id,
        epoch=epoch,
        key_id=session.seal_key_id,
        saved_utc=stored - SECOND,
        policy_version=3,
        paused=True,
        withheld=(Purpose.CAMERA_MONITORING,),
    ).model_copy(update=about)
    assert key.public_key is not None
    message = pack(
        header.model_dump(mode="json"),
        json.dumps(body).encode(),
        node.signing,
        seal_to=parse_sealing_public(key.public_key),
    )
    desk.states.last_of[node.node_id, session.id] = LastState(message, stored)


def tell(
    desk: Desk, name: str, onset_s: float, received: datetime, cleared: datetime | None = None, **more: Any
) -> Alert:
    """The first node has told an alert."""
    with desk.parts.database.write() as db:
        session, node = desk.table.session(db, name), desk.table.nodes[0]
        sitting = Sitting(
            node=node,
            session=session,
            seal_key="",
            evidence_key_id=uuid4(),
            evidence_key="",
            candidate="STU-RUNS",
        )
        raised = START + timedelta(seconds=onset_s)
        made = sitting.alert(onset_s, event_type=EventType.HEAD_DOWN, raised=raised, cleared=cleared, **more)
        one = Written(session=session, alert=made, revision=1, node_id=node.node_id, epoch=1)
        alerts.store(db, desk.table.keyring, [one], received)
    return made


def handed_of(desk: Desk, name: str, now_utc: datetime = NOW) -> HandedOver | None:
    return asyncio.run(handed(desk.parts, found(desk, name), now_utc))


STORED = LEFT - 5 * SECOND
MEMORY = {"version": 7}


def test_the_next_node_gets_the_last_state_and_what_was_told_since(desk: Desk) -> None:
    first = desk.table.nodes[0]
    save(desk, first, "MOVED", 1, MEMORY, STORED)
    before = STORED - BEFORE_STATE
    long_open = tell(desk, "MOVED", 1.0, before - SECOND)
    tell(desk, "MOVED", 2.0, before - SECOND, cleared=NOW)  # in the state already
    over = [tell(desk, "MOVED", 4.0, before, cleared=NOW), tell(desk, "MOVED", 3.0, NOW, cleared=NOW)]
    given = handed_of(desk, "MOVED")
    assert given is not None
    assert (given.memory, given.policy_version, given.paused) == (MEMORY, 3, True)
    assert given.withheld == (Purpose.CAMERA_MONITORING,)
    assert (given.age_s, given.ahead_s) == ((NOW - STORED).total_seconds(), 0.0)
    assert [one.event_id for one in given.open] == [long_open.event_id]
    assert list(given.over) == [over[1].event_id, over[0].event_id]  # the newest last
    assert desk.states.asked == [desk.table.following, desk.table.first]


def test_a_node_whose_clock_is_known_is_corrected(desk: Desk) -> None:
    first = desk.table.nodes[0]
    save(desk, first, "MOVED", 1, MEMORY, STORED)
    desk.hears(first, ahead_s=40.0)
    given = handed_of(desk, "MOVED")
    assert given is not None
    # By its own clock it saved the state a second before it arrived, which was 41 s before.
    assert (given.age_s, given.ahead_s) == ((NOW - STORED).total_seconds() + 41, 40.0)


def test_a_state_of_the_hubs_future_is_of_now(desk: Desk) -> None:
    save(desk, desk.table.nodes[1], "MOVED", 2, MEMORY, NOW + timedelta(minutes=1))
    over = tell(desk, "MOVED", 1.0, NOW - BEFORE_STATE, cleared=NOW)
    given = handed_of(desk, "MOVED")
    assert given is not None
    assert (given.age_s, given.over) == (0.0, (over.event_id,))


def forged(desk: Desk) -> None:
    save(desk, desk.table.nodes[1], "MOVED", 2, MEMORY, NOW)
    key = desk.table.following, desk.table.ids["MOVED"]
    last = desk.states.last_of[key]
    desk.states.last_of[key] = LastState(last.message[:-1] + b"x", last.stored_utc)


def anothers(desk: Desk) -> None:
    save(desk, desk.table.nodes[1], "MOVED", 2, MEMORY, NOW, session_id=desk.table.ids["RUNS"])


def no_object(desk: Desk) -> None:
    save(desk, desk.table.nodes[1], "MOVED", 2, ["version", 7], NOW)


def unknown_signer(desk: Desk) -> None:
    save(desk, desk.table.nodes[1], "MOVED", 2, MEMORY, NOW)
    del desk.parts.signers[desk.table.following]


@pytest.mark.parametrize("newest", [forged, anothers, no_object, unknown_signer])
def test_a_state_that_is_not_good_is_passed_over(
    desk: Desk, newest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    newest(desk)
    save(desk, desk.table.nodes[0], "MOVED", 1, {"version": 6}, STORED)
    given = handed_of(desk, "MOVED")
    assert given is not None
    assert given.memory == {"version": 6}
    places = logged(caplog, "state is refused")
    about = str(desk.table.ids["MOVED"]), str(desk.table.following)
    assert [told[:2] for told in places] == ([] if newest is unknown_signer else [about])
    assert all(told[2] for told in places)


def test_without_the_hub_what_was_told_is_handed_over_all_the_same(desk: Desk) -> None:
    save(desk, desk.table.nodes[0], "MOVED", 1, MEMORY, STORED)
    desk.states.away = True
    assert handed_of(desk, "MOVED") is None
    assert desk.states.asked == [desk.table.following]
    told = tell(desk, "MOVED", 1.0, NOW - BEFORE_STATE)
    recent = tell(desk, "MOVED", 2.0, NOW - BEFORE_STATE, cleared=NOW)
    tell(desk, "MOVED", 3.0, NOW - BEFORE_STATE - SECOND, cleared=NOW)
    given = handed_of(desk, "MOVED")
    assert given is not None
    assert (given.memory, given.age_s, given.ahead_s) == (None, 0.0, 0.0)
    assert ([one.event_id for one in given.open], given.over) == ([told.event_id], (recent.event_id,))


def test_only_the_last_assignments_are_asked_for_a_state(desk: Desk) -> None:
    with desk.parts.database.write() as db:
        for node_id in (desk.table.third, desk.table.first, desk.table.following):
            assignments.hand_over(db, desk.table.found(db, "MOVED").assignment, node_id, NOW)
    assert handed_of(desk, "MOVED") is None
    assert desk.states.asked == [desk.table.following, desk.table.first, desk.table.third]


def test_no_more_is_handed_over_than_fits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [tell(desk, "RUNS", float(second), NOW) for second in range(4)]
    over = [tell(desk, "RUNS", 10.0 + second, NOW, cleared=NOW) for second in range(3)]
    size = len(told[0].model_dump_json())

    def kept() -> tuple[list[UUID], list[UUID]]:
        given = handed_of(desk, "RUNS")
        assert given is not None
        return [one.event_id for one in given.open], list(given.over)

    all_open, all_over = [one.event_id for one in told], [one.event_id for one in over]
    assert kept() == (all_open, all_over)
    monkeypatch.setattr(handing, "MAX_TOLD_OPEN", 3)
    monkeypatch.setattr(handing, "MAX_TOLD_OVER", 2)
    assert kept() == (all_open[1:], all_over[1:])
    for limit, expected in ((2 * size + 20, all_open[2:]), (size - 20, [])):
        monkeypatch.setattr(handing, "MAX_ALERTS_BYTES", limit)
        assert kept()[0] == expected


# Started again.


def test_a_session_is_started_again_where_it_is_and_its_address_noted(desk: Desk) -> None:
    node = desk.table.nodes[0]

    async def test() -> bool:
        page = desk.listens("RUNS", for_staff=False)
        done = await resume(desk.parts, found(desk, "RUNS"))
        assert messages(page) == []  # it is where it was
        return done

    assert asyncio.run(test())
    [(node_id, order)] = desk.nodes.started
    assert (node_id, order.session_id, order.epoch) == (node.node_id, desk.table.ids["RUNS"], 1)
    assert order.elapsed_s == 3_600.0
    assert desk.nodes.changed == []
    there = accepted_by(node.node_id, order.session_id)
    session = found(desk, "RUNS").session
    assert (session.signaling_url, session.whip_url) == (there.signaling_url, there.whip_url)
    assert found(desk, "RUNS").assignment.handed_utc is None  # a first node is told of nobody's


def test_a_move_that_nobody_finished_is_settled_and_its_page_told(desk: Desk) -> None:
    async def test() -> None:
        page = desk.listens("MOVED", for_staff=False)
        assert await watches(desk.parts, found(desk, "MOVED"), 60.0) is None
        assert desk.nodes.changed == []
        assert await resume(desk.parts, found(desk, "MOVED"))
        assert ['"reroute"' in text for text in messages(page)] == [True]
        assert found(desk, "MOVED").assignment.handed_utc == LEFT
        assert await resume(desk.parts, found(desk, "MOVED"))
        assert messages(page) == []
        assert await watches(desk.parts, found(desk, "MOVED"), 60.0) is True
        assert [node_id for node_id, _ in desk.nodes.changed] == [desk.table.following]

    asyncio.run(test())


def test_what_cannot_be_started_again_is_left_for_the_next_round(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        for name in ("ENDED", "DUE", "FOREIGN"):
            assert not await resume(desk.parts, found(desk, name)), name
        former = found(desk, "MOVED")
        with desk.parts.database.read() as db:
            old = Found(former.session, former.candidate, desk.table.assigned(db, "MOVED")[0])
        assert not await resume(desk.parts, old)
        assert desk.nodes.started == []
        page = desk.listens("MOVED", for_staff=False)
        desk.nodes.fails[desk.table.following] = AWAY
        caplog.clear()
        assert not await resume(desk.parts, former)
        assert logged(caplog, "could not be started again") == [
            (former.session.id, desk.table.following, "Unavailable")
        ]
        assert messages(page) == []
        assert found(desk, "MOVED").assignment.handed_utc is None

    asyncio.run(test())


@pytest.mark.parametrize(("fails", "there"), [(None, True), (UNKNOWN, None), (AWAY, False)])
def test_a_node_says_whether_it_watches(desk: Desk, fails: Any, there: bool | None) -> None:
    if fails is not None:
        desk.nodes.fails[desk.table.first] = fails
    assert asyncio.run(watches(desk.parts, found(desk, "RUNS"), 60.0)) is there


def test_a_node_that_takes_too_long_does_not_watch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> bytes:
        await asyncio.sleep(3_600)
        return b""

    monkeypatch.setattr(desk.nodes, "send", never)

    async def test() -> None:
        one = found(desk, "RUNS")
        assert await watches(desk.parts, one, 0.01) is False
        order = await prepare(desk.parts, one)
        with pytest.raises(Unavailable, match=r"^the edge node takes too long to answer$") as late:
            await send(desk.parts, one, order, 0.01)
        assert late.value.code == "node-away"
        assert not await resume_with(desk.parts, one, order, 0.01)

    asyncio.run(test())


def test_what_changes_while_a_node_starts_a_session_is_sent_after_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def pause() -> None:
        with desk.parts.database.write() as db:
            desk.table.session(db, "RUNS").paused_utc = NOW

    async def test() -> None:
        one = found(desk, "RUNS")
        order = await prepare(desk.parts, one)
        desk.nodes.meanwhile = pause
        await send(desk.parts, one, order)
        assert [(node_id, told.paused) for node_id, told in desk.nodes.changed] == [(desk.table.first, True)]
        await send(desk.parts, one, await prepare(desk.parts, one))
        assert len(desk.nodes.changed) == 1
        # A node that does not obey that is told by a later round.

        async def away(*_: object) -> None:
            raise AWAY

        monkeypatch.setattr(asking, "change", away)
        assert (await send(desk.parts, one, order)).session_id == one.session.id
        assert logged(caplog, "a node may lack a change") == [
            (one.session.id, desk.table.first, "Unavailable")
        ]

    asyncio.run(test())


def test_the_time_that_passes_and_what_is_handed_over_are_no_change(desk: Desk) -> None:
    tell(desk, "RUNS", 1.0, NOW)
    passed = iter(range(100))
    desk.parts.utc_now = lambda: NOW + next(passed) * SECOND

    async def test() -> None:
        assert await resume(desk.parts, found(desk, "RUNS"))
        [(_, order)] = desk.nodes.started
        assert order.handed is not None
        assert desk.nodes.changed == []

    asyncio.run(test())


def test_what_has_changed_is_sent_when_it_is_its_turn(desk: Desk) -> None:
    def pause() -> None:
        with desk.parts.database.write() as db:
            desk.table.session(db, "RUNS").paused_utc = NOW

    async def test() -> None:
        one = found(desk, "RUNS")
        order = await prepare(desk.parts, one)
        desk.nodes.meanwhile = pause
        async with desk.parts.orders.turn(one.session.id):
            sending = asyncio.create_task(send(desk.parts, one, order))
            await asyncio.wait([sending], timeout=0.1)
            assert (len(desk.nodes.started), desk.nodes.changed) == (1, [])
        await sending
        assert len(desk.nodes.changed) == 1

    asyncio.run(test())


def test_a_node_that_has_just_started_gets_all_that_it_does_not_name(desk: Desk) -> None:
    first, following, third = desk.table.nodes
    far = timedelta(days=36_500)

    async def test() -> None:
        with desk.parts.database.write() as db:
            for name in ("RUNS", "SISTER", "MOVED", "NEIGHBOUR"):
                desk.table.session(db, name).expires_utc = NOW + far
        desk.hears(first, watching(desk.table.ids["SISTER"]))
        await resume_all(desk.parts, {first.node_id, following.node_id, third.node_id})
        told = sorted(desk.table.names(order.session_id for _, order in desk.nodes.started))
        assert told == ["MOVED", "NEIGHBOUR", "RUNS"]

    asyncio.run(test())


# Changed.


def test_an_order_that_has_changed_meanwhile_is_sent_again_but_not_without_end(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    versions = iter(range(2, 100))

    def change() -> None:
        with desk.parts.database.write() as db:
            desk.table.session(db, "RUNS").device = next(versions)
        desk.nodes.meanwhile = change

    async def test() -> None:
        session = found(desk, "RUNS").session
        assert await telling.tell(desk.parts, session)
        assert [order.device for _, order in desk.nodes.changed] == [0]
        desk.nodes.changed.clear()
        desk.nodes.meanwhile = change
        assert await telling.tell(desk.parts, session)
        assert [order.device for _, order in desk.nodes.changed] == [0, 2, 3]
        desk.nodes.fails[desk.table.first] = AWAY
        assert not await telling.tell(desk.parts, session)
        assert logged(caplog, "did not get a session's change") == [
            (session.id, desk.table.first, "Unavailable")
        ]

    asyncio.run(test())


def test_what_nodes_missed_is_sent_in_the_second_round_and_a_share_in_each(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MAX_TOLD", 2)
    ids, first = desk.table.ids, desk.table.nodes[0]
    names = ("RUNS", "SISTER", "OTHER-EXAM")
    with desk.parts.database.write() as db:
        for name in names:
            desk.table.session(db, name).expires_utc = NOW + timedelta(days=36_500)

    def says(name: str, version: int = 1, **more: Any) -> Any:
        return watching(ids[name], policy_version=version, paused=False, **more)

    async def test() -> None:
        desk.hears(first, *(says(name, 9) for name in names))
        differed = await mend(desk.parts, set())
        assert differed == {ids[name] for name in names}
        assert desk.nodes.changed == []
        assert await mend(desk.parts, differed) == differed
        assert len(desk.nodes.changed) == 2
        desk.nodes.changed.clear()
        desk.hears(first, says("RUNS", 9), says("SISTER"), says("OTHER-EXAM", token_key_id="gone"))
        assert await mend(desk.parts, {ids["SISTER"]}) == {ids["RUNS"]}
        # A revoked key is not waited for.
        assert [order.session_id for _, order in desk.nodes.changed] == [ids["OTHER-EXAM"]]
        own = desk.parts.keys.token_key_id
        desk.hears(first, says("RUNS", token_key_id=own), says("SISTER", logs_features=True))
        assert await mend(desk.parts, set()) == {ids["SISTER"]}  # it may log nothing
        desk.hears(first, says("RUNS", hears_phrases=True), says("SISTER", hears_phrases=False))
        assert await mend(desk.parts, set()) == {ids["RUNS"]}  # nobody has agreed to that

    asyncio.run(test())


# Moved.


def epochs(desk: Desk, name: str) -> list[tuple[UUID, Because]]:
    with desk.parts.database.read() as db:
        return [(one.node_id, one.because) for one in desk.table.assigned(db, name)]


def all_heard(desk: Desk) -> None:
    for node in desk.table.nodes:
        desk.hears(node)


def test_a_session_goes_to_the_next_best_until_one_takes_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    first, following, third = desk.table.nodes

    async def test() -> None:
        all_heard(desk)
        refuser, taker = sorted([following.node_id, third.node_id])  # of equals the first is picked
        desk.nodes.fails[refuser] = FULL
        staff = desk.listens("RUNS")
        done = await move(desk.parts, found(desk, "RUNS"), Because.ASKED)
        assert epochs(desk, "RUNS") == [
            (first.node_id, Because.STARTED),
            (refuser, Because.ASKED),
            (taker, Because.ASKED),
        ]
        assert (done.found.assignment.node_id, done.found.assignment.epoch) == (taker, 3)
        assert done.found.session.signaling_url == accepted_by(taker, done.found.session.id).signaling_url
        assert [(one.node_id, one.epoch) for one in done.former] == [(first.node_id, 1), (refuser, 2)]
        assert len(messages(staff)) == 1  # one move, however many were asked
        assert logged(caplog, "does not take a session that moves") == [
            (done.found.session.id, refuser, "Rejected")
        ]
        assert found(desk, "RUNS").assignment.handed_utc == NOW
        desk.nodes.fails.clear()
        desk.nodes.ended.clear()
        await leave(desk.parts, done)
        assert desk.nodes.ended == [
            (
                node_id,
                EndSession(session_id=done.found.session.id, submitted=False, epoch=epoch, handed_over=True),
            )
            for node_id, epoch in ((first.node_id, 1), (refuser, 2))
        ]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("because", "back"),
    [(Because.ASKED, True), (Because.DRAINED, True), (Because.SILENT, False), (Because.REVOKED, False)],
)
def test_a_node_that_answers_gets_back_what_no_other_takes(desk: Desk, because: Because, back: bool) -> None:
    first, following, third = desk.table.nodes

    async def test() -> None:
        all_heard(desk)
        for node in (following, third):
            desk.nodes.fails[node.node_id] = AWAY
        if not back:
            with pytest.raises(Unavailable) as nobody:
                await move(desk.parts, found(desk, "RUNS"), because)
            assert nobody.value.code == "no-node-online"
            assert epochs(desk, "RUNS")[-1][0] != first.node_id
            return
        done = await move(desk.parts, found(desk, "RUNS"), because)
        assert (done.found.assignment.node_id, done.found.assignment.epoch) == (first.node_id, 4)
        await leave(desk.parts, done)
        assert [node_id for node_id, _ in desk.nodes.ended] == []

    asyncio.run(test())


def test_a_node_that_was_cordoned_a_moment_ago_is_passed_over(desk: Desk) -> None:
    _, following, third = desk.table.nodes

    async def test() -> None:
        all_heard(desk)
        with desk.parts.database.write() as db:
            best = min(following.node_id, third.node_id)
            db.get_one(Node, best).placement = Placement.CORDONED
        done = await move(desk.parts, found(desk, "RUNS"), Because.ASKED)
        assert done.found.assignment.node_id == max(following.node_id, third.node_id)
        assert done.found.assignment.epoch == 2

    asyncio.run(test())


def test_nobody_is_moved_who_is_over_or_has_moved(desk: Desk) -> None:
    async def test() -> None:
        all_heard(desk)
        for name, code in (("ENDED", "session-ended"), ("DUE", "session-expired")):
            with pytest.raises(Rejected) as over:
                await move(desk.parts, found(desk, name), Because.ASKED)
            assert over.value.code == code
        present = found(desk, "MOVED")
        with desk.parts.database.read() as db:
            former = Found(present.session, present.candidate, desk.table.assigned(db, "MOVED")[0])
        with pytest.raises(Unavailable) as gone:
            await move(desk.parts, former, Because.ASKED)
        assert gone.value.code == "handed-over"
        assert desk.nodes.started == []

    asyncio.run(test())


def test_where_nobody_else_is_a_session_stays_as_it_is(desk: Desk) -> None:
    first, *_ = desk.table.nodes

    async def test() -> None:
        desk.hears(first)
        with pytest.raises(Unavailable) as alone:
            await move(desk.parts, found(desk, "RUNS"), Because.ASKED)
        assert alone.value.code == "no-node-online"
        assert epochs(desk, "RUNS") == [(first.node_id, Because.STARTED)]

    asyncio.run(test())


@pytest.mark.parametrize(("because", "heard_before_s"), [(Because.SILENT, 30.0), (Because.ASKED, 0.0)])
def test_a_move_says_since_when_nobody_watched(desk: Desk, because: Because, heard_before_s: float) -> None:
    first, following, _ = desk.table.nodes

    async def test() -> None:
        desk.hears(first, at_utc=NOW - 30 * SECOND)
        desk.hears(following)
        done = await move(desk.parts, found(desk, "RUNS"), because)
        with desk.parts.database.read() as db:
            told = [
                one.alert
                for one in alerts.timeline(db, desk.table.keyring, done.found.session)
                if one.alert.event_type == EventType.NODE_FAILOVER
            ]
        [said] = told
        assert (said.onset, said.raised) == (NOW - heard_before_s * SECOND, NOW)
        assert said.evidence["because"] == because.value
        assert said.metadata.node == following.node_id

    asyncio.run(test())


def test_a_drained_node_says_how_many_have_moved_and_each_page_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    first, following, _ = desk.table.nodes

    async def test() -> None:
        desk.hears(first)
        desk.hears(following)
        page, other = desk.listens("RUNS", for_staff=False), desk.listens("MOVED", for_staff=False)
        # The other institution's session cannot be read, and one has begun this very instant.
        assert await drain(desk.parts, first.node_id) == Drained(moved=5, stayed=1)
        assert logged(caplog, "stays at a node that is to be empty") == [
            (desk.table.ids["FOREIGN"], first.node_id, "Corrupt")
        ]
        assert ['"reroute"' in text for text in messages(page)] == [True]
        assert messages(other) == []
        assert {node_id for node_id, _ in desk.nodes.ended} == {first.node_id}
        assert len(desk.nodes.ended) == 5
        assert epochs(desk, "RUNS") == [
            (first.node_id, Because.STARTED),
            (following.node_id, Because.DRAINED),
        ]

    asyncio.run(test())


def test_only_the_sessions_of_revoked_nodes_leave_them(desk: Desk) -> None:
    following = desk.table.nodes[1]

    async def test() -> None:
        all_heard(desk)
        await leave_revoked(desk.parts)
        assert desk.nodes.started == []
        with desk.parts.database.write() as db:
            db.get_one(Node, following.node_id).revoked_utc = NOW
        desk.parts.fleet.forget(following.node_id)
        await leave_revoked(desk.parts)
        assert [order.session_id for _, order in desk.nodes.started] == [desk.table.ids["MOVED"]]
        assert epochs(desk, "MOVED")[-1][1] is Because.REVOKED

    asyncio.run(test())


def test_so_many_sessions_are_moved_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now, most = 0, 0
    real = move

    async def counted(*arguments: Any) -> Any:
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            return await real(*arguments)
        finally:
            now -= 1

    monkeypatch.setattr(draining, "move", counted)
    monkeypatch.setattr(draining, "AT_ONCE", 2)

    async def test() -> None:
        all_heard(desk)
        await drain(desk.parts, desk.table.first)

    asyncio.run(test())
    assert most == 2
