"""What a node counts as unwatched stands on the session: on the wall, its timeline, its report, for staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from coordinator.sessions.watched.noting import Unseen
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.node_answers import watching

pytestmark = pytest.mark.usefixtures("rounds_by_hand")


async def _says(site: Site, session: dict[str, Any], unseen: Unseen, **seconds: float) -> None:
    """The node says how much nobody watched, and a round later it is written down."""
    site.node.sessions = (watching(UUID(session["session_uuid"]), unwatched_s=seconds),)
    await site.node.beat()
    await unseen.round(site.parts)


async def _unwatched(site: Site) -> Any:
    return (await site.get("/session/SESS-1")).json()["unwatched_s"]


def test_it_stands_on_the_wall_the_timeline_and_the_report_and_is_kept(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session, unseen = await site.started(), Unseen()
        assert await _unwatched(site) is None
        await _says(site, session, unseen, face=4.5, body=6.0)
        await _says(site, session, unseen, face=12.5, body=6.0, sound=0.0)
        told = {"face": 12.5, "body": 6.0, "sound": 0.0}
        assert await _unwatched(site) == told
        [listed] = (await site.get("/sessions")).json()["items"]
        assert listed["unwatched_s"] == told
        assert (await site.get("/session/SESS-1/timeline")).json()["session"]["unwatched_s"] == told
        report = (await site.get("/session/SESS-1/report")).json()
        assert report["session"]["unwatched_s"] == told
        html = (await site.get("/session/SESS-1/report.html")).text
        assert "face 12.5 s, body 6.0 s, sound 0.0 s" in html

    on_site(test)


def test_a_nodes_next_run_adds_to_its_former_one_and_another_replica_writes_the_same(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session, unseen = await site.started(), Unseen()
        await _says(site, session, unseen, face=10.0)
        await Unseen().round(site.parts)
        site.node.boot_id = uuid4()
        await _says(site, session, unseen, face=1.5)
        assert await _unwatched(site) == {"face": 11.5}

    on_site(test)


def test_the_last_word_of_a_session_comes_with_its_end(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session, unseen = await site.started(), Unseen()
        await _says(site, session, unseen, face=10.0)
        last = watching(UUID(session["session_uuid"]), unwatched_s={"face": 14.0})
        site.node.sessions = (last,)  # in no heartbeat any more
        await site.post("/session/SESS-1/end")
        assert await _unwatched(site) == {"face": 14.0}

    on_sqlite(test)


def test_the_candidate_is_not_told_how_much_nobody_saw(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session, unseen = await site.started(), Unseen()
        await _says(site, session, unseen, face=10.0)
        own = await site.get("/session/SESS-1", headers=site.bearer(Role.CANDIDATE, "CAND-1"))
        assert own.status_code == 200, own.text
        assert own.json()["unwatched_s"] is None

    on_sqlite(test)
