"""A running session goes from one node to another: with what the former knew, once, and not without end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, col, select
from websockets.asyncio.client import ClientConnection

from coordinator.audit.tables import AuditEntry
from coordinator.config import NodeSection
from coordinator.live import socket
from coordinator.live.rooms import Listener
from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.alert_stream import LastState
from coordinator.nodes.assignments import Because
from coordinator.nodes.fleet import Fleet, NodeState
from coordinator.nodes.placements import DRAINS_AGAIN
from coordinator.nodes.service import LaneKey
from coordinator.nodes.tables import Assignment
from coordinator.sessions import ending, service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.moving import draining, routes, service as moving
from coordinator.sessions.moving.deciding import MOST_ASKED, MOST_LEFT
from coordinator.sessions.moving.draining import Drains, drain, leave_low, leave_revoked
from coordinator.sessions.moving.late import PATIENCE, WORDS
from coordinator.sessions.moving.moves import Move, move
from coordinator.sessions.moving.telling import clear_failovers, end_late_ones
from coordinator.sessions.service import Found
from coordinator.sessions.starting import again
from coordinator.sessions.tables import ExamSession
from coordinator.sessions.trouble.telling import Troubles
from coordinator.sessions.trouble.wrong import GAP_AFTER
from coordinator.web_api.parts import Parts
from shared.alerts import Alert, alert_id
from shared.errors import Rejected, Unavailable
from shared.events.types import EventClass, EventType, Lane
from shared.messages.heartbeats import OutboxState
from shared.messages.sessions import SessionAccepted, StartSession
from shared.rates import Buckets, Rate
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.eventually import PATIENCE_S, cancelled
from tests.support.exam_site import NODE_ID, Site, exam_site, stay_heard
from tests.support.fake_node import FakeNode, beat_until_known, fake_node
from tests.support.findings import alert, until_stored
from tests.support.nats import RunningServer, nats_server
from tests.support.node_answers import Refusal, watching
from tests.support.served_site import listening_to, served

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

NEXT_ID: Final = uuid4()
NEXT_KEY: Final = Ed25519PrivateKey.generate()
NEXT_URL: Final = "ws://127.0.0.1:8200/signal"
MEMORY: Final[dict[str, object]] = {"version": 7, "course": {"raised": 3}}

LATER: Final = GAP_AFTER + timedelta(seconds=1)

Play = Callable[["Site", FakeNode], Awaitable[None]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that answers on a busy machine may take its time."""
    monkeypatch.setattr(routes, "ANSWERS_WITHIN_S", PATIENCE_S)


@pytest.fixture
def hub_of_two(tmp_path: Path) -> Iterator[RunningServer]:
    folder = tmp_path / "nats"
    folder.mkdir()
    with nats_server(folder, [NODE_ID, NEXT_ID]) as server:
        yield server


@pytest.fixture
def play(migrated_url: str, hub_of_two: RunningServer, tmp_path: Path) -> Callable[[Play], None]:
    """Runs a story on a site with two nodes, on SQLite and then on PostgreSQL."""

    async def run(story: Play) -> None:
        async with asyncio.timeout(240), two_nodes(migrated_url, hub_of_two, tmp_path) as (site, other):
            await story(site, other)

    return lambda story: asyncio.run(run(story))


@asynccontextmanager
async def two_nodes(
    database_url: str, hub: RunningServer, folder: Path
) -> AsyncIterator[tuple[Site, FakeNode]]:
    text = signing_public_text(NEXT_KEY.public_key())
    beside = (NodeSection(node_id=NEXT_ID, region="campus", signing_key=text),)
    async with (
        exam_site(database_url, hub, folder, beside=beside) as site,
        fake_node(hub, NEXT_ID, NEXT_KEY) as other,
    ):
        other.accept = lambda session_id: SessionAccepted(
            session_id=session_id, signaling_url=f"{NEXT_URL}/{session_id}", whip_url="http://next/whip"
        )
        heard = asyncio.create_task(stay_heard(site.parts, NEXT_ID))
        try:
            yield site, other
        finally:
            await cancelled(heard)


async def sat(site: Site, other: FakeNode) -> StartSession:
    """A session at the first node, while the other one is online too."""
    await site.started()
    await online(site, other)
    return site.node.obeyed.newest


async def online(site: Site, other: FakeNode) -> None:
    await beat_until_known(other, lambda: site.parts.fleet.state(NEXT_ID) is not None)
    await other.beat()


async def asks(site: Site, start: StartSession, failed: int = 0) -> httpx.Response:
    """What the session's page is answered."""
    token = site.bearer(Role.CANDIDATE, "CAND-1", session_id=start.session_id)
    return await site.get(f"/session/SESS-1/route?failed={failed}", headers=token)


async def held(site: Site, start: StartSession) -> list[tuple[int, UUID, Because]]:
    def read(db: Any) -> list[tuple[int, UUID, Because]]:
        wanted = select(Assignment).where(Assignment.session_id == start.session_id)
        return sorted((row.epoch, row.node_id, row.because) for row in db.exec(wanted))

    return await site.parts.reading(read)


def meanwhile(site: Site, other: FakeNode, change: Callable[[Session], None]) -> None:
    """This is changed in the database while the other node is told to start a session next."""
    accept = other.accept

    def changing_it(session_id: UUID) -> SessionAccepted:
        other.accept = accept
        with site.parts.database.write() as db:
            change(db)
        return accept(session_id)

    other.accept = changing_it


async def came(site: Site, *sequences: int) -> None:
    """Reports of the first node are committed."""
    key = LaneKey(NODE_ID, site.node.outbox_id, Lane.CONDUCT)

    def commit(db: Session) -> None:
        nodes.committed(db, key, sequences, datetime.now(UTC))

    await site.parts.writing(commit)


async def until_frames(client: ClientConnection, number: int) -> None:
    """Wait until a socket's heartbeat has this number of pictures."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = json.loads(await client.recv())
            if message["type"] == "heartbeat" and message["stats"]["frames_processed"] == number:
                return


def milestone(told: Alert, start: StartSession) -> Alert:
    """What a node says when it has learnt how the candidate sits."""
    changes = {
        "event_id": alert_id(start.session_id, EventType.CALIBRATED, 0.5),
        "event_type": EventType.CALIBRATED,
        "event_class": EventClass.MILESTONE,
        "severity_score": 0.0,
        "evidence_pictures": (),
    }
    return told.model_copy(update=changes)


async def timeline(site: Site, event: EventType) -> list[dict[str, Any]]:
    items = (await site.get("/session/SESS-1/timeline")).json()["items"]
    return [item for item in items if item["event_type"] == event]


def test_a_session_whose_node_is_gone_goes_on_at_the_next_one(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY)
        told = alert(start, site.node, EventType.MULTIPLE_FACES, 1.0)
        await site.node.publish(told, start)
        await site.node.publish(milestone(told, start), start)  # it is never over
        await until_stored(site, 2)
        await site.node.vanish()
        answer = await asks(site, start)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "session_id": "SESS-1",
            "edge_node": str(NEXT_ID),
            "signaling_url": f"{NEXT_URL}/{start.session_id}",
            "whip_url": "http://next/whip",
            "moved": True,
        }
        [moved] = other.obeyed.started
        assert (moved.epoch, moved.session_id, moved.token_key) == (2, start.session_id, start.token_key)
        assert moved.handed is not None
        assert moved.handed.memory == MEMORY
        assert 0.0 <= moved.handed.age_s < 60.0
        assert [one.event_id for one in moved.handed.open] == [told.event_id]
        assert await held(site, start) == [
            (1, NODE_ID, Because.STARTED),
            (2, NEXT_ID, Because.SILENT),
        ]
        assert (await site.get("/session/SESS-1")).json()["edge_node"] == str(NEXT_ID)

        again = await asks(site, start)
        assert (again.json()["moved"], again.json()["edge_node"]) == (False, str(NEXT_ID))
        assert len(await held(site, start)) == 2

        [gap] = await timeline(site, EventType.NODE_FAILOVER)
        assert (gap["severity_score"], gap["cleared"]) == (0.0, None)
        other.sessions = (watching(start.session_id, epoch=2),)
        await other.beat()
        await clear_failovers(site.parts)
        [gap] = await timeline(site, EventType.NODE_FAILOVER)
        assert gap["cleared"] is not None

    play(story)


def test_a_session_stays_at_a_node_that_answers_and_its_page_cannot_move_it_without_end(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        for failed in (0, 1):
            assert (await asks(site, start, failed)).json()["moved"] is False
        for number in range(MOST_ASKED):
            await site.node.beat()
            await online(site, other)
            assert (await asks(site, start, 2)).json()["moved"] is True, number
        last = await held(site, start)
        assert [because for _, _, because in last[1:]] == [Because.ASKED] * MOST_ASKED
        for _ in range(2):
            answer = await asks(site, start, 5)
            assert (answer.status_code, answer.json()["moved"]) == (200, False)
        assert await held(site, start) == last
        said = [one for one in await timeline(site, EventType.NODE_FAILOVER) if "asked" in one["explanation"]]
        assert len(said) == 1
        first = site.node.obeyed.ended[0]
        assert (first.session_id, first.epoch, first.handed_over) == (start.session_id, 1, True)

    play(story)


def test_a_question_sends_what_was_known_only_to_a_node_that_lacks_the_session(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY)
        for failed in (0, 1, 0):
            assert (await asks(site, start, failed)).json()["moved"] is False
        assert len(site.node.obeyed.started) == 1  # as its session began
        assert [one.handed for one in site.node.obeyed.changed] == [None] * 3
        site.node.lost.add(start.session_id)
        for _ in range(2):
            assert (await asks(site, start)).json()["moved"] is False
        [_, again] = site.node.obeyed.started
        assert again.handed is not None
        assert (again.epoch, again.handed.memory) == (1, MEMORY)

    play(story)


def test_a_session_starts_and_stays_in_its_candidates_region(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        other.region = "north"
        await online(site, other)
        here, there = str(NODE_ID), str(NEXT_ID)
        assert (await site.started("SESS-2", "CAND-2"))["edge_node"] in (here, there)
        assert (await site.started("SESS-3", "CAND-3", region="north"))["edge_node"] == there
        assert (await site.started("SESS-4", "CAND-4", region="campus"))["edge_node"] == here
        # Nobody is there: every other node is as good.
        assert (await site.started("SESS-5", "CAND-5", region="moon"))["edge_node"] in (here, there)
        await site.post("/exams", {"exam_id": "EXAM-N", "title": "Law", "region": "north"})
        assert (await site.get("/exams/EXAM-N")).json()["region"] == "north"
        assert (await site.started("SESS-6", "CAND-6", exam_id="EXAM-N"))["edge_node"] == there
        named = await site.started("SESS-7", "CAND-7", exam_id="EXAM-N", region="campus")
        assert named["edge_node"] == here

    play(story)


@pytest.mark.parametrize("gone", ["first", "other"])
@pytest.mark.parametrize("code", ["node-away", "node-unavailable", "version-away"])
def test_a_session_starts_at_no_node_that_is_silent_or_about_to_end_or_cannot_open_its_version(
    play: Callable[[Play], None], gone: str, code: str
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await online(site, other)
        ends, stays = (site.node, other) if gone == "first" else (other, site.node)
        ends.refusal = Refusal("unavailable", code, 503, "not now")
        await site.started()
        [start] = stays.obeyed.started
        assert await held(site, start) == [(1, stays.node_id, Because.STARTED)]
        stays.refusal = ends.refusal
        body = {"exam_session_id": "SESS-2", "candidate_id": "CAND-2", "exam_id": "EXAM-1"}
        refused = await site.post("/session/start", {**body, "allow_unregistered": True})
        assert (refused.status_code, refused.json()["code"]) == (503, code)

    play(story)


@pytest.mark.parametrize("has_it", [True, False])
def test_a_session_that_moves_keeps_its_pinned_version_where_there_is_one_and_is_watched_anyway(
    play: Callable[[Play], None], has_it: bool
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await site.post("/exams", {"exam_id": "EXAM-1", "title": "Algebra"})
        pinned = {"face-detection": "yunet-other@2"}
        site.node.at_hand = {label: task for task, label in pinned.items()}
        await site.node.beat()
        body, headers = {"networks": pinned}, site.bearer()
        given = await site.http.put("/api/v1/exams/EXAM-1/networks", json=body, headers=headers)
        assert given.is_success, given.text
        await site.started()
        start = site.node.obeyed.newest
        assert start.networks == pinned
        other.at_hand = site.node.at_hand if has_it else {}
        await online(site, other)
        await site.node.vanish()
        assert (await asks(site, start)).json()["edge_node"] == str(NEXT_ID)
        [moved] = other.obeyed.started
        assert moved.networks == (pinned if has_it else {})

    play(story)


def test_a_page_that_asks_without_end_has_to_wait(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        site.parts.rates.route = Buckets(Rate(2, per_s=0.000_001))
        assert [(await asks(site, start)).status_code for _ in range(3)] == [200, 200, 429]

    play(story)


def test_of_two_that_ask_at_once_one_moves_and_both_get_its_node(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.vanish()
        answers = await asyncio.gather(*(asks(site, start) for _ in range(4)))
        assert [one.status_code for one in answers] == [200] * 4
        assert {one.json()["signaling_url"] for one in answers} == {f"{NEXT_URL}/{start.session_id}"}
        assert [epoch for epoch, _, _ in await held(site, start)] == [1, 2]

    play(story)


def test_a_move_that_begins_while_the_node_is_asked_gives_the_next_node_s_address(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)

        def half(db: Any) -> None:
            assignments.hand_over(db, db.get_one(Assignment, (start.session_id, 1)), NEXT_ID, at_utc)

        at_utc, asked = site.parts.utc_now(), again.watches

        async def moved_meanwhile(parts: Any, found: Any, within_s: float) -> bool | None:
            there = await asked(parts, found, within_s)
            if found.assignment.epoch == 1:
                await site.parts.writing(half)
            return there

        monkeypatch.setattr(routes, "watches", moved_meanwhile)
        answer = (await asks(site, start)).json()
        assert answer["edge_node"] == str(NEXT_ID)
        assert answer["signaling_url"] == f"{NEXT_URL}/{start.session_id}"

    play(story)


def test_a_move_whose_coordinator_died_is_finished_by_the_next_question(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY)

        def half(db: Any) -> None:
            assignments.hand_over(db, db.get_one(Assignment, (start.session_id, 1)), NEXT_ID, start_utc)

        start_utc = site.parts.utc_now()
        await site.parts.writing(half)
        answer = (await asks(site, start)).json()
        assert answer["signaling_url"] == f"{NEXT_URL}/{start.session_id}"
        [moved] = other.obeyed.started
        assert (moved.epoch, moved.handed is not None) == (2, True)
        assert [epoch for epoch, _, _ in await held(site, start)] == [1, 2]

    play(story)


def test_only_the_sessions_own_token_moves_it(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.started("SESS-2", "CAND-2")
        stranger = site.node.obeyed.newest.session_id
        await site.node.vanish()
        for headers in (site.bearer(), site.bearer(Role.CANDIDATE, "CAND-1")):
            answer = await site.get("/session/SESS-1/route?failed=9", headers=headers)
            assert (answer.status_code, answer.json()["moved"]) == (200, False)
        headers = site.bearer(Role.CANDIDATE, "CAND-2", session_id=stranger)
        assert (await site.get("/session/SESS-1/route", headers=headers)).status_code == 403
        assert [epoch for epoch, _, _ in await held(site, start)] == [1]
        await site.post("/session/SESS-1/end")
        assert (await asks(site, start)).status_code == 401

    play(story)


@pytest.mark.parametrize("about", [{"epoch": 7}, {"session_id": uuid4()}, {"key_id": uuid4()}])
def test_a_state_of_something_else_is_not_handed_over(
    play: Callable[[Play], None], about: dict[str, object]
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY, **about)
        await site.node.vanish()
        assert (await asks(site, start)).json()["moved"] is True
        [moved] = other.obeyed.started
        assert moved.handed is None

    play(story)


def test_a_state_is_handed_over_although_the_hubs_clock_is_fast(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY)
        told = alert(start, site.node, EventType.MULTIPLE_FACES, 1.0)
        await site.node.publish(told, start)
        over = told.model_copy(update={"cleared": datetime.now(UTC)})
        await site.node.publish(over, start, revision=2)
        await until_stored(site, 2)
        await site.node.vanish()
        last = site.parts.state_stream.last

        async def ahead(node_id: UUID, session_id: UUID) -> LastState | None:
            found = await last(node_id, session_id)
            by = timedelta(seconds=20)
            return None if found is None else replace(found, stored_utc=found.stored_utc + by)

        monkeypatch.setattr(site.parts.state_stream, "last", ahead)
        assert (await asks(site, start)).json()["moved"] is True
        [moved] = other.obeyed.started
        assert moved.handed is not None
        assert (moved.handed.memory, moved.handed.over) == (MEMORY, (told.event_id,))

    play(story)


def test_without_another_node_the_page_is_told_so_and_nothing_changes(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.vanish()
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        answer = await asks(site, start)
        assert (answer.status_code, answer.json()["code"]) == (503, "no-node-online")
        other.refusal = None
        await online(site, other)
        site.parts.fleet.forget(NODE_ID)
        # The page asks again; the session is with the node that has refused it, and is offered to it again.
        assert (await asks(site, start)).json()["edge_node"] == str(NEXT_ID)

    play(story)


def test_the_states_of_a_session_are_removed_with_its_end(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        await site.node.save(start, MEMORY)
        assert await site.parts.state_stream.last(NODE_ID, start.session_id) is not None
        await site.post("/session/SESS-1/end")
        assert await site.parts.state_stream.last(NODE_ID, start.session_id) is None

    play(story)


def test_a_drained_node_hands_over_its_running_sessions(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        page = Listener(start.session_id, "SESS-1", "bearer", for_staff=False)
        site.parts.rooms.enter(page)
        done = await drain(site.parts, NODE_ID)
        assert (done.moved, done.stayed) == (1, 0)
        [ended] = site.node.obeyed.ended
        assert (ended.session_id, ended.epoch, ended.handed_over) == (start.session_id, 1, True)
        assert await held(site, start) == [
            (1, NODE_ID, Because.STARTED),
            (2, NEXT_ID, Because.DRAINED),
        ]
        sent = [page.messages.get_nowait() for _ in range(page.messages.qsize())]
        assert any(text is not None and '"reroute"' in text for text in sent)

    play(story)


def test_an_operator_has_running_exams_moved_from_a_node_that_is_drained(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        operator = site.bearer(Role.OPERATOR)
        drained = await site.post(f"/nodes/{NODE_ID}/drain", headers=operator)
        assert drained.status_code == 200, drained.text
        assert [epoch for epoch, _, _ in await held(site, start)] == [1]  # it waits for running exams
        moved = await site.post(f"/nodes/{NODE_ID}/drain", {"move_running": True}, headers=operator)
        assert (moved.status_code, moved.json()["placement"]) == (200, "draining"), moved.text
        assert await held(site, start) == [(1, NODE_ID, Because.STARTED), (2, NEXT_ID, Because.DRAINED)]
        assert [one.session_id for one in other.obeyed.started] == [start.session_id]

    play(story)


def test_a_drain_moves_sessions_before_their_exam_and_nobody_is_told_of_a_gap(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await site.started(metadata={"start_time": later})
        await site.started("SESS-2", "CAND-2")
        waiting, running = site.node.obeyed.started
        await online(site, other)
        drained = await site.post(f"/nodes/{NODE_ID}/drain", headers=site.bearer(Role.OPERATOR))
        assert drained.status_code == 200, drained.text
        assert await held(site, waiting) == [(1, NODE_ID, Because.STARTED), (2, NEXT_ID, Because.DRAINED)]
        assert await timeline(site, EventType.NODE_FAILOVER) == []
        assert await held(site, running) == [(1, NODE_ID, Because.STARTED)]

    play(story)


@pytest.mark.parametrize("running", [False, True])
def test_a_drain_whose_coordinator_died_goes_on_from_the_database(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    async def killed(*_: object, **__: object) -> None:
        """What a coordinator does after its answer, if it is killed then."""

    async def story(site: Site, other: FakeNode) -> None:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await site.started(metadata={"start_time": later})
        await site.started("SESS-2", "CAND-2")
        waits, runs = site.node.obeyed.started
        await online(site, other)
        body = {"move_running": running, "deadline_at": later}
        with monkeypatch.context() as dying:
            dying.setattr(draining, "drain", killed)
            drained = await site.post(f"/nodes/{NODE_ID}/drain", body, headers=site.bearer(Role.OPERATOR))
        assert drained.status_code == 200, drained.text
        drains = Drains()  # of the coordinator that leads next
        await drains.round(site.parts)
        assert [len(await held(site, one)) for one in (waits, runs)] == [1, 1]  # the first may still be at it
        site.at(datetime.now(UTC) + DRAINS_AGAIN)
        await drains.round(site.parts)
        moved = (2, NEXT_ID, Because.DRAINED)
        assert (await held(site, waits))[1:] == [moved]
        assert (await held(site, runs))[1:] == ([moved] if running else [])
        assert (await site.get(f"/nodes/{NODE_ID}")).json()["drain_deadline_at"] is not None

    play(story)


def test_what_no_node_took_of_a_drained_one_moves_once_one_does(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await site.started(metadata={"start_time": later})
        [start] = site.node.obeyed.started
        operator = site.bearer(Role.OPERATOR)
        assert (await site.post(f"/nodes/{NODE_ID}/drain", headers=operator)).is_success
        await online(site, other)
        drains, now_utc = Drains(), datetime.now(UTC)
        site.at(now_utc + DRAINS_AGAIN)
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        await drains.round(site.parts)
        other.refusal = None
        await drains.round(site.parts)  # not at once again
        assert (await held(site, start))[-1][1] == NODE_ID
        site.at(now_utc + 2 * DRAINS_AGAIN)
        await drains.round(site.parts)
        assert (await held(site, start))[-1][1:] == (NEXT_ID, Because.DRAINED)
        assert (await site.post(f"/nodes/{NODE_ID}/uncordon", headers=operator)).is_success
        site.at(now_utc + 3 * DRAINS_AGAIN)
        before = await held(site, start)
        await drains.round(site.parts)
        assert await held(site, start) == before

    play(story)


def test_a_session_that_cannot_move_keeps_no_other_from_moving(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await site.started()
        await site.started("SESS-2", "CAND-2")
        stays, moves = site.node.obeyed.started
        await online(site, other)

        async def but_one(parts: Parts, found: Found, because: Because) -> Move:
            if found.session.id == stays.session_id:
                raise Rejected("every edge node is full", code="node-full", status=503)
            await asyncio.sleep(0)  # the other one has failed by now
            return await move(parts, found, because)

        monkeypatch.setattr(draining, "move", but_one)
        done = await drain(site.parts, NODE_ID)
        assert (done.moved, done.stayed) == (1, 1)
        assert (await held(site, moves))[-1] == (2, NEXT_ID, Because.DRAINED)

    play(story)


def test_a_session_that_no_other_node_takes_stays_at_the_one_that_is_drained(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        await drain(site.parts, NODE_ID)
        present = await site.parts.reading(lambda db: assignments.held(db, [start.session_id]))
        assert present[start.session_id][-1].node_id == NODE_ID
        assert site.node.obeyed.newest.epoch == present[start.session_id][-1].epoch

    play(story)


def test_a_session_that_came_back_is_not_ended_where_it_runs(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await sat(site, other)
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        await drain(site.parts, NODE_ID)
        assert [one.epoch for one in site.node.obeyed.started] == [1, 3]
        assert site.node.obeyed.ended == []

    play(story)


def test_a_session_does_not_move_for_the_coordinators_own_trouble(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(*_: object) -> None:
        raise Unavailable("the states of sessions cannot be read")

    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        monkeypatch.setattr(again, "handed", unreadable)
        answer = await asks(site, start, 1)
        monkeypatch.undo()
        assert (answer.status_code, answer.json()["edge_node"]) == (200, str(NODE_ID))
        assert [epoch for epoch, _, _ in await held(site, start)] == [1]

    play(story)


def test_what_changes_while_the_next_node_is_told_reaches_it_at_once(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)

        def pause(db: Session) -> None:
            changing.pause(db.get_one(ExamSession, start.session_id), site.parts.utc_now())

        meanwhile(site, other, pause)
        await site.node.vanish()
        assert (await asks(site, start)).json()["moved"] is True
        [moved], [changed] = other.obeyed.started, other.obeyed.changed
        assert (moved.paused, changed.paused, changed.epoch) == (False, True, 2)

    play(story)


def test_a_page_whose_session_has_just_moved_on_is_told_where_and_not_that_it_is_over(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)

        def move_on(db: Session) -> None:
            second = db.get_one(Assignment, (start.session_id, 2))
            assignments.hand_over(db, second, NODE_ID, site.parts.utc_now())

        meanwhile(site, other, move_on)
        answer = await asks(site, start, 2)
        assert (answer.status_code, answer.json()["edge_node"]) == (200, str(NODE_ID)), answer.text
        assert [one.epoch for one in site.node.obeyed.started] == [1, 3]
        [ended] = other.obeyed.ended
        assert (ended.epoch, ended.handed_over) == (2, True)

    play(story)


def test_a_session_that_ends_while_the_next_node_is_told_ends_there_with_its_states(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)

        def end(db: Session) -> None:
            db.get_one(ExamSession, start.session_id).ended_utc = site.parts.utc_now()

        meanwhile(site, other, end)
        await site.node.save(start, MEMORY)
        answer = await asks(site, start, 2)
        assert (answer.status_code, answer.json()["code"]) == (410, "session-ended")
        assert len(other.obeyed.ended) == 1
        assert await site.parts.state_stream.last(NODE_ID, start.session_id) is None

    play(story)


def test_an_open_socket_tells_what_the_next_node_says(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HEARTBEAT_INTERVAL_S", 0.05)

    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        site.node.sessions = (watching(start.session_id, frames_processed=5),)
        await site.node.beat()
        async with served(site) as url, listening_to(f"{url}/SESS-1", site.token()) as client:
            await until_frames(client, 5)
            assert (await asks(site, start, 2)).json()["moved"] is True
            other.sessions = (watching(start.session_id, epoch=2, frames_processed=7),)
            await other.beat()
            site.node.sessions = ()
            await site.node.beat()
            await until_frames(client, 7)

    play(story)


def test_what_the_former_node_has_not_sent_is_told_until_it_has(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        troubles, began = Troubles(), datetime.now(UTC)
        await came(site, 1, 4)
        await troubles.round(site.parts, began)
        assert (await asks(site, start, 2)).json()["moved"] is True
        for round_ in (troubles, troubles, Troubles()):
            await round_.round(site.parts, began + LATER)
            [said] = await timeline(site, EventType.ALERT_GAP)
            assert (said["evidence"], said["cleared"]) == ({"missing": 2, "lost": False}, None)
        await came(site, 2, 3)
        await troubles.round(site.parts, began + 2 * LATER)
        [over] = await timeline(site, EventType.ALERT_GAP)
        assert over["cleared"] is not None
        # What is missing later has nothing to do with who left long before.
        await came(site, 6)
        for later in (20 * LATER, 22 * LATER):
            await troubles.round(site.parts, began + later)
        assert len(await timeline(site, EventType.ALERT_GAP)) == 1

    play(story)


def test_what_the_former_node_has_lost_is_told(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await came(site, 1)
        start = await sat(site, other)
        assert (await asks(site, start, 2)).json()["moved"] is True
        lane = OutboxState(
            outbox_id=site.node.outbox_id,
            lane=Lane.CONDUCT,
            last_sequence=5,
            waiting=1,
            dropped=2,
            first_waiting=5,
        )
        site.node.outbox = (lane,)
        await site.node.beat()
        for _ in range(2):
            await Troubles().round(site.parts)
        [said] = await timeline(site, EventType.ALERT_GAP)
        assert said["evidence"] == {"missing": 3, "lost": True}

    play(story)


def test_an_alert_that_a_former_node_delivers_after_the_move_is_ended(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        known = alert(start, site.node, EventType.MULTIPLE_FACES, 1.0)
        await site.node.publish(known, start)
        await until_stored(site, 1)
        late = alert(start, site.node, EventType.HEAD_DOWN, 2.0)
        site.node.silent = True  # it is cut off; its alert waits in its outbox
        assert (await asks(site, start, 2)).json()["moved"] is True
        await site.node.publish(late, start)
        await until_stored(site, 2)

        async def cleared(after: timedelta) -> dict[EventType, Any]:
            await end_late_ones(site.parts, datetime.now(UTC) + after)
            kinds = (EventType.MULTIPLE_FACES, EventType.HEAD_DOWN)
            return {kind: one["cleared"] for kind in kinds for one in await timeline(site, kind)}

        assert set((await cleared(timedelta(0))).values()) == {None}  # its end may follow at once
        ended = await cleared(2 * PATIENCE)
        # What the next node was told, it ends itself.
        assert ended[EventType.MULTIPLE_FACES] is None
        assert datetime.fromisoformat(ended[EventType.HEAD_DOWN]) >= late.raised
        [said] = await timeline(site, EventType.HEAD_DOWN)
        assert WORDS in said["explanation"]
        assert await cleared(3 * PATIENCE) == ended

        own_end = late.model_copy(update={"cleared": late.raised + timedelta(seconds=0.25)})
        await site.node.publish(own_end, start, revision=2)
        await until_stored(site, 3)
        [said] = await timeline(site, EventType.HEAD_DOWN)
        assert said["explanation"] == late.explanation
        assert datetime.fromisoformat(said["cleared"]) < datetime.fromisoformat(ended[EventType.HEAD_DOWN])

    play(story)


def test_a_move_stands_in_the_timeline_and_in_the_institutions_log(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        assert (await asks(site, start, 2)).json()["moved"] is True
        await site.node.beat()
        await drain(site.parts, NEXT_ID)
        [gap] = await timeline(site, EventType.NODE_FAILOVER)  # the second move came in the gap of the first
        assert gap["evidence"]["because"] == Because.ASKED
        assert "page could not reach its former node" in gap["explanation"]

        def entries(db: Session) -> list[tuple[str, UUID | None, UUID | None]]:
            wanted = select(AuditEntry).where(AuditEntry.act == "move_session")
            rows = db.exec(wanted.order_by(col(AuditEntry.id)))
            return [(one.role, one.session_id, one.node_id) for one in rows]

        assert await site.parts.reading(entries) == [
            ("candidate", start.session_id, NEXT_ID),
            ("operator", start.session_id, NODE_ID),
        ]

    play(story)


def test_the_sessions_of_a_revoked_node_move(
    play: Callable[[Play], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pick, regions = Fleet.pick, list[str | None]()

    def picked(fleet: Fleet, now: float, *, region: str | None = None, **more: Any) -> NodeState:
        regions.append(region)
        return pick(fleet, now, region=region, **more)

    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        monkeypatch.setattr(Fleet, "pick", picked)
        page = Listener(start.session_id, "SESS-1", "bearer", for_staff=False)
        site.parts.rooms.enter(page)
        await leave_revoked(site.parts)
        assert [epoch for epoch, _, _ in await held(site, start)] == [1]
        revoked = await site.post(f"/nodes/{NODE_ID}/revoke", headers=site.bearer(Role.OPERATOR))
        assert revoked.status_code == 204, revoked.text
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        await leave_revoked(site.parts)
        # Never back to one that was revoked; its page is told once another one has it.
        moved = [(1, NODE_ID, Because.STARTED), (2, NEXT_ID, Because.REVOKED)]
        assert await held(site, start) == moved
        assert page.messages.empty()
        other.refusal = None
        for _ in range(2):  # as the round does that finds it missing there
            found = await site.parts.reading(lambda db: sessions.find(db, start.tenant_id, "SESS-1"))
            assert await again.resume(site.parts, found)
        [text] = [page.messages.get_nowait() for _ in range(page.messages.qsize())]
        assert text is not None
        assert '"reroute"' in text
        assert (await asks(site, start)).json()["edge_node"] == str(NEXT_ID)
        assert await held(site, start) == moved
        # A node that is no longer accepted is not heard any more, and yet its region comes first.
        assert regions[0] == "campus"

    play(story)


def test_the_end_of_a_session_that_has_just_moved_is_told_to_its_next_node(
    play: Callable[[Play], None],
) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        start = await sat(site, other)
        found = await site.parts.reading(lambda db: sessions.find(db, start.tenant_id, "SESS-1"))
        assert (await asks(site, start, 2)).json()["moved"] is True
        await ending.end(site.parts, found, site.parts.utc_now(), submitted=True)
        [ended] = other.obeyed.ended
        assert (ended.session_id, ended.submitted) == (start.session_id, True)

    play(story)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that has just come to a node may leave it."""
    monkeypatch.setattr(moving, "SETTLED", timedelta())


async def levels(site: Site, other: FakeNode, home: int, there: int) -> None:
    """Both nodes tell these levels."""
    site.node.level, other.level = home, there
    await site.node.beat()
    await other.beat()


@pytest.mark.usefixtures("settled")
def test_a_session_leaves_a_node_whose_level_its_exam_does_not_accept(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await site.started(policy={"lowest_level": 2})
        start = site.node.obeyed.newest
        await online(site, other)
        await site.started("SESS-2", "CAND-2")
        page = Listener(start.session_id, "SESS-1", "bearer", for_staff=False)
        site.parts.rooms.enter(page)
        for home, there in ((2, 1), (3, 3)):  # accepted; and no other node is better
            await levels(site, other, home, there)
            await leave_low(site.parts)
            assert await held(site, start) == [(1, NODE_ID, Because.STARTED)]
        await levels(site, other, 3, 2)
        await leave_low(site.parts)
        assert await held(site, start) == [(1, NODE_ID, Because.STARTED), (2, NEXT_ID, Because.LOW)]
        assert [one.epoch for one in other.obeyed.started if one.session_id == start.session_id] == [2]
        [ended] = site.node.obeyed.ended
        assert (ended.session_id, ended.epoch, ended.handed_over) == (start.session_id, 1, True)
        sent = [page.messages.get_nowait() for _ in range(page.messages.qsize())]
        assert any(text is not None and '"reroute"' in text for text in sent)
        [gap] = await timeline(site, EventType.NODE_FAILOVER)
        assert gap["evidence"]["because"] == Because.LOW

    play(story)


@pytest.mark.usefixtures("settled")
def test_a_session_that_no_node_of_a_better_level_takes_stays(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await site.started(policy={"lowest_level": 2})
        start = site.node.obeyed.newest
        await online(site, other)
        await levels(site, other, 3, 1)
        other.refusal = Refusal("rejected", "node-full", 503, "the node is full")
        await leave_low(site.parts)
        assert (await held(site, start))[-1][1] == NODE_ID

    play(story)


@pytest.mark.usefixtures("settled")
def test_a_session_does_not_follow_levels_from_node_to_node_without_end(play: Callable[[Play], None]) -> None:
    async def story(site: Site, other: FakeNode) -> None:
        await site.started(policy={"lowest_level": 1})
        start = site.node.obeyed.newest
        await online(site, other)
        for turn in range(MOST_LEFT + 2):
            await levels(site, other, *((2, 1) if turn % 2 == 0 else (1, 2)))
            await leave_low(site.parts)
        assert [because for _, _, because in await held(site, start)] == [
            Because.STARTED,
            *([Because.LOW] * MOST_LEFT),
        ]

    play(story)
