"""Programs that follow over gRPC: in order, each at least once, however they read and come and go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import grpc
import pytest
from sqlmodel import Session, col, select, update

from coordinator.audit.tables import AuditEntry
from coordinator.deliveries import service as deliveries
from coordinator.destinations import (
    certificates_service as certificates,
    outbox_service as outbox,
    service as destinations,
)
from coordinator.destinations.certificates import fingerprint_of, read_pinned
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.following import calls, service as following
from coordinator.ground.ids import uuid7
from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryKind
from tests.support.eventually import until
from tests.support.follower import Desk, Office, office
from tests.support.own_certificates import OwnCertificate, own_certificate
from tests.support.told import Told, in_order, noted_by_turns, told

ALL_TOLD: Final = 12


@dataclass
class World:
    """A coordinator that serves gRPC, and one destination."""

    site: Told
    office: Office
    own: OwnCertificate
    destination: Destination

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        async with self.office.desk(self.own) as desk:
            yield desk

    async def change(self, act: Callable[[Session, Destination], None]) -> None:
        home = self.destination
        await self.site.parts.writing(
            lambda db: act(db, destinations.find(db, home.tenant_id, home.id, to_change=True))
        )


Test = Callable[[World], Awaitable[None]]


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "POLL_S", 0.02)


def run(test: Test, url: str, folder: Path) -> None:
    async def whole() -> None:
        async with asyncio.timeout(200), told(url, folder) as site, office(site.parts, folder) as port:
            own = own_certificate()
            await test(World(site, port, own, await port.destination(own)))

    asyncio.run(whole())


@pytest.fixture
def on_file(sqlite_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite."""
    return lambda test: run(test, sqlite_url, tmp_path)


@pytest.fixture
def on_both(migrated_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite and then on PostgreSQL."""
    return lambda test: run(test, migrated_url, tmp_path)


def event(told: Any) -> str:
    """The alert that a delivery tells of."""
    return str(json.loads(told.body)["data"]["event_id"])


async def ends(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a call ends, whatever comes before."""
    try:
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError:
        pass
    return await call.code(), await call.details() or ""


def test_what_happens_is_told_in_order_and_is_delivered_once_it_is_acknowledged(
    on_both: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        noted = await noted_by_turns(world.site)
        async with world.desk() as desk:
            call = desk.follow()
            first = [await call.read() for _ in range(ALL_TOLD)]
            assert all(in_order([event(one) for one in first], ids) for ids in noted.values())
            assert len({one.delivery_id for one in first}) == ALL_TOLD
            assert {state for state, _ in await world.site.states(world.destination)} == {
                DeliveryState.WAITING
            }
            assert await desk.acknowledge(first[7].cursor) == 8
            assert await desk.acknowledge(first[7].cursor) == 0
            states = [state for state, _ in await world.site.states(world.destination)]
            assert states == [DeliveryState.DELIVERED] * 8 + [DeliveryState.WAITING] * 4
            later = await world.site.note(world.site.sit("SESS-9"), 60.0)
            assert event(await call.read()) == later[0], "the same call goes on"
            call.cancel()
        assert world.office.counts == {"delivered": 8}

    on_both(test)


def test_a_program_goes_on_after_its_cursor_and_one_without_gets_what_is_not_acknowledged(
    on_both: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        await noted_by_turns(world.site)
        async with world.desk() as desk:
            first = await desk.some(ALL_TOLD)
        async with world.desk() as desk:
            assert await desk.some(4, first[7].cursor) == first[8:]
            assert await desk.some(4) == first[8:], "the cursor has acknowledged what is before it"
            await desk.acknowledge(first[11].cursor)
            assert await desk.some(2, first[9].cursor) == first[10:], "also what is acknowledged"

    on_both(test)


def test_a_program_that_breaks_off_again_and_again_misses_nothing(on_file: Callable[[Test], None]) -> None:
    async def test(world: World) -> None:
        noted = await noted_by_turns(world.site)
        got: list[Any] = []
        while len(got) < ALL_TOLD:
            async with world.desk() as desk:
                got += await desk.some(2, got[-1].cursor if got else "")
        assert all(in_order([event(one) for one in got], ids) for ids in noted.values())
        assert len({one.delivery_id for one in got}) == ALL_TOLD

    on_file(test)


def test_a_program_that_is_away_for_days_gets_all_and_its_neighbour_does_not_wait(
    on_file: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        other = own_certificate("neighbour")
        await world.office.destination(other)
        noted = await noted_by_turns(world.site)
        async with world.office.desk(other) as desk:
            assert len(await desk.some(ALL_TOLD)) == ALL_TOLD
        later = datetime.now(UTC) + timedelta(days=20)
        world.site.parts.utc_now = lambda: later
        await world.site.parts.writing(lambda db: deliveries.clear(db, later))
        async with world.desk() as desk:
            got = [event(one) for one in await desk.some(ALL_TOLD)]
        assert all(in_order(got, ids) for ids in noted.values())

    # Its certificate is good for a day by the clock of this machine, which TLS goes by.
    on_file(test)


def test_a_program_that_does_not_read_is_sent_no_more_and_slows_no_other(
    on_file: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PORTION", 4)

    async def test(world: World) -> None:
        other = own_certificate("neighbour")
        neighbour = await world.office.destination(other)
        sitting = world.site.sit("SESS-0")
        noted = await world.site.note(sitting, *(60.0 * number for number in range(1, 301)))
        async with world.desk() as desk, world.office.desk(other) as quick:
            slow = desk.follow()
            first = await slow.read()
            got = [event(one) for one in await quick.some(len(noted))]
            assert got == noted
            sent = [row.place for row in await world.site.rows(world.destination) if row.place is not None]
            assert len(sent) < len(noted), "the other one's are held back until it reads"
            rest = [await slow.read() for _ in range(len(noted) - 1)]
            assert [event(one) for one in (first, *rest)] == noted
            slow.cancel()
        assert {row.place for row in await world.site.rows(neighbour)} == set(range(1, len(noted) + 1))

    on_file(test)


def test_a_later_call_ends_the_former_one(on_both: Callable[[Test], None]) -> None:
    async def test(world: World) -> None:
        noted = await noted_by_turns(world.site)
        async with world.desk() as desk, world.desk() as again:
            former = desk.follow()
            await former.read()
            later = again.follow()
            got = [event(await later.read()) for _ in range(ALL_TOLD)]
            assert await ends(former) == (grpc.StatusCode.ABORTED, "a later call follows this destination")
            assert all(in_order(got, ids) for ids in noted.values())
            more = await world.site.note(world.site.sit("SESS-9"), 60.0)
            assert event(await later.read()) == more[0], "the later one goes on"
            later.cancel()

    on_both(test)


def test_a_call_whose_destination_another_coordinator_serves_now_ends(
    on_file: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        async with world.desk() as desk:
            call = desk.follow()
            await until(lambda: _is_held(world), "it follows")

            def take(db: Session, row: Destination) -> None:
                row.held_by = uuid7()

            await world.change(take)
            assert (await ends(call))[0] is grpc.StatusCode.ABORTED

    on_file(test)


async def _is_held(world: World) -> bool:
    home = world.destination
    row = await world.site.parts.reading(lambda db: db.get_one(Destination, home.id))
    return row.held_by is not None


def test_what_comes_late_into_the_order_is_told_and_not_acknowledged_by_a_cursor_of_before(
    on_both: Callable[[Test], None],
) -> None:
    """As where two coordinators commit in another order than they began, or a verdict waits to be final."""

    async def test(world: World) -> None:
        home, now = world.destination, datetime.now(UTC) + timedelta(seconds=1)
        ids = await world.site.note(world.site.sit("SESS-0"), 60.0)
        ids += await world.site.note(world.site.sit("SESS-1"), 60.0)
        fingerprint = fingerprint_of(read_pinned(world.own.certificate, now).der)
        keyring, holder = world.site.parts.keys.keyring, uuid7()

        def due(db: Session, at: datetime) -> None:
            first = col(Delivery.subject_id) == UUID(ids[0])
            db.exec(update(Delivery).where(first).values(next_try_utc=at))

        def work(db: Session) -> list[list[str]]:
            due(db, now + timedelta(seconds=60))
            follower, place = following.begin(db, fingerprint, "", holder, now)
            told = following.portion(db, keyring, follower, place, 10, now)
            assert told is not None
            due(db, now)
            following.acknowledge(db, fingerprint, str(told.told[-1].cursor), now)
            rest = following.portion(db, keyring, follower, told.place, 10, now)
            assert rest is not None
            return [[json.loads(one.body)["data"]["event_id"] for one in p.told] for p in (told, rest)]

        assert await world.site.parts.writing(work) == [ids[1:], ids[:1]]
        states = [state for state, _ in await world.site.states(home)]
        assert states == [DeliveryState.WAITING, DeliveryState.DELIVERED]

    on_both(test)


def test_what_is_unwanted_or_paused_is_not_told_and_a_replay_comes_again_with_the_same_id(
    on_file: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        await noted_by_turns(world.site)
        async with world.desk() as desk:
            call = desk.follow()
            first = [await call.read() for _ in range(ALL_TOLD)]
            await desk.acknowledge(first[-1].cursor)
            wanted = DestinationFilter(kinds=(DeliveryKind.VERDICT_GIVEN,))
            await world.site.note(world.site.sit("SESS-8"), 60.0)  # noted before the filter is narrowed
            await world.change(lambda db, row: destinations.set_filter(db, row, wanted))
            await until(lambda: world.site.nothing_waits(world.destination), "it is dropped or told")
            await world.change(lambda db, row: destinations.set_filter(db, row, DestinationFilter()))
            now = datetime.now(UTC)
            await world.change(lambda db, row: destinations.pause(db, row, "alice", now))
            since = now - timedelta(hours=1)
            replayed = await world.site.parts.writing(
                lambda db: deliveries.replay_since(db, world.destination.id, since, now)
            )
            assert replayed >= ALL_TOLD
            await world.change(lambda db, row: destinations.resume(db, row, now))
            again = [await call.read() for _ in range(ALL_TOLD)]
            assert {one.delivery_id for one in again} >= {one.delivery_id for one in first}
            assert not {one.cursor for one in again} & {one.cursor for one in first}
            call.cancel()

    on_file(test)


def test_what_a_program_is_sent_is_in_the_audit_log_once(on_both: Callable[[Test], None]) -> None:
    async def test(world: World) -> None:
        noted = await noted_by_turns(world.site)
        async with world.desk() as desk:
            [*_, last] = await desk.some(ALL_TOLD)
            await desk.some(ALL_TOLD)  # nothing is acknowledged, so it comes again
            await desk.acknowledge(last.cursor)
        wanted = select(AuditEntry).where(AuditEntry.act == "deliver")
        entries = await world.site.parts.reading(lambda db: db.exec(wanted).all())
        assert {one.destination_id for one in entries} == {world.destination.id}
        assert {one.outcome for one in entries} == {"done"}
        assert len({one.session_id for one in entries}) == len(noted)
        assert sum(one.amount or 0 for one in entries) == ALL_TOLD

    on_both(test)


def test_a_destination_that_is_removed_is_told_nothing_more(on_file: Callable[[Test], None]) -> None:
    async def test(world: World) -> None:
        async with world.desk() as desk:
            call = desk.follow()
            await until(lambda: _is_held(world), "it follows")
            await world.change(lambda db, row: destinations.remove(db, row, datetime.now(UTC)))
            assert (await ends(call))[0] is grpc.StatusCode.UNAUTHENTICATED
            assert (await ends(desk.follow()))[0] is grpc.StatusCode.UNAUTHENTICATED
            with pytest.raises(grpc.aio.AioRpcError):
                await desk.acknowledge(f"{world.destination.id}.1")

    on_file(test)


def test_two_certificates_are_accepted_for_a_while_and_then_the_new_one_alone(
    on_both: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        await noted_by_turns(world.site)
        new, now = own_certificate("new"), datetime.now(UTC)
        pinned = read_pinned(new.certificate, now)
        overlap = timedelta(hours=1)
        await world.change(lambda db, row: certificates.rotate(db, row, pinned, overlap, now))
        await world.office.serving.refresh()
        async with world.desk() as former, world.office.desk(new) as present:
            assert len(await former.some(1)) == len(await present.some(1)) == 1
            world.site.parts.utc_now = lambda: now + overlap
            assert (await ends(former.follow()))[0] is grpc.StatusCode.UNAUTHENTICATED
            assert len(await present.some(1)) == 1

    on_both(test)


def test_who_was_sent_something_is_told_of_an_erasure_and_the_names_go_once_it_is_acknowledged(
    on_both: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        sitting, keyring = world.site.sit("SESS-0"), world.site.parts.keys.keyring
        await world.site.note(sitting, 60.0)
        async with world.desk() as desk:
            await desk.some(1)
            await until(lambda: _nobody_follows(world), "the call has ended")
            told_to = await world.site.parts.writing(
                lambda db: outbox.note_erasure(db, keyring, [sitting.session], "STU-1", datetime.now(UTC))
            )
            assert told_to == 1, "it may have what was sent, though it has acknowledged nothing"
            notice = (await desk.some(2))[1]
            assert json.loads(notice.body)["type"] == "person.erased"
            sealed = [row.told_sealed is not None for row in await world.site.rows(world.destination)]
            assert sealed == [False, True]
            await desk.acknowledge(notice.cursor)
        assert {row.told_sealed for row in await world.site.rows(world.destination)} == {None}

    on_both(test)


def test_the_names_in_a_notice_go_with_the_destination_that_was_to_be_told(
    on_both: Callable[[Test], None],
) -> None:
    async def test(world: World) -> None:
        sitting, keyring = world.site.sit("SESS-0"), world.site.parts.keys.keyring
        await world.site.note(sitting, 60.0)
        async with world.desk() as desk:
            await desk.some(1)
        await world.site.parts.writing(
            lambda db: outbox.note_erasure(db, keyring, [sitting.session], "STU-1", datetime.now(UTC))
        )
        await world.change(lambda db, row: destinations.remove(db, row, datetime.now(UTC)))
        assert {row.told_sealed for row in await world.site.rows(world.destination)} == {None}

    on_both(test)


async def _nobody_follows(world: World) -> bool:
    return not await _is_held(world)
