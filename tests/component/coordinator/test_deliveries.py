"""Deliveries to real servers that work badly: everything arrives, in order per session, and nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select
from standardwebhooks import Webhook, WebhookVerificationError

from coordinator.alerts import service as alerts
from coordinator.audit.tables import AuditEntry
from coordinator.deliveries import service as deliveries, working
from coordinator.deliveries.parcels_service import load
from coordinator.deliveries.schedule import Breaker
from coordinator.deliveries.service import LetterQuery, Results, Settled
from coordinator.deliveries.working import Workers
from coordinator.destinations import secrets_service as secrets, service as destinations
from coordinator.destinations.outbox_service import KEPT_FOR
from coordinator.destinations.tables import DeliveryState, Destination
from coordinator.ground.ids import uuid7
from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.tenants import service as tenants
from coordinator.web_api.parts import Parts
from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryDetail, DeliveryKind
from shared.events.types import EventClass
from shared.traces.exporting import Traces
from shared.traces.spans import TraceStep, span_id
from tests.support.collector import collector
from tests.support.eventually import until
from tests.support.sink import CLOSED, OK, Got, Sink, sink, status
from tests.support.sittings import Sitting
from tests.support.told import QUICK, Told, in_order, noted_by_turns, told

BADLY: Final = {
    "500": (status(500),),
    "429": (status(429, "retry-after: 0"), status(429)),
    "301": (status(301, "location: http://127.0.0.1:9/other"),),
    "garbage": (b"\x00\xffno protocol of this world\r\n\r\n",),
    "half a head": (b"HTTP/1.1 200 OK\r\ncontent-len",),
    "half a body": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf",),
    "closed": (CLOSED,),
    "by turns": (status(500), CLOSED, OK, status(404)),
}

Test = Callable[[Told, Sink], Awaitable[None]]


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "POLL_S", 0.01)


def run(test: Test, url: str, folder: Path) -> None:
    async def whole() -> None:
        async with asyncio.timeout(200), told(url, folder) as site, sink() as receiver:
            await test(site, receiver)

    asyncio.run(whole())


@pytest.fixture
def on_file(sqlite_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite."""
    return lambda test: run(test, sqlite_url, tmp_path)


@pytest.fixture
def on_both(migrated_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite and then on PostgreSQL."""
    return lambda test: run(test, migrated_url, tmp_path)


def test_each_try_to_deliver_an_alert_is_in_its_trace(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        receiver.fails_first(1, status(500))
        traces = site.parts.traces = Traces.to_collector(taken.url, {}, service="c", instance="one")
        destination, _ = await site.destination(receiver.url)
        [alert_id] = await site.note(site.sit("SESS-1"), 1.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "the second try is stored")
        await traces.close()
        found.append(UUID(alert_id))

    found: list[UUID] = []
    with collector() as taken:
        on_file(test)
    tries = sorted(
        (span for span in taken.spans if span.trace_id == found[0].bytes),
        key=lambda span: span.start_time_unix_nano,
    )
    assert [(span.name, span.status.code) for span in tries] == [("delivered", 2), ("delivered", 0)]
    assert {int.from_bytes(span.parent_span_id) for span in tries} == {span_id(found[0], 1, TraceStep.STORED)}
    assert len({span.span_id for span in tries}) == 2


def check(receiver: Sink, noted: dict[str, list[str]]) -> None:
    """All of it was taken, in order, and each once."""
    events = [got.data["event_id"] for got in receiver.taken]
    assert sorted(events) == sorted(one for ids in noted.values() for one in ids)
    assert len({got.parcel_id for got in receiver.taken}) == len(events)
    assert all(in_order(events, ids) for ids in noted.values())


def left(db: Session, destination: Destination) -> Counter[tuple[UUID | None, str]]:
    """What the audit log says has left for a destination: of each session, with what outcome."""
    found: Counter[tuple[UUID | None, str]] = Counter()
    wanted = select(AuditEntry).where(AuditEntry.act == "deliver")
    for row in db.exec(wanted.where(AuditEntry.destination_id == destination.id)):
        found[row.session_id, row.outcome] += row.amount
    return found


@pytest.mark.parametrize("badly", BADLY)
def test_everything_arrives_in_order_however_a_destination_answers_at_first(
    badly: str, on_file: Callable[[Test], None]
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        receiver.fails_first(9, *BADLY[badly])
        destination, _ = await site.destination(receiver.url)
        noted = await noted_by_turns(site)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "all is delivered")
        check(receiver, noted)
        assert {got.path for got in receiver.asked} == {"/hook"}, "no redirect is followed"
        of_each: dict[str, set[str]] = {}
        for got in receiver.asked:
            of_each.setdefault(got.parcel_id, set()).add(got.text)
        assert all(len(texts) == 1 for texts in of_each.values()), "one id, one body"

    on_file(test)


def test_a_destination_that_is_down_and_comes_back_gets_all(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        await receiver.close()
        destination, _ = await site.destination(receiver.url)
        noted = await noted_by_turns(site)
        async with site.working() as workers:
            await until(lambda: workers.counts["failed:unreachable"] >= 5, "it is tried in vain")
            assert {state for state, _ in await site.states(destination)} == {DeliveryState.WAITING}
            await receiver.open()
            await until(lambda: site.nothing_waits(destination), "all is delivered")
        check(receiver, noted)
        assert {state for state, _ in await site.states(destination)} == {DeliveryState.DELIVERED}

    on_both(test)


def test_one_that_never_answers_slows_no_other(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        async with sink() as dead:
            never = asyncio.Event()

            async def silence(got: Got) -> bytes:
                await never.wait()
                return CLOSED

            dead.answer = silence
            stuck, _ = await site.destination(dead.url)
            fine, _ = await site.destination(receiver.url)
            noted = await noted_by_turns(site)
            async with site.working():
                await until(lambda: dead.asked, "the dead one is asked")
                await until(lambda: site.nothing_waits(fine), "the other one gets all")
            check(receiver, noted)
            assert dead.taken == []
            assert {state for state, _ in await site.states(stuck)} == {DeliveryState.WAITING}
            never.set()

    on_file(test)


def test_an_answer_that_takes_too_long_is_a_failure_and_comes_again(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        async def slowly(got: Got) -> bytes:
            if len(receiver.asked) == 1:
                await asyncio.sleep(3_600)
            return OK

        receiver.answer = slowly
        destination, _ = await site.destination(receiver.url)
        noted = await site.note(site.sit("SESS-0"), 60.0)
        async with site.working(replace(QUICK, answer_within_s=1.0)) as workers:
            await until(lambda: site.nothing_waits(destination), "it is delivered")
            assert workers.counts["failed:timed-out"] >= 1
        assert {got.parcel_id for got in receiver.taken} == {receiver.asked[0].parcel_id}
        assert {got.data["event_id"] for got in receiver.taken} == set(noted)

    on_file(test)


def test_a_long_answer_is_not_read_to_its_end(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        async def endless(got: Got) -> bytes:
            receiver.taken.append(got)
            return (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + b"1000\r\n"
                + b"x" * 4_096
                + (b"\r\n1000\r\n" + b"x" * 4_096) * 15
            )

        receiver.answer = endless
        destination, _ = await site.destination(receiver.url)
        noted = await site.note(site.sit("SESS-0"), 60.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it is delivered")
        check(receiver, {"SESS-0": noted})

    on_file(test)


def test_what_is_refused_for_itself_is_dead_and_holds_up_nobody_for_ever(
    on_both: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        noted = await noted_by_turns(site, sessions=2, each=0)
        destination, _ = await site.destination(receiver.url)
        bad, good = site.sit("BAD"), site.sit("GOOD")
        [refused] = await site.note(bad, 60.0)
        noted = {"BAD": await site.note(bad, 120.0), "GOOD": await site.note(good, 60.0, 120.0)}

        async def choosy(got: Got) -> bytes:
            return status(422) if got.data["event_id"] == refused else OK

        receiver.answer = choosy
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "the others are delivered")
            check(receiver, noted)
            query = LetterQuery(destination.id, None, 10)
            [letter], _ = await site.parts.reading(lambda db: deliveries.dead_letters(db, query))
            assert (str(letter.row.subject_id), letter.exam_session_id) == (refused, "BAD")
            assert (letter.row.attempts, letter.row.reason) == (QUICK.refusals, "status-422")

            receiver.answer = None
            now = datetime.now(UTC)
            replayed = await site.parts.writing(
                lambda db: deliveries.replay_dead(db, destination.id, None, now)
            )
            assert replayed == 1
            await until(lambda: site.nothing_waits(destination), "the dead letter is delivered")
        revived = {got.parcel_id for got in receiver.taken if got.data["event_id"] == refused}
        assert await site.parts.reading(lambda db: left(db, destination)) == Counter(
            {(bad.session.id, "failed"): 1, (bad.session.id, "done"): 2, (good.session.id, "done"): 2}
        )
        assert revived == {str(letter.row.parcel_id)}
        assert await site.parts.reading(lambda db: deliveries.dead_letters(db, query)) == ([], None)

    on_both(test)


def test_everything_since_an_instant_comes_again_with_the_same_ids(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        await site.note(sitting, 60.0)
        since = datetime.now(UTC)
        later = await site.note(sitting, 120.0, 180.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "all is delivered")
            first = [got.parcel_id for got in receiver.taken]
            count = await site.parts.writing(
                lambda db: deliveries.replay_since(db, destination.id, since, datetime.now(UTC))
            )
            assert count == 2
            await until(lambda: site.nothing_waits(destination), "it is delivered again")
        again = receiver.taken[3:]
        assert [got.data["event_id"] for got in again] == later
        assert [got.parcel_id for got in again] == first[1:]

    on_both(test)


def test_a_worker_that_dies_in_a_round_loses_nothing_and_its_successor_uses_the_same_ids(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        held = asyncio.Event()

        async def hanging(got: Got) -> bytes:
            await held.wait()
            return OK

        receiver.answer = hanging
        destination, _ = await site.destination(receiver.url)
        noted = await site.note(site.sit("SESS-0"), 60.0, 120.0)
        async with site.working():
            await until(lambda: receiver.asked, "it is being sent")
        assert {state for state, _ in await site.states(destination)} == {DeliveryState.WAITING}
        receiver.answer = None
        held.set()
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "all is delivered")
        first = receiver.asked[0].parcel_id
        assert sum(got.parcel_id == first for got in receiver.asked) >= 2
        events = list(dict.fromkeys(got.data["event_id"] for got in receiver.taken))
        assert events == noted

    on_file(test)


@pytest.mark.parametrize("answers", [True, False], ids=["answers", "hangs"])
def test_an_orderly_stop_sends_nothing_twice_that_was_answered(
    answers: bool, on_file: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many deliveries of a round; those in flight are waited for a moment."""
    monkeypatch.setattr(working, "STOP_S", 30.0 if answers else 0.1)

    async def test(site: Told, receiver: Sink) -> None:
        go_on, halfway = asyncio.Event(), asyncio.Event()

        async def slowly(_: Got) -> bytes:
            if len(receiver.asked) > 6:
                halfway.set()
                await go_on.wait()
            return OK

        receiver.answer = slowly
        destination, _ = await site.destination(receiver.url)
        noted = await site.note(site.sit("SESS-0"), *(60.0 * n for n in range(1, 13)))

        working_task = asyncio.create_task(Workers(site.parts, QUICK).run())
        await halfway.wait()
        working_task.cancel()
        if answers:
            asyncio.get_running_loop().call_later(0.1, go_on.set)
        await asyncio.wait({working_task})
        states = [state for state, _ in await site.states(destination)]
        answered = 7 if answers else 6
        waiting = [DeliveryState.WAITING] * (12 - answered)
        assert states == [DeliveryState.DELIVERED] * answered + waiting
        go_on.set()
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "all is delivered")
        asked = [got.parcel_id for got in receiver.asked]
        assert len(asked) - len(set(asked)) == (0 if answers else 1)
        assert list(dict.fromkeys(got.data["event_id"] for got in receiver.taken)) == noted

    on_file(test)


def test_who_resumes_a_destination_while_it_is_tried_is_believed(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        await site.note(site.sit("SESS-0"), 60.0)
        keyring, now = site.parts.keys.keyring, datetime.now(UTC) + timedelta(seconds=1)
        left_alone, later = Breaker(5, now), now + timedelta(hours=1)

        def found() -> Awaitable[tuple[Breaker, int]]:
            """How it is doing, and how many deliveries may be tried now."""

            def look(db: Session) -> tuple[Breaker, int]:
                loaded = load(db, keyring, destination.id, 10, now)
                assert loaded is not None
                return loaded.breaker, len(loaded.parcels)

            return site.parts.reading(look)

        def tried(before: Breaker, now_is: Breaker) -> Awaitable[None]:
            def keep(db: Session) -> None:
                row = db.get(Destination, destination.id)
                assert row is not None
                parcel = load(db, keyring, destination.id, 10, later)
                assert parcel is not None
                again = Settled(parcel.parcels[0].sequence, DeliveryState.WAITING, 1, "status-500", later)
                results = Results((again,), before, now_is, "status-500", now)
                deliveries.settle(db, destination.id, results)

            return site.parts.writing(keep)

        await tried(Breaker(), left_alone)
        assert await found() == (left_alone, 0)
        await site.parts.writing(
            lambda db: destinations.resume(
                db, destinations.find(db, destination.tenant_id, destination.id, to_change=True), now
            )
        )
        await tried(left_alone, Breaker(6, later))  # the probe that was on its way meanwhile
        assert await found() == (Breaker(), 1)
        await tried(Breaker(), left_alone)
        await tried(left_alone, Breaker(6, later))  # the next outage counts again
        assert await found() == (Breaker(6, later), 0)

    on_both(test)


def test_one_coordinator_at_a_time_has_a_destination(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        await site.note(site.sit("SESS-0"), 60.0)
        one, other, now = uuid7(), uuid7(), datetime.now(UTC) + timedelta(seconds=1)

        def work(db: Session) -> list[object]:
            said: list[object] = [deliveries.due(db, other, now) == [destination.id]]
            said += [deliveries.take(db, destination.id, who, now) for who in (one, other, one)]
            said.append(deliveries.due(db, other, now))
            said.append(deliveries.due(db, one, now) == [destination.id])
            later = now + deliveries.HELD_FOR
            said.append(deliveries.take(db, destination.id, other, later))
            deliveries.give_back(db, destination.id, one)  # which it no longer has
            said.append(deliveries.take(db, destination.id, one, later))
            deliveries.give_back(db, destination.id, other)
            said.append(deliveries.take(db, destination.id, one, later))
            return said

        assert await site.parts.writing(work) == [True, True, False, True, [], True, True, False, True]

    on_both(test)


def test_nothing_is_noted_of_what_is_rolled_back(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        keyring, made = site.parts.keys.keyring, sitting.alert()

        def work(db: Session) -> None:
            alerts.store_milestone(db, keyring, sitting.session, made, datetime.now(UTC))
            raise LookupError

        with pytest.raises(LookupError):
            await site.parts.writing(work)
        assert await site.rows(destination) == []

    on_file(test)


def test_the_same_alert_again_is_noted_once_and_its_end_a_second_time(
    on_both: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        for revision in (1, 1, 2, 2, 1):
            await site.note(sitting, 60.0, revision=revision)
        kinds = [row.kind for row in await site.rows(destination)]
        assert kinds == [DeliveryKind.ALERT_RAISED, DeliveryKind.ALERT_CLEARED]
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it is delivered")
        assert await site.states(destination) == [
            (DeliveryState.DROPPED, "overtaken"),
            (DeliveryState.DELIVERED, None),
        ]
        assert [got.data["revision"] for got in receiver.taken] == [2]

    on_both(test)


def test_who_wants_no_ends_is_told_the_beginning_also_when_it_is_over(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url, kinds=(DeliveryKind.ALERT_RAISED,))
        sitting = site.sit("SESS-0")
        await site.note(sitting, 60.0)
        await site.note(sitting, 60.0, revision=2)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it is delivered")
        assert [got.body["type"] for got in receiver.taken] == ["alert.raised"]

    on_file(test)


async def erase(site: Told, sitting: Sitting) -> None:
    """Destroy the keys of a session's alerts."""
    session = sitting.session
    owner = Owner(session.tenant_id, session.candidate_id, RetentionClass.EXAM, session.exam_reference)
    assert await site.parts.writing(lambda db: keys.destroy(db, owner, datetime.now(UTC)))


def test_nothing_leaves_of_an_erased_person_neither_waiting_nor_replayed(
    on_both: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        erased, other = site.sit("ERASED"), site.sit("OTHER")
        await site.note(erased, 60.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "the first is delivered")
        await site.note(erased, 120.0)
        [kept] = await site.note(other, 60.0)
        await erase(site, erased)
        long_ago = datetime.now(UTC) - timedelta(days=1)
        await site.parts.writing(
            lambda db: deliveries.replay_since(db, destination.id, long_ago, datetime.now(UTC))
        )
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "the rest is settled")
        assert [got.data["event_id"] for got in receiver.taken[1:]] == [kept]
        assert await site.states(destination) == [
            (DeliveryState.DROPPED, "erased"),
            (DeliveryState.DROPPED, "erased"),
            (DeliveryState.DELIVERED, None),
        ]

    on_both(test)


def test_no_content_and_no_name_lies_in_the_outbox(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, secret = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        await site.note(sitting, 60.0)
        rows = [row.model_dump_json() for row in await site.rows(destination)]
        assert not any(mark in text for text in rows for mark in ("STU-", "SESS-0", "Two faces"))
        file = site.parts.database.file
        assert file is not None
        found = b"".join(path.read_bytes() for path in file.parent.glob("coordinator.db*"))
        assert receiver.url.encode() in found, "it is the right file"
        assert secret.encode() not in found

    on_file(test)


def test_a_filter_that_was_narrowed_also_holds_for_what_waits(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        await site.note(site.sit("SESS-0"), 60.0)
        wanted = DestinationFilter(event_classes=(EventClass.TECHNICAL,))

        def narrow(db: Session) -> None:
            row = destinations.find(db, destination.tenant_id, destination.id)
            destinations.set_filter(db, row, wanted)

        await site.parts.writing(narrow)
        await site.note(site.sit("SESS-1"), 60.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it is settled")
        assert await site.states(destination) == [(DeliveryState.DROPPED, "unwanted")]
        assert receiver.asked == []

    on_file(test)


def test_details_leave_only_where_they_are_asked_for(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        sitting = site.sit("SESS-0")
        async with sink() as curious:
            plain, _ = await site.destination(receiver.url)
            full, _ = await site.destination(curious.url, details=tuple(DeliveryDetail))
            await site.note(sitting, 60.0)
            async with site.working():
                await until(lambda: site.nothing_waits(plain), "it is delivered")
                await until(lambda: site.nothing_waits(full), "it is delivered in full")
            assert "candidate_id" not in receiver.taken[0].data
            assert "STU-" not in receiver.taken[0].text
            assert curious.taken[0].data["candidate_id"] == "STU-SESS-0"
            assert curious.taken[0].data["evidence_thumbnail"] is None

    on_file(test)


def test_each_secret_that_is_valid_signs_and_no_other(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, first = await site.destination(receiver.url)
        sitting, keyring, now = site.sit("SESS-0"), site.parts.keys.keyring, datetime.now(UTC)
        made = [first]
        for _ in range(2):
            rotated = await site.parts.writing(
                lambda db: secrets.rotate(
                    db, keyring, destination, timedelta(hours=24), now + timedelta(seconds=len(made))
                )
            )
            made.append(rotated.text)
        await site.note(sitting, 60.0)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it is delivered")
        got = receiver.taken[0]
        for secret in made[1:]:
            assert Webhook(secret).verify(got.text, got.headers) == got.body
        with pytest.raises(WebhookVerificationError):
            Webhook(first).verify(got.text, got.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made[2]).verify(got.text + " ", got.headers)
        after = now + timedelta(hours=24, seconds=3)
        alone = await site.parts.reading(lambda db: secrets.signing(db, keyring, destination.id, after))
        assert alone == (made[2],)
        await site.parts.writing(lambda db: secrets.forget_ended(db, after))
        alone = await site.parts.reading(lambda db: secrets.signing(db, keyring, destination.id, now))
        assert alone == (made[2],)

    on_both(test)


def test_a_paused_destination_gets_nothing_until_it_is_resumed(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        async with sink() as witness:
            paused, _ = await site.destination(receiver.url)
            other, _ = await site.destination(witness.url)

            def change(db: Session, act: Callable[[Session, Destination], None]) -> None:
                act(db, destinations.find(db, paused.tenant_id, paused.id, to_change=True))

            stop = lambda db, row: destinations.pause(db, row, "alice", datetime.now(UTC))  # noqa: E731
            await site.parts.writing(lambda db: change(db, stop))
            noted = await noted_by_turns(site, sessions=1)
            async with site.working():
                await until(lambda: site.nothing_waits(other), "the other one gets all")
                assert receiver.asked == []
                go_on = lambda db, row: destinations.resume(db, row, datetime.now(UTC))  # noqa: E731
                await site.parts.writing(lambda db: change(db, go_on))
                await until(lambda: site.nothing_waits(paused), "it gets all")
            check(receiver, noted)

    on_file(test)


def test_a_disabled_institution_gets_nothing_until_it_is_enabled(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        noted, tenant_id = await noted_by_turns(site, sessions=1), destination.tenant_id
        now_utc = datetime.now(UTC)
        await site.parts.writing(lambda db: tenants.disable(db, tenant_id, "olga", now_utc))
        keyring = site.parts.keys.keyring
        assert await site.parts.reading(lambda db: deliveries.due(db, uuid4(), now_utc)) == []
        assert await site.parts.reading(lambda db: load(db, keyring, destination.id, 9, now_utc)) is None
        async with site.working():
            await site.parts.writing(lambda db: tenants.enable(db, tenant_id))
            await until(lambda: site.nothing_waits(destination), "it gets all")
        check(receiver, noted)

    on_file(test)


def test_what_is_old_is_forgotten_and_a_removed_destination_with_it(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        await site.note(site.sit("SESS-0"), 60.0)
        now = datetime.now(UTC)

        def remove(db: Session) -> None:
            destinations.remove(db, destinations.find(db, destination.tenant_id, destination.id), now)

        await site.parts.writing(remove)
        await site.note(site.sit("SESS-1"), 60.0)
        assert await site.states(destination) == [(DeliveryState.DROPPED, "removed")]
        soon, late = now + KEPT_FOR - timedelta(minutes=1), now + KEPT_FOR + timedelta(minutes=2)
        assert await site.parts.writing(lambda db: deliveries.clear(db, soon)) == 0
        assert await site.parts.writing(lambda db: deliveries.clear(db, late)) == 1
        assert await site.parts.reading(lambda db: db.get(Destination, destination.id)) is None

    on_both(test)


def test_results_do_not_bring_back_what_was_dropped_meanwhile(on_both: Callable[[Test], None]) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        await site.note(site.sit("SESS-0"), 60.0)
        keyring, now = site.parts.keys.keyring, datetime.now(UTC) + timedelta(seconds=1)
        loaded = await site.parts.reading(lambda db: load(db, keyring, destination.id, 10, now))
        assert loaded is not None
        [parcel] = loaded.parcels

        def remove(db: Session) -> None:
            destinations.remove(db, destinations.find(db, destination.tenant_id, destination.id), now)

        await site.parts.writing(remove)
        again = Settled(parcel.sequence, DeliveryState.WAITING, 1, "status-500", now)
        results = Results((again,), Breaker(), Breaker(1), "status-500", now)
        await site.parts.writing(lambda db: deliveries.settle(db, destination.id, results))
        assert await site.states(destination) == [(DeliveryState.DROPPED, "removed")]
        assert await site.parts.reading(lambda db: load(db, keyring, destination.id, 10, now)) is None

    on_both(test)


def test_what_waited_for_days_at_a_paused_destination_is_not_given_up_at_the_first_failure(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        noted = await noted_by_turns(site, sessions=2, each=2)
        receiver.fails_first(5, status(503))
        later = datetime.now(UTC) + timedelta(days=5)
        site.parts.utc_now = lambda: later

        def resume(db: Session) -> None:
            row = destinations.find(db, destination.tenant_id, destination.id, to_change=True)
            destinations.pause(db, row, "alice", later - timedelta(days=5))
            destinations.resume(db, row, later)

        await site.parts.writing(resume)
        monotonic = asyncio.get_running_loop().time
        begun = monotonic()
        site.parts.utc_now = lambda: later + timedelta(seconds=monotonic() - begun)
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "it gets all")
        assert {state for state, _ in await site.states(destination)} == {DeliveryState.DELIVERED}
        check(receiver, noted)

    on_file(test)


def test_who_changes_a_destination_keeps_no_alert_from_being_stored(
    migrated_url: str, tmp_path: Path
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        if site.parts.database.dialect == "sqlite":
            return  # there one transaction writes at a time
        with site.parts.database.write() as db:
            destinations.find(db, destination.tenant_id, destination.id, to_change=True)
            await site.note(sitting, 60.0)
        assert len(await site.rows(destination)) == 1

    run(test, migrated_url, tmp_path)


def test_what_is_erased_while_a_slow_destination_is_served_does_not_leave(
    on_file: Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        destination, _ = await site.destination(receiver.url)
        sitting = site.sit("SESS-0")
        await site.note(sitting, *(60.0 * number for number in range(1, 7)))
        passed_s = 0.0
        monkeypatch.setattr(Parts, "clock", lambda _: passed_s)

        async def slowly(got: Got) -> bytes:
            nonlocal passed_s
            passed_s += 1.0
            if len(receiver.asked) == 1:
                await erase(site, sitting)
            return OK

        receiver.answer = slowly
        async with site.working():
            await until(lambda: site.nothing_waits(destination), "all is settled")
        assert len(receiver.taken) <= 2
        assert (await site.states(destination))[2:] == [(DeliveryState.DROPPED, "erased")] * 4

    on_file(test)
