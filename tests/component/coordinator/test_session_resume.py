"""A node that lost its sessions in a restart gets them again; nothing else is started twice.

And a node that names a session which another one holds by now is told to end it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from coordinator.nodes import assignments_service as assignments, service as nodes
from coordinator.nodes.tables import Assignment
from coordinator.sessions import service as sessions
from coordinator.sessions.changing import service as changing
from coordinator.sessions.starting import again
from coordinator.sessions.starting.again import resume
from coordinator.sessions.sweeping import sweep
from coordinator.sessions.tables import ExamSession
from shared.messages.sessions import EndSession
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.node_answers import watching
from tests.support.sittings import EdgeNode

pytestmark = pytest.mark.usefixtures("rounds_by_hand")


async def _started_long_ago(site: Site) -> UUID:
    """A session that no heartbeat under way can have missed."""
    session_id = UUID((await site.started())["session_uuid"])

    def age(db: Session) -> None:
        row = db.exec(select(ExamSession).where(ExamSession.id == session_id)).one()
        row.started_utc -= timedelta(minutes=1)
        db.get_one(Assignment, (session_id, 1)).from_utc = row.started_utc
        db.add(row)

    await site.parts.writing(age)
    return session_id


def test_a_node_that_does_not_name_its_session_gets_the_same_assignment_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/enroll", enroll_body())).status_code == 201
        session_id = await _started_long_ago(site)
        await site.node.beat()
        await sweep(site.parts, set())
        first, again = site.node.obeyed.started
        assert again.model_copy(update={"elapsed_s": first.elapsed_s}) == first
        assert first.elapsed_s == 0.0
        assert 60.0 <= again.elapsed_s < 90.0
        assert again.session_id == session_id
        assert again.templates

    on_site(test)


def test_a_node_that_has_just_started_gets_its_sessions_at_once(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = [UUID((await site.started(f"SESS-{n}", f"CAND-{n}"))["session_uuid"]) for n in range(3)]
        await site.node.beat()
        assert len(site.node.obeyed.started) == 3
        site.node.boot_id = uuid4()
        site.node.sessions = (watching(started[1]),)
        await site.node.beat()
        await until(lambda: len(site.node.obeyed.started) == 5, "both lost sessions are started again")
        assert {one.session_id for one in site.node.obeyed.started[3:]} == {started[0], started[2]}

    on_sqlite(test)


def test_a_session_that_the_node_names_is_left_alone(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        site.node.sessions = (watching(session_id),)
        await site.node.beat()
        await sweep(site.parts, set())
        assert len(site.node.obeyed.started) == 1

    on_sqlite(test)


def test_a_session_that_has_only_just_started_may_be_missing_in_a_heartbeat(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        await site.node.beat()
        await sweep(site.parts, set())
        assert len(site.node.obeyed.started) == 1

    on_sqlite(test)


def test_a_session_that_has_ended_is_not_raised_again(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await _started_long_ago(site)
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        await site.node.beat()
        await sweep(site.parts, set())
        assert len(site.node.obeyed.started) == 1

    on_sqlite(test)


def test_a_session_is_started_again_as_it_is_by_then_and_not_after_its_end(
    on_site: OnSite, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(site: Site) -> None:
        await _started_long_ago(site)
        found = await site.parts.reading(lambda db: sessions.find(db, site.home, "SESS-1"))

        def pause(db: Session) -> None:
            changing.pause(db.get_one(ExamSession, found.session.id), datetime.now(UTC))

        await site.parts.writing(pause)
        assert await resume(site.parts, found)
        assert [one.paused for one in site.node.obeyed.started] == [False, True]
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        caplog.clear()
        assert not await resume(site.parts, found)
        assert len(site.node.obeyed.started) == 2
        [told] = [one for one in caplog.records if one.name == again.__name__]
        places = (getattr(told, "session_id", None), getattr(told, "node_id", None))
        assert places == (found.session.id, found.assignment.node_id)

    on_site(test)


NEXT_NODE = EdgeNode()


async def _handed_over(site: Site, session_id: UUID, node_id: UUID, age: timedelta = timedelta(0)) -> None:
    """Give the session to a node, so long ago."""

    def move(db: Session) -> None:
        nodes.seed(db, [NEXT_NODE.section], datetime.now(UTC))
        current = db.exec(select(Assignment).where(assignments.current_of(session_id))).one()
        assignments.hand_over(db, current, node_id, datetime.now(UTC) - age)

    await site.parts.writing(move)


def test_a_node_that_still_names_what_another_one_holds_is_told_to_end_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        await _handed_over(site, session_id, NEXT_NODE.node_id, timedelta(seconds=30))
        assert (await site.get("/session/SESS-1")).json()["edge_node"] == str(NEXT_NODE.node_id)
        assert (await site.get("/sessions")).json()["items"][0]["edge_node"] == str(NEXT_NODE.node_id)
        site.node.sessions = (watching(session_id),)
        await site.node.beat()
        await sweep(site.parts, set())
        handed_over = EndSession(session_id=session_id, submitted=False, epoch=1, handed_over=True)
        assert site.node.obeyed.ended == [handed_over]
        assert (await site.get("/session/SESS-1")).json()["status"] == "active"

    on_site(test)


def test_one_that_may_not_have_heard_of_the_move_is_left_alone(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        await _handed_over(site, session_id, NEXT_NODE.node_id)
        site.node.sessions = (watching(session_id),)
        await site.node.beat()
        await sweep(site.parts, set())
        assert site.node.obeyed.ended == []

    on_sqlite(test)


def test_a_session_under_an_epoch_that_is_not_recorded_here_is_left_alone(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        await _handed_over(site, session_id, NEXT_NODE.node_id, timedelta(seconds=30))
        site.node.sessions = (watching(session_id, epoch=3),)  # this database is an older copy
        await site.node.beat()
        await sweep(site.parts, set())
        assert site.node.obeyed.ended == []

    on_sqlite(test)


def test_a_node_that_got_its_session_back_is_started_under_the_new_epoch(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        for node_id, age_s in ((NEXT_NODE.node_id, 40), (site.node.node_id, 30)):
            await _handed_over(site, session_id, node_id, timedelta(seconds=age_s))
        site.node.sessions = (watching(session_id, epoch=1),)
        await site.node.beat()
        await sweep(site.parts, set())
        assert [told.epoch for told in site.node.obeyed.started] == [1, 3]
        assert site.node.obeyed.ended == []

    on_sqlite(test)


def test_a_session_that_is_handed_in_is_ended_on_the_node_that_holds_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session_id = await _started_long_ago(site)
        await _handed_over(site, session_id, NEXT_NODE.node_id)
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        assert site.node.obeyed.ended == []

    on_sqlite(test)
