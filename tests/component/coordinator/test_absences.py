"""A page that never comes, or not again after its node's restart, is told of once; so is its coming."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.absence.waiting import FIRST_COMING_S
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventType
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site
from tests.support.node_answers import watching

by_hand = pytest.mark.usefixtures("rounds_by_hand")

LATE = timedelta(seconds=FIRST_COMING_S + 1)


async def _says(site: Site, session: dict[str, Any], phase: str) -> None:
    """The node names the session in this phase."""
    site.node.sessions = (watching(UUID(session["session_uuid"]), phase=phase),)
    await site.node.beat()


async def _absences(site: Site) -> Sequence[dict[str, Any]]:
    items = (await site.get("/session/SESS-1/timeline")).json()["items"]
    return [one for one in items if one["event_type"] == EventType.CANDIDATE_OFFLINE]


@by_hand
def test_a_page_that_never_comes_is_told_of_once_and_over_when_its_picture_is_there(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        session, absences = await site.started(), Absences()
        began = datetime.now(UTC)
        await _says(site, session, "waiting")
        await absences.round(site.parts, began + timedelta(seconds=30))
        assert await _absences(site) == []
        for _ in range(3):
            await absences.round(site.parts, began + LATE)
        [said] = await _absences(site)
        assert (said["severity_score"], said["event_class"], said["cleared"]) == (0.0, "technical", None)
        await Absences().round(site.parts, began + LATE)  # another replica, or this one started again
        assert len(await _absences(site)) == 1
        await _says(site, session, "silent")
        await absences.round(site.parts, began + LATE)
        assert (await _absences(site))[0]["cleared"] is None  # a page without a picture
        await _says(site, session, "watching")
        await Absences().round(site.parts, began + 2 * LATE)
        [over] = await _absences(site)
        assert over["event_id"] == said["event_id"]
        assert over["duration"] > said["duration"]
        assert over["cleared"] is not None

    on_site(test)


@by_hand
def test_a_page_that_was_there_and_does_not_come_back_is_told_of_at_the_policys_bound(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        session = await site.started(verification_policy={"max_offline_seconds": 20})
        began, absences = datetime.now(UTC), Absences()
        await _says(site, session, "waiting")
        for at in (began, began + LATE):
            await absences.round(site.parts, at)
        await _says(site, session, "watching")
        await absences.round(site.parts, began + LATE)
        assert [one["cleared"] is None for one in await _absences(site)] == [False]
        await _says(site, session, "waiting")  # the node has been started again
        restarted = began + timedelta(minutes=10)
        for seconds in (0, 19, 20, 40):
            await absences.round(site.parts, restarted + timedelta(seconds=seconds))
            assert len(await _absences(site)) == (1 if seconds < 20 else 2)
        first, second = await _absences(site)
        assert (first["evidence"]["since_beginning"], first["evidence"]["hold_seconds"]) == (True, 60)
        assert (second["evidence"]["since_beginning"], second["evidence"]["hold_seconds"]) == (False, 20)

    on_site(test)


@by_hand
def test_who_looks_for_the_first_time_in_mid_exam_does_not_say_that_nobody_ever_came(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        session = await site.started()
        began = datetime.now(UTC)
        await _says(site, session, "waiting")
        absences = Absences()  # coordinator and node were both started again
        for minutes in (30, 31):
            await absences.round(site.parts, began + timedelta(minutes=minutes))
        [said] = await _absences(site)
        assert said["evidence"]["since_beginning"] is False
        assert said["duration"] == 60.0

    on_sqlite(test)


@by_hand
def test_nobody_is_missed_before_the_exam_begins(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        begins = datetime.now(UTC) + timedelta(hours=2)
        session = await site.started(metadata={"start_time": begins.isoformat()})
        await _says(site, session, "waiting")
        absences = Absences()
        await absences.round(site.parts, begins)
        assert await _absences(site) == []
        await absences.round(site.parts, begins + LATE)
        [said] = await _absences(site)
        assert abs(datetime.fromisoformat(said["onset"]) - begins) < timedelta(seconds=1)

    on_sqlite(test)


@by_hand
@pytest.mark.parametrize("next_id", [UUID(int=0), UUID(int=2**128 - 1)])
def test_of_two_nodes_the_one_with_the_later_assignment_says_whether_the_page_is_there(
    on_sqlite: OnSite, next_id: UUID
) -> None:
    async def test(site: Site) -> None:
        session = await site.started(verification_policy={"max_offline_seconds": 20})
        await _says(site, session, "waiting")  # it was not told yet that another one goes on
        former = site.parts.fleet.state(site.node.node_id)
        assert former is not None
        now_utc, goes_on = datetime.now(UTC), watching(UUID(session["session_uuid"]), epoch=2)
        following = former.heartbeat.model_copy(update={"node_id": next_id, "sessions": (goes_on,)})
        site.parts.fleet.hear(following, site.parts.clock(), now_utc)
        absences = Absences()
        for later in (timedelta(0), LATE, 2 * LATE):
            await absences.round(site.parts, now_utc + later)
        assert await _absences(site) == []

    on_sqlite(test)


@by_hand
def test_an_absence_ends_with_its_session(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session, absences = await site.started(), Absences()
        await _says(site, session, "waiting")
        for late in (timedelta(0), LATE):
            await absences.round(site.parts, datetime.now(UTC) + late)
        assert len(await _absences(site)) == 1
        assert (await site.post("/session/SESS-1/end")).status_code == 200
        await absences.round(site.parts)
        assert (await _absences(site))[0]["cleared"] is not None

    on_sqlite(test)


@by_hand
def test_a_session_that_is_watched_is_not_missed(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session, absences = await site.started(), Absences()
        await _says(site, session, "watching")
        await absences.round(site.parts, datetime.now(UTC) + timedelta(hours=1))
        assert await _absences(site) == []

    on_sqlite(test)


def test_the_sweep_that_runs_looks_for_absences(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        session, nearly = await site.started(), timedelta(seconds=FIRST_COMING_S - 2)

        def age(db: Session) -> None:
            for row in db.exec(select(ExamSession)):
                row.started_utc -= nearly
                row.begins_utc -= nearly
                db.add(row)

        await site.parts.writing(age)
        await _says(site, session, "waiting")
        await until(lambda: _absences(site), "the absence")
        assert [one["cleared"] for one in await _absences(site)] == [None]

    on_sqlite(test)
