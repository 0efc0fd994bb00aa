"""Two coordinators on one database and one hub: one leads, both hear, and sockets at either are told all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from coordinator.alerts import service as alerts
from coordinator.app import create_app
from coordinator.ground import master_following, standing_back
from coordinator.ground.database import Database
from coordinator.ground.keyring import Keyring
from coordinator.ground.leadership import Leadership
from coordinator.ground.leading import Lead
from coordinator.ground.master_users import MasterUsers
from coordinator.live import tickets_service as tickets
from coordinator.live.rooms import Listener
from coordinator.live.tickets import LIFETIME_S
from coordinator.main import app
from coordinator.nodes import heartbeats
from coordinator.sessions import service as sessions
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.errors import Rejected
from shared.events.types import EventType
from shared.tokens import Claims, Role
from tests.support.eventually import cancelled, until
from tests.support.exam_site import Site, exam_site, hub, site_config
from tests.support.findings import alert
from tests.support.forks import FORKS
from tests.support.nats import RunningServer

__all__ = ["hub"]

CLAIMS = Claims(subject="CAND-1", role=Role.CANDIDATE, tenant_id=DEFAULT_TENANT_ID)


@asynccontextmanager
async def beside(site: Site, database_url: str, hub: RunningServer, folder: Path) -> AsyncIterator[Parts]:
    """A second coordinator on the same database, hub and keys."""
    app = create_app(site_config(database_url, hub, folder))
    async with app.router.lifespan_context(app):
        parts: Parts = app.state.parts
        await until(lambda: parts.hub.connected, "the second coordinator connects to the hub")
        yield parts


@pytest.fixture
def on_two(
    migrated_url: str, hub: RunningServer, tmp_path: Path
) -> Callable[[Callable[[Site, Parts], Awaitable[None]]], None]:
    """Runs a test on a site and a second coordinator, on SQLite and then on PostgreSQL."""

    async def run(test: Callable[[Site, Parts], Awaitable[None]]) -> None:
        async with (
            asyncio.timeout(200),
            exam_site(migrated_url, hub, tmp_path) as site,
            beside(site, migrated_url, hub, tmp_path) as other,
        ):
            await test(site, other)

    return lambda test: asyncio.run(run(test))


async def session_id(site: Site) -> UUID:
    """A running session."""
    await site.started()
    found = await site.parts.reading(lambda db: sessions.find(db, DEFAULT_TENANT_ID, "SESS-1"))
    return found.session.id


def entered(parts: Parts, session: UUID, *, for_staff: bool = True, device: int | None = None) -> Listener:
    """Somebody who listens to a session at this coordinator."""
    listener = Listener(session, "SESS-1", "somebody", for_staff, device)
    parts.rooms.enter(listener)
    return listener


def messages(listener: Listener) -> list[dict[str, Any] | None]:
    """What waits for a listener."""
    waiting = [listener.messages.get_nowait() for _ in range(listener.messages.qsize())]
    return [None if text is None else json.loads(text) for text in waiting]


async def known(parts: Parts) -> None:
    """Wait until this coordinator knows the other."""
    spreading = parts.rooms.spread.__self__  # type: ignore[attr-defined]
    await until(lambda: spreading.others == 1, "it knows the other")


OnTwo = Callable[[Callable[[Site, Parts], Awaitable[None]]], None]


def test_all_hear_a_heartbeat_and_the_one_that_leads_answers_it(
    on_two: OnTwo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[UUID] = []
    sign_marks = heartbeats.sign_marks

    def signed(node_id: UUID, *rest: Any) -> bytes:
        answers.append(node_id)
        return sign_marks(node_id, *rest)

    async def test(site: Site, other: Parts) -> None:
        assert (site.parts.lead.leads, other.lead.leads) == (True, False)
        heard = site.parts.fleet.state(site.node.node_id)
        monkeypatch.setattr(heartbeats, "sign_marks", signed)
        assert await site.node.beat()
        await until(lambda: other.fleet.online(other.clock()), "the second has heard it too")
        assert site.parts.fleet.state(site.node.node_id) != heard
        await asyncio.sleep(0.3)  # an answer of the second would come by now
        assert answers == [site.node.node_id]

    on_two(test)


def test_work_of_the_leader_goes_over_to_the_next_one(migrated_url: str) -> None:
    at_work = list[str]()

    async def work(name: str) -> None:
        at_work.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            at_work.remove(name)

    async def story() -> None:
        database = Database(migrated_url)
        first, second = Lead(Leadership(database)), Lead(Leadership(database))
        await first.look()
        leading = [asyncio.create_task(one.run()) for one in (first, second)]
        working = [
            asyncio.create_task(one.while_leading(partial(work, name)))
            for one, name in ((first, "first"), (second, "second"))
        ]
        await until(lambda: at_work == ["first"], "the first works")
        await cancelled(leading[0])
        await until(lambda: at_work == ["second"], "the second works, alone")
        assert not first.leads
        await cancelled(leading[1], *working)
        assert at_work == []
        database.close()

    asyncio.run(story())


def test_a_leader_cut_off_from_the_hub_leaves_the_lead_to_another(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_back, "CUT_OFF_S", 0.0)

    async def story() -> None:
        database, has_hub = Database(migrated_url), [True]
        locks = [Leadership(database) for _ in range(2)]
        first, second = Lead(locks[0], lambda: has_hub[0]), Lead(locks[1])

        async def leading() -> list[bool]:
            for one in (first, second):
                await one.look()
            return [first.leads, second.leads]

        for _ in range(2):
            assert await leading() == [True, False]
        has_hub[0] = False
        assert await leading() == [False, True]
        has_hub[0] = True
        assert await leading() == [False, True]
        locks[1].give_back()
        assert (await leading())[0]
        locks[0].give_back()
        database.close()

    asyncio.run(story())


def test_work_of_the_leader_that_fails_is_told(migrated_url: str) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    async def story() -> None:
        database = Database(migrated_url)
        lead = Lead(Leadership(database))
        leading = asyncio.create_task(lead.run())
        with pytest.raises(ZeroDivisionError):
            await lead.while_leading(broken)
        await cancelled(leading)
        database.close()

    asyncio.run(story())


def test_an_alert_is_told_once_at_each_coordinator_whoever_stored_it(on_two: OnTwo) -> None:
    async def test(site: Site, other: Parts) -> None:
        session = await session_id(site)
        await known(site.parts)
        await known(other)
        listeners = [entered(parts, session) for parts in (site.parts, other)]
        start = site.node.obeyed.newest
        for number in range(6):
            one = alert(start, site.node, EventType.MULTIPLE_FACES, 40.0 * number)
            await site.node.publish(one.model_copy(update={"evidence_pictures": ()}), start)
        await until(lambda: all(one.messages.qsize() >= 6 for one in listeners), "six alerts at each")
        told = [[one["event_id"] for one in messages(listener) if one is not None] for listener in listeners]
        assert [len(set(ids)) for ids in told] == [6, 6]
        assert set(told[0]) == set(told[1])
        assert [len(ids) for ids in told] == [6, 6]

    on_two(test)


def test_the_end_and_another_device_are_told_at_each_coordinator(on_two: OnTwo) -> None:
    async def test(site: Site, other: Parts) -> None:
        session = await session_id(site)
        await known(site.parts)
        earlier = entered(other, session, for_staff=False, device=1)
        later = entered(other, session, for_staff=False, device=2)
        site.parts.rooms.move(session, 2)
        await until(lambda: earlier.messages.qsize() == 2, "the earlier device is told")
        assert [one and one["type"] for one in messages(earlier)] == ["moved", None]
        assert messages(later) == []
        ended = await site.post("/session/SESS-1/end")
        assert ended.status_code == 200, ended.text
        told = list[dict[str, Any] | None]()

        def over() -> bool:
            told.extend(messages(later))
            return None in told

        await until(over, "its end is told")
        assert {"type": "heartbeat", "session_id": "SESS-1", "status": "ended", "stats": {}} in told

    on_two(test)


def test_a_candidate_who_listens_at_the_other_coordinator_hears(on_two: OnTwo) -> None:
    async def test(site: Site, other: Parts) -> None:
        session = await session_id(site)
        await known(site.parts)
        assert not await site.parts.rooms.candidate_is_there(session)
        candidate = entered(other, session, for_staff=False)
        said = await site.post("/session/SESS-1/message", {"message": "Please sit down."})
        assert said.json()["told_candidate"] is True, said.text
        await until(lambda: candidate.messages.qsize() == 1, "the message")

    on_two(test)


def test_a_ticket_opens_one_socket_at_both_together(on_two: OnTwo) -> None:
    async def test(site: Site, other: Parts) -> None:
        now = datetime.now(UTC)
        text = site.parts.tickets.issue(CLAIMS, "SESS-1", now)
        opened = other.tickets.open(text, "SESS-1", now)
        await other.writing(lambda db: tickets.use(db, opened, now))
        ahead = now + timedelta(seconds=LIFETIME_S + 1)  # the other one's clock is fast
        later = other.tickets.open(other.tickets.issue(CLAIMS, "SESS-1", ahead), "SESS-1", ahead)
        await other.writing(lambda db: tickets.use(db, later, ahead))
        with pytest.raises(Rejected, match="used"):
            await site.parts.writing(lambda db: tickets.use(db, opened, now))

    on_two(test)


def hold_for_ever(url: str, holds: Any) -> None:
    """Lead until killed."""
    assert Leadership(Database(url)).hold()
    holds.set()
    while True:
        asyncio.run(asyncio.sleep(60.0))


def test_a_leader_that_is_killed_leads_no_longer(migrated_url: str) -> None:
    database = Database(migrated_url)
    holds = FORKS.Event()
    leader = FORKS.Process(target=hold_for_ever, args=(migrated_url, holds), daemon=True)
    leader.start()
    assert holds.wait(60)
    mine = Leadership(database)
    assert not mine.hold()
    leader.kill()
    leader.join()

    asyncio.run(until(mine.hold, "the lead is free"))
    assert mine.hold()
    assert not Leadership(database).hold()
    mine.give_back()
    database.close()


def test_what_is_given_back_can_be_taken_at_once(migrated_url: str) -> None:
    database = Database(migrated_url)
    for turn in range(50):
        one = Leadership(database)
        assert one.hold(), turn
        one.give_back()
    database.close()


def test_a_leader_whose_connection_was_cut_notices_and_may_lead_again(migrated_url: str) -> None:
    database = Database(migrated_url)
    mine = Leadership(database)
    assert mine.hold()
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND pid <> pg_backend_pid()"
            )
        assert not mine.hold()
    asyncio.run(until(mine.hold, "it leads again"))
    mine.give_back()
    database.close()


def test_another_master_key_takes_over_while_both_serve(
    on_two: OnTwo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_following, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(master_following, "USED_FOR_S", 0.0)

    async def test(site: Site, other: Parts) -> None:
        keyrings = (site.parts.keys.keyring, other.keys.keyring)
        settings = tmp_path / "coordinator.toml"
        url = site.parts.database.engine.url.render_as_string(hide_password=False)
        settings.write_text(f'data_folder = "{tmp_path / "coordinator"}"\ndatabase_url = "{url}"\n')

        async def taken(step: str) -> None:
            ordered = ["rotate-master", step, "--config", str(settings)]
            done = await asyncio.to_thread(CliRunner().invoke, app, ordered)
            assert done.exit_code == 0, done.exception

        async def held(keys: list[bytes]) -> None:
            def both() -> bool:
                return all([one.key_id for one in ring.masters.held] == keys for ring in keyrings)

            await until(both, "both coordinators follow")

        async def served(number: int) -> None:
            """A session begins, and its alert is stored by whichever has it first and read by both."""
            await site.started(f"SESS-{number}", f"CAND-{number}")
            start = site.node.obeyed.newest
            await site.node.publish(alert(start, site.node, EventType.MULTIPLE_FACES, 40.0), start)
            for keyring in keyrings:
                for of in range(1, number + 1):
                    await until(partial(opens, keyring, of), "the alert is stored and opens")

        def opens(keyring: Keyring, number: int) -> bool:
            with other.database.read() as db:
                found = sessions.find(db, DEFAULT_TENANT_ID, f"SESS-{number}")
                return bool(alerts.timeline(db, keyring, found.session))

        [former] = [one.key_id for one in keyrings[0].masters.held]
        await served(1)
        await taken("prepare")
        await until(lambda: len(keyrings[0].masters.held) == 2, "the new key is there")
        following = keyrings[0].masters.held[1].key_id
        await held([former, following])
        await served(2)
        await until(lambda: not MasterUsers(other.database).used((former,)), "nobody has the former one only")
        await taken("switch")
        await held([following, former])
        await served(3)
        await taken("rewrap")
        await until(
            lambda: not MasterUsers(other.database).used((former, following)), "the former one wraps nowhere"
        )
        await taken("finish")
        await held([following])
        await served(4)

    on_two(test)
