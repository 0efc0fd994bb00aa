"""A node that lost its sessions in a restart gets them again; nothing else is started twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, select

from coordinator.sessions.sweeping import sweep
from coordinator.sessions.tables import ExamSession
from tests.support.exam_site import OnSite, Site, enroll_body
from tests.support.node_answers import watching


async def _started_long_ago(site: Site) -> UUID:
    """A session that no heartbeat under way can have missed."""
    session_id = UUID((await site.started())["session_uuid"])

    def age(db: Session) -> None:
        row = db.exec(select(ExamSession).where(ExamSession.id == session_id)).one()
        row.started_utc -= timedelta(minutes=1)
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
