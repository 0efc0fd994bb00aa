"""What does not fit into one round of a coordinator follows in the next; what fails is repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.sessions import sweeping
from coordinator.sessions.absence import telling as absence
from coordinator.sessions.absence.telling import Absences
from coordinator.sessions.absence.waiting import FIRST_COMING_S
from coordinator.sessions.lasting.telling import tell
from coordinator.sessions.presence import noting as presence, service as presence_service
from coordinator.sessions.presence.noting import Pages
from coordinator.sessions.sweeping import Booted, sweep
from coordinator.sessions.trouble import telling as trouble
from coordinator.sessions.trouble.telling import Troubles
from coordinator.sessions.watched import noting
from coordinator.sessions.watched.noting import Unseen
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.events.types import EventType
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S
from tests.support.eventually import cancelled, until
from tests.support.exam_site import OnSite, Site
from tests.support.node_answers import watching

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

NAMES = ("SESS-0", "SESS-1", "SESS-2")


async def _three(site: Site) -> list[UUID]:
    """Three sessions of three candidates."""
    started = [await site.started(name, f"CAND-{name}") for name in NAMES]
    return [UUID(one["session_uuid"]) for one in started]


async def _told(site: Site, event: EventType) -> list[int]:
    """How many open alerts of this kind each session has."""
    counts = []
    for name in NAMES:
        items = (await site.get(f"/session/{name}/timeline")).json()["items"]
        counts.append(sum(one["event_type"] == event and one["cleared"] is None for one in items))
    return counts


def test_a_node_that_has_started_is_looked_at_once_each_time() -> None:
    async def test() -> None:
        booted, first, second = Booted(), uuid4(), uuid4()
        booted.note(first)
        booted.note(second)
        booted.note(first)
        assert await booted.wait(60) == {first, second}
        assert await booted.wait(0.01) == frozenset()
        waiting = asyncio.create_task(booted.wait(60))
        await asyncio.sleep(0)
        booted.note(second)
        assert await waiting == {second}
        assert await booted.wait(0.01) == frozenset()

    asyncio.run(test())


async def _missed(site: Site, absences: Absences) -> tuple[list[UUID], datetime]:
    """Three sessions without a page, and an instant at which all of them are missed."""
    ids, began = await _three(site), datetime.now(UTC)
    site.node.sessions = tuple(watching(one, phase="waiting") for one in ids)
    await site.node.beat()
    await absences.round(site.parts, began)
    return ids, began + timedelta(seconds=FIRST_COMING_S + 30)


def test_missing_pages_beyond_a_rounds_share_are_told_of_in_the_next_and_so_is_their_coming(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "MAX_SAID", 2)

    async def test(site: Site) -> None:
        absences, told = Absences(), []
        ids, late = await _missed(site, absences)
        for _ in range(3):
            await absences.round(site.parts, late)
            told.append(sum(await _told(site, EventType.CANDIDATE_OFFLINE)))
        site.node.sessions = tuple(watching(one) for one in ids)
        await site.node.beat()
        for _ in range(3):
            await absences.round(site.parts, late)
            told.append(sum(await _told(site, EventType.CANDIDATE_OFFLINE)))
        assert told == [2, 3, 3, 1, 0, 0]

    on_sqlite(test)


def test_a_round_that_fails_half_way_is_finished_by_the_next_and_tells_nothing_twice(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        absences, tries = Absences(), count(1)
        _, late = await _missed(site, absences)

        async def failing(parts: Parts, write: Callable[[Session], Stored | None]) -> None:
            if next(tries) == 2:
                raise Unavailable("the database does not answer")
            await tell(parts, write)

        with monkeypatch.context() as patched:
            patched.setattr(absence, "tell", failing)
            with pytest.raises(Unavailable):
                await absences.round(site.parts, late)
        assert sum(await _told(site, EventType.CANDIDATE_OFFLINE)) == 1
        await absences.round(site.parts, late)
        assert await _told(site, EventType.CANDIDATE_OFFLINE) == [1, 1, 1]

    on_sqlite(test)


def test_sessions_of_a_node_with_a_wrong_clock_are_told_share_by_share(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "MAX_SAID", 2)

    async def test(site: Site) -> None:
        ids, troubles = await _three(site), Troubles()
        site.node.sessions = tuple(watching(one) for one in ids)
        wrong = dict.fromkeys(site.parts.fleet.skews_s(site.parts.clock()), MAX_CLOCK_SKEW_S + 5)
        right = dict.fromkeys(wrong, 0.0)
        told = []
        for skews_s in (wrong, wrong, wrong, right, right, wrong):
            with monkeypatch.context() as patched:
                patched.setattr(type(site.parts.fleet), "skews_s", lambda *_, said=skews_s: said)
                await troubles.round(site.parts)
            told.append(sum(await _told(site, EventType.CLOCK_SKEW)))
        assert told == [2, 3, 3, 1, 0, 2]

    on_sqlite(test)


def test_unwatched_seconds_beyond_a_rounds_share_are_written_in_the_next(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noting, "MAX_NOTED", 2)

    async def test(site: Site) -> None:
        ids, unseen = await _three(site), Unseen()
        site.node.sessions = tuple(watching(one, unwatched_s={"face": 4.0}) for one in ids)
        await site.node.beat()
        written = []
        for _ in range(2):
            await unseen.round(site.parts)
            said = [(await site.get(f"/session/{name}")).json()["unwatched_s"] for name in NAMES]
            written.append(sum(one == {"face": 4.0} for one in said))
        assert written == [2, 3]

    on_sqlite(test)


def test_sessions_that_are_over_are_ended_on_their_node_share_by_share(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "MAX_TOLD", 2)

    async def test(site: Site) -> None:
        ids = await _three(site)
        for name in NAMES:
            assert (await site.post(f"/session/{name}/end")).status_code == 200
        site.node.obeyed.ended.clear()
        ended: list[UUID] = []
        for left in (ids, sorted(ids)[2:], []):
            site.node.sessions = tuple(watching(one) for one in left)
            await site.node.beat()
            site.node.obeyed.ended.clear()
            await sweep(site.parts, set())
            ended += [one.session_id for one in site.node.obeyed.ended]
        assert ended == sorted(ids)

    on_sqlite(test)


def test_a_session_that_nobody_knows_is_ended_in_the_second_round_also_when_one_failed_between(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        unknown = uuid4()
        site.node.sessions = (watching(unknown),)
        await site.node.beat()
        first = await sweep(site.parts, set())
        assert [one for _, one in first] == [unknown]
        assert site.node.obeyed.ended == []

        async def away(*_: object) -> None:
            raise Unavailable("the database does not answer")

        with monkeypatch.context() as patched:
            patched.setattr(Parts, "reading", away)
            between = await sweep(site.parts, first)
        assert between == first
        await sweep(site.parts, between)
        assert [one.session_id for one in site.node.obeyed.ended] == [unknown]

    on_sqlite(test)


def test_pages_beyond_a_share_are_noted_without_another_heartbeat_and_what_failed_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("MAX_NOTED", 2), ("NOTED_EVERY_S", 0), ("RETRY_S", 0)):
        monkeypatch.setattr(presence, name, value)
    ids, noted, away = [uuid4() for _ in range(3)], list[set[Any]](), [True, False, True]
    heartbeat = SimpleNamespace(sessions=[watching(one) for one in ids])
    monkeypatch.setattr(presence_service, "note", lambda db, now, _: noted.append({db, *now}))

    async def writing(work: Callable[[Any], None]) -> None:
        if away and away.pop(0):
            raise Unavailable("the database does not answer")
        work("database")

    parts: Any = SimpleNamespace(
        fleet=SimpleNamespace(online=lambda _: [SimpleNamespace(heartbeat=heartbeat)]),
        clock=lambda: 0.0,
        writing=writing,
        rooms=SimpleNamespace(walls=SimpleNamespace(stir=lambda: None)),
    )

    async def test() -> None:
        pages = Pages()
        running = asyncio.create_task(pages.run(parts))
        pages.heard()
        await until(lambda: len(noted) == 2, "both shares are noted")
        pages.heard()
        await asyncio.sleep(0.05)
        await cancelled(running)

    asyncio.run(test())
    assert noted == [{"database", *ids[:2]}, {"database", *ids[2:]}]
