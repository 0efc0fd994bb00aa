"""Rounds over running sessions: each thing is told once, to the right session, however often they run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from coordinator.alerts.tables import StoredAlert
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.assignments import Because
from coordinator.nodes.service import LaneKey
from coordinator.sessions import sweeping
from coordinator.sessions.absence import service as absence, telling as absences
from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.absence.waiting import FIRST_COMING_S
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.moving import late_service, service as moving, telling as moving_telling
from coordinator.sessions.moving.failover import failover_alert
from coordinator.sessions.moving.late import OVER_FOR
from coordinator.sessions.moving.telling import LEFT_OPEN_EVERY, LeftOpen, clear_failovers
from coordinator.sessions.presence import noting as presence, service as presence_service
from coordinator.sessions.presence.noting import Pages
from coordinator.sessions.sweeping import SETTLED_AFTER, Booted, run, sweep
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.trouble.telling import Troubles
from coordinator.sessions.trouble.wrong import GAP_AFTER, NOTICED_WITHIN
from coordinator.sessions.watched import noting as watched, service as watched_service
from coordinator.sessions.watched.noting import Unseen
from shared.errors import Unavailable
from shared.events.types import EventType, Lane
from shared.messages.heartbeats import OutboxState
from shared.messages.sessions import EndSession, SessionEnded
from tests.support.eventually import cancelled, until
from tests.support.node_answers import watching
from tests.support.session_rows import LEFT, NOW, SECOND
from tests.support.told_nodes import Desk, desk_without_hub, messages


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk_without_hub(migrated_sqlite, tmp_path) as made:
        yield made


def told(desk: Desk, event: EventType) -> dict[str, list[datetime | None]]:
    """By session, when the alerts of this kind were cleared, in the order in which they were raised."""
    with desk.parts.database.read() as db:
        wanted = select(StoredAlert).where(StoredAlert.event_type == event)
        found: dict[str, list[datetime | None]] = {}
        for row in sorted(db.exec(wanted), key=lambda one: one.raised_utc):
            found.setdefault(desk.table.names([row.session_id])[0], []).append(row.cleared_utc)
        return found


# Pages that are missed.


def test_who_had_a_page_is_remembered_until_very_many_had_one_since(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absences, "MAX_REMEMBERED", 2)
    came: list[list[str]] = []
    missing = absence.missing

    def noting(db: Session, keyring: Any, ids: Any, had: Any, now_utc: datetime) -> Any:
        came.append(sorted(desk.table.names(had)))
        return missing(db, keyring, ids, had, now_utc)

    monkeypatch.setattr(absence, "missing", noting)
    node, ids = desk.table.nodes[0], desk.table.ids
    names = ("RUNS", "SISTER", "OTHER-EXAM")

    async def test() -> None:
        memory = Absences()
        for one in ("RUNS", "SISTER", "RUNS", "OTHER-EXAM"):
            desk.hears(node, watching(ids[one]))
            await memory.round(desk.parts, NOW)
        desk.hears(node, *(watching(ids[one], phase="waiting") for one in names))
        await memory.round(desk.parts, NOW)

    asyncio.run(test())
    assert came == [["OTHER-EXAM", "RUNS"]]  # of the latest two


def test_a_page_that_is_there_again_is_expected_anew(desk: Desk) -> None:
    node, one = desk.table.nodes[0], desk.table.ids["RUNS"]

    async def test() -> None:
        memory = Absences()
        for second, phase in ((0, "waiting"), (9, "watching"), (10, "waiting"), (19, "waiting")):
            desk.hears(node, watching(one, phase=phase))
            await memory.round(desk.parts, NOW + second * SECOND)
        assert told(desk, EventType.CANDIDATE_OFFLINE) == {}
        for second in (20, 21):
            await memory.round(desk.parts, NOW + second * SECOND)
        assert told(desk, EventType.CANDIDATE_OFFLINE) == {"RUNS": [None]}
        desk.hears(node, watching(one, phase="withheld"))  # it is there, and nobody may look
        await memory.round(desk.parts, NOW + 30 * SECOND)
        assert told(desk, EventType.CANDIDATE_OFFLINE) == {"RUNS": [NOW + 30 * SECOND]}
        for second in (40, 50):
            desk.hears(node, watching(one, phase="waiting"))
            await memory.round(desk.parts, NOW + second * SECOND)
        assert told(desk, EventType.CANDIDATE_OFFLINE) == {"RUNS": [NOW + 30 * SECOND, None]}

    asyncio.run(test())


def test_an_absence_is_told_to_who_listens(desk: Desk) -> None:
    node, one = desk.table.nodes[0], desk.table.ids["RUNS"]

    async def test() -> None:
        staff, page = desk.listens("RUNS"), desk.listens("RUNS", for_staff=False)
        memory = Absences()
        for late in (0.0, FIRST_COMING_S):
            desk.hears(node, watching(one, phase="waiting"))
            await memory.round(desk.parts, NOW + late * SECOND)
        [raised] = messages(staff)
        assert '"CANDIDATE_OFFLINE"' in raised
        assert len(messages(page)) == 1
        desk.hears(node, watching(one))
        await memory.round(desk.parts, NOW + timedelta(minutes=2))
        [cleared] = messages(staff)
        assert '"cleared"' in cleared
        assert "for 120 s: nobody was watched" in cleared

    asyncio.run(test())


# Pages and seconds that are noted.


def test_a_phase_is_written_once_and_shown_on_walls(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    node, ids, written, stirred = desk.table.nodes[0], desk.table.ids, list[dict[UUID, str]](), list[int]()
    monkeypatch.setattr(presence, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(presence_service, "note", lambda db, now, at: written.append(dict(now)))
    monkeypatch.setattr(type(desk.parts.rooms.walls), "stir", lambda walls: stirred.append(1))

    async def test() -> None:
        pages = Pages()
        for phase in ("waiting", "waiting", "watching"):
            desk.hears(node, watching(ids["RUNS"], phase=phase))
            await pages.round(desk.parts, NOW)
        for name in ("SISTER", "RUNS", "OTHER-EXAM", "RUNS", "SISTER"):
            desk.hears(node, watching(ids[name], phase="silent"))
            await pages.round(desk.parts, NOW)

    asyncio.run(test())
    assert written == [
        {ids["RUNS"]: "waiting"},
        {ids["RUNS"]: "watching"},
        {ids["SISTER"]: "silent"},
        {ids["RUNS"]: "silent"},
        {ids["OTHER-EXAM"]: "silent"},
        {ids["SISTER"]: "silent"},  # forgotten meanwhile
    ]
    assert len(stirred) == len(written)


def test_unwatched_seconds_are_written_when_they_have_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, ids, written = desk.table.nodes[0], desk.table.ids, list[list[str]]()
    monkeypatch.setattr(watched, "MAX_REMEMBERED", 1)
    monkeypatch.setattr(
        watched_service, "note", lambda db, now: written.append(sorted(desk.table.names(now)))
    )

    async def test() -> None:
        unseen = Unseen()
        for seconds in (1.0, 1.0, 2.0):
            desk.hears(node, watching(ids["RUNS"], unwatched_s={"face": seconds}))
            await unseen.round(desk.parts)
        for name in ("SISTER", "SISTER", "RUNS"):
            desk.hears(node, watching(ids[name], unwatched_s={"face": 2.0}))
            await unseen.round(desk.parts)

    asyncio.run(test())
    assert written == [["RUNS"], ["RUNS"], ["SISTER"], ["RUNS"]]


@pytest.mark.parametrize(
    ("known", "epoch", "seconds", "noted"),
    [
        (True, 1, {"face": 3.0}, True),
        (False, 1, {"face": 3.0}, False),
        (True, None, {"face": 3.0}, False),
        (True, 1, None, False),
    ],
)
def test_the_last_seconds_of_a_session_are_noted_where_they_are_known(
    desk: Desk, known: bool, epoch: int | None, seconds: dict[str, float] | None, noted: bool
) -> None:
    node, one = desk.table.nodes[0], desk.table.ids["RUNS"]
    ended = SessionEnded.model_validate(
        {"session_id": one, "was_running": True, "epoch": epoch, "unwatched_s": seconds}
    )

    async def test() -> None:
        if known:
            desk.hears(node)
        await watched.note_end(desk.parts, node.node_id, ended)

    asyncio.run(test())
    with desk.parts.database.read() as db:
        run_ = f"{desk.boots[node.node_id]}/1"
        assert desk.table.session(db, "RUNS").unwatched == ({run_: {"face": 3.0}} if noted else None)


# Nodes in trouble.


def committed(desk: Desk, outbox_id: UUID, *sequences: int) -> None:
    key = LaneKey(desk.table.first, outbox_id, Lane.CONDUCT)
    with desk.parts.database.write() as db:
        nodes.committed(db, key, sequences, NOW)


ON_FIRST = ["FOREIGN", "LAST-SECOND", "NEIGHBOUR", "OTHER-EXAM", "RUNS", "SISTER"]
"""Without the other institution's, whose details are not readable here, and those that have just begun."""


def test_a_gap_is_told_to_the_nodes_sessions_and_over_when_it_is_filled(desk: Desk) -> None:
    outbox_id, event = uuid4(), EventType.ALERT_GAP
    readable = [name for name in ON_FIRST if name != "FOREIGN"]

    async def test() -> None:
        troubles, staff = Troubles(), desk.listens("RUNS")
        with desk.parts.database.write() as db:
            table = desk.table
            table.session(db, "LAST-SECOND").expires_utc = NOW + timedelta(hours=1)
            table.session(db, "NEW").ended_utc = NOW
        committed(desk, outbox_id, 1, 3)
        since = LEFT + NOTICED_WITHIN  # MOVED left its node just before that
        await troubles.round(desk.parts, since)
        await troubles.round(desk.parts, since + GAP_AFTER - SECOND)
        assert told(desk, event) == {}
        for later in (0, 1):
            await troubles.round(desk.parts, since + GAP_AFTER + later * SECOND)
            assert told(desk, event) == {name: [None] for name in sorted([*readable, "MOVED"])}
        assert [event in text for text in messages(staff)] == [True]
        committed(desk, outbox_id, 2)
        at = since + 2 * GAP_AFTER
        await troubles.round(desk.parts, at)
        assert told(desk, event) == {name: [at] for name in sorted([*readable, "MOVED"])}
        committed(desk, outbox_id, 5)  # another one, long after MOVED had left
        await troubles.round(desk.parts, NOW)
        await troubles.round(desk.parts, NOW + GAP_AFTER)
        assert told(desk, event) == {"MOVED": [at]} | {name: [at, None] for name in readable}

    asyncio.run(test())


def hand_over(desk: Desk, name: str, node: UUID, at_utc: datetime) -> None:
    """A session goes to another node."""
    with desk.parts.database.write() as db:
        assignments.hand_over(db, desk.table.found(db, name).assignment, node, at_utc)


def test_a_wrong_clock_is_over_for_a_session_that_has_moved_and_a_gap_is_not(desk: Desk) -> None:
    first, following, _ = desk.table.nodes
    skew, gap = EventType.CLOCK_SKEW, EventType.ALERT_GAP

    async def test() -> None:
        troubles = Troubles()
        desk.hears(first, ahead_s=40.0)
        desk.hears(following, ahead_s=10.0)
        committed(desk, uuid4(), 1, 3)
        await troubles.round(desk.parts, NOW)
        await troubles.round(desk.parts, NOW + GAP_AFTER)
        assert told(desk, skew)["RUNS"] == told(desk, gap)["RUNS"] == [None]
        assert "MOVED" not in told(desk, skew)
        hand_over(desk, "RUNS", following.node_id, NOW + GAP_AFTER)
        at = NOW + GAP_AFTER + SECOND
        await troubles.round(desk.parts, at)
        assert (told(desk, skew)["RUNS"], told(desk, skew)["SISTER"]) == ([at], [None])
        assert told(desk, gap)["RUNS"] == [None]
        with desk.parts.database.write() as db:
            for name in ("RUNS", "SISTER"):
                desk.table.session(db, name).ended_utc = at
        await troubles.round(desk.parts, at + SECOND)  # what is over is over at its end
        assert (told(desk, gap)["RUNS"], told(desk, gap)["NEIGHBOUR"]) == ([at], [None])
        assert told(desk, skew)["SISTER"] == [at]

    asyncio.run(test())


def test_a_loss_is_told_to_who_listens(desk: Desk) -> None:
    outbox_id = uuid4()

    async def test() -> None:
        staff, others = desk.listens("RUNS"), desk.listens("MOVED")
        committed(desk, outbox_id, 1)
        with desk.parts.database.write() as db:
            state = OutboxState(
                outbox_id=outbox_id,
                lane=Lane.CONDUCT,
                last_sequence=5,
                waiting=1,
                dropped=2,
                first_waiting=5,
            )
            nodes.stepped_over(db, desk.table.first, [state], NOW)
        for _ in range(2):
            await Troubles().round(desk.parts, NOW)
        [text] = messages(staff)
        assert EventType.ALERT_GAP in text
        assert messages(others) == []

    asyncio.run(test())


# Moves that are over.


def moved(desk: Desk, name: str) -> None:
    """The alert of a session's move is open."""
    with desk.parts.database.write() as db:
        keyring = desk.parts.keys.keyring
        assert moving.raise_failover(
            db,
            keyring,
            desk.table.ids[name],
            lambda subject: failover_alert(subject, NOW, NOW, Because.SILENT),
            NOW,
        )


def test_a_move_is_over_when_its_node_goes_on_or_the_session_is_over(desk: Desk) -> None:
    first, following, _ = desk.table.nodes
    one, event = desk.table.ids["MOVED"], EventType.NODE_FAILOVER

    async def clears() -> bool:
        await clear_failovers(desk.parts, NOW + SECOND)
        return told(desk, event)["MOVED"] != [None]

    async def test() -> None:
        await clear_failovers(desk.parts, NOW)
        moved(desk, "MOVED")
        moved(desk, "RUNS")
        assert not await clears()
        desk.hears(first, watching(one, epoch=1))  # its former node
        assert not await clears()
        desk.hears(following, watching(one, epoch=1))  # an earlier watch of its own
        assert not await clears()
        for phase in ("waiting", "silent"):
            desk.hears(following, watching(one, epoch=2, phase=phase))
            assert not await clears(), phase
        staff = desk.listens("MOVED")
        desk.hears(following, watching(one, epoch=2, phase="paused"))
        assert await clears()
        assert told(desk, event) == {"MOVED": [NOW + SECOND], "RUNS": [None]}
        assert len(messages(staff)) == 1
        with desk.parts.database.write() as db:
            desk.table.session(db, "RUNS").ended_utc = NOW
        await clear_failovers(desk.parts, NOW + SECOND)
        assert told(desk, event)["RUNS"] == [NOW]

    asyncio.run(test())


def test_moves_beyond_a_rounds_share_are_over_in_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_telling, "MAX_SAID", 1)

    async def test() -> None:
        for name in ("RUNS", "SISTER"):
            moved(desk, name)
        desk.hears(desk.table.nodes[0], *(watching(desk.table.ids[name]) for name in ("RUNS", "SISTER")))
        over = []
        for _ in range(3):
            await clear_failovers(desk.parts, NOW + SECOND)
            times = told(desk, EventType.NODE_FAILOVER)
            over.append(sum(one == [NOW + SECOND] for one in times.values()))
        assert over == [1, 2, 2]

    asyncio.run(test())


def test_what_was_left_open_is_looked_for_once_a_minute_and_again_after_a_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime] = []
    left_open = late_service.left_open

    def look(db: Session, now_utc: datetime, limit: int) -> list[Any]:
        looked.append(now_utc)
        if len(looked) == 1:
            raise Unavailable("the database does not answer")
        return left_open(db, now_utc, limit)

    monkeypatch.setattr(late_service, "left_open", look)

    async def test() -> None:
        memory = LeftOpen()
        with pytest.raises(Unavailable):
            await memory.round(desk.parts, NOW)
        for later_s in (0, 59, 60, 61, 119, 120, -30):  # the last: the clock was set back
            await memory.round(desk.parts, NOW + later_s * SECOND)

    asyncio.run(test())
    seconds = [(one - NOW).total_seconds() for one in looked]
    assert LEFT_OPEN_EVERY == OVER_FOR == 60 * SECOND
    assert seconds == [0, 0, 60, 120, -30]


# What runs all of them.


def test_every_round_looks_for_everything_and_none_ends_the_loop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    known: list[tuple[str, int]] = []

    def noting(name: str, fails_at: int | None = None) -> Any:
        async def one(*given: object) -> None:
            assert desk.parts in given
            done.append(name)
            if fails_at is not None and done.count(name) == fails_at:
                raise Unavailable("the database does not answer")

        return one

    def counting(name: str) -> Any:
        async def one(parts: object, before: set[int]) -> set[int]:
            assert parts is desk.parts
            done.append(name)
            known.append((name, len(before)))
            return before | {len(before)}

        return one

    monkeypatch.setattr(sweeping, "INTERVAL_S", 0.01)
    for name in ("sweep", "mend"):
        monkeypatch.setattr(sweeping, name, counting(name))
    monkeypatch.setattr(sweeping, "leave_revoked", noting("leave_revoked", fails_at=1))
    monkeypatch.setattr(sweeping, "leave_low", noting("leave_low", fails_at=2))
    for kind, fails_at in (("Absences", None), ("Unseen", 2), ("Troubles", None), ("LeftOpen", None)):
        monkeypatch.setattr(getattr(sweeping, kind), "round", noting(kind, fails_at))
    for name in ("clear_failovers", "end_late_ones"):
        monkeypatch.setattr(sweeping, name, noting(name))
    first = ["sweep", "mend", "leave_revoked", "Absences", "Unseen"]
    lowered = ["sweep", "mend", "leave_revoked", "leave_low", "Absences", "Unseen"]
    rest = ["Troubles", "clear_failovers", "end_late_ones", "LeftOpen"]
    expected = [*first, *rest, *lowered, *lowered, *rest]

    async def test() -> None:
        running = asyncio.create_task(run(desk.parts, Booted()))
        await until(lambda: len(done) >= len(expected), "three rounds are over")
        assert not running.done()
        await cancelled(running)

    asyncio.run(test())
    assert done[: len(expected)] == expected
    assert known[:6] == [(name, number) for number in range(3) for name in ("sweep", "mend")]


def test_a_node_that_has_started_is_looked_at_between_the_rounds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, fresh, seen = uuid4(), list[frozenset[UUID]](), list[frozenset[UUID]]()

    async def resumed(_: object, nodes_of: frozenset[UUID]) -> None:
        fresh.append(nodes_of)

    async def never(*_: object) -> None:
        raise AssertionError("no round is due")

    monkeypatch.setattr(sweeping, "resume_all", resumed)
    monkeypatch.setattr(sweeping, "sweep", never)

    async def test() -> None:
        booted = Booted()
        running = asyncio.create_task(run(desk.parts, booted))
        for _ in range(2):
            booted.note(node)
            await until(fresh.__len__, "the node is looked at")
            seen.append(fresh.pop())
        assert not running.done()
        await cancelled(running)

    asyncio.run(test())
    assert seen == [frozenset({node})] * 2


def test_what_a_node_names_wrongly_is_ended_there_and_what_it_lacks_is_started_again(desk: Desk) -> None:
    first, following, third = desk.table.nodes
    ids, unknown = desk.table.ids, uuid4()

    async def test() -> None:
        at = datetime.now().astimezone()  # heartbeats of now, sessions of long ago
        with desk.parts.database.write() as db:
            for session in db.exec(select(ExamSession)):
                over = session.ended_utc is not None or session.reference == "DUE"
                session.expires_utc = at + (-1 if over else 3_600) * SECOND
        desk.hears(
            first,
            *(watching(ids[name]) for name in ("RUNS", "SISTER", "OTHER-EXAM", "LAST-SECOND", "NEIGHBOUR")),
            watching(ids["MOVED"]),
            watching(unknown),
            at_utc=at,
        )
        desk.hears(third, watching(ids["ENDED"]), at_utc=at)
        desk.hears(following, at_utc=at)
        assert await sweep(desk.parts, set()) == {(first.node_id, unknown)}
        ended = EndSession(session_id=ids["ENDED"], submitted=False)
        elsewhere = EndSession(session_id=ids["MOVED"], submitted=False, epoch=1, handed_over=True)
        assert sorted(desk.nodes.ended, key=repr) == sorted(
            [(third.node_id, ended), (first.node_id, elsewhere)], key=repr
        )
        again = {(node_id, one.session_id, one.epoch) for node_id, one in desk.nodes.started}
        assert again == {
            (following.node_id, ids["MOVED"], 2),
            (first.node_id, ids["NEW"], 1),
        }
        assert desk.states.removed == [ids["ENDED"]]
        desk.nodes.ended.clear()
        desk.hears(third, at_utc=at)
        desk.hears(first, watching(unknown), at_utc=at)
        await sweep(desk.parts, {(third.node_id, unknown)})  # another node named it then
        assert desk.nodes.ended == []
        await sweep(desk.parts, {(first.node_id, unknown)})
        assert desk.nodes.ended == [(first.node_id, EndSession(session_id=unknown, submitted=False))]

    asyncio.run(test())


def test_an_assignment_that_a_heartbeat_may_not_know_yet_is_left_alone(desk: Desk) -> None:
    first, following, _ = desk.table.nodes
    ids = desk.table.ids

    async def test() -> None:
        at = datetime.now().astimezone()
        with desk.parts.database.write() as db:
            for session in db.exec(select(ExamSession)):
                session.ended_utc = at if session.reference not in ("MOVED", "NEW") else None
                session.expires_utc = at + 3_600 * SECOND
            desk.table.assigned(db, "MOVED")[1].from_utc = at - SETTLED_AFTER + SECOND
            desk.table.assigned(db, "NEW")[0].from_utc = at - SETTLED_AFTER - SECOND
        desk.hears(first, watching(ids["MOVED"]), at_utc=at + SECOND)
        desk.hears(following, at_utc=at)  # the older heartbeat counts
        await sweep(desk.parts, set())
        assert desk.nodes.ended == []
        assert [(node_id, one.session_id) for node_id, one in desk.nodes.started] == [
            (first.node_id, ids["NEW"])
        ]

    asyncio.run(test())


def test_without_any_node_nothing_is_unknown(desk: Desk) -> None:
    assert asyncio.run(sweep(desk.parts, {(uuid4(), uuid4())})) == set()
    assert timedelta(days=3) == lasting.LONGEST_SESSION
