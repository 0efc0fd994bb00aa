"""Deliveries to a Kafka cluster that works badly: everything arrives, in order per session, none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from coordinator.deliveries import service as deliveries, working
from coordinator.deliveries.service import LetterQuery
from coordinator.destinations.tables import DeliveryState
from shared.api.destinations import KafkaLogin
from shared.kafka_place import read_place
from tests.support.eventually import until
from tests.support.kafka_cluster import KafkaCluster, kafka_cluster
from tests.support.sink import sink
from tests.support.told import QUICK, Told, in_order, noted_by_turns, told

NOT_LEADER: Final = 6
TOO_FEW_REPLICAS: Final = 19
NOT_AUTHORIZED: Final = 29
INVALID_RECORD: Final = 87
PACE: Final = replace(QUICK, answer_within_s=1.0)

Test = Callable[[Told, KafkaCluster], Awaitable[None]]


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "POLL_S", 0.01)


@pytest.fixture
def on_file(sqlite_url: str, tmp_path: Path) -> Callable[[Test], None]:
    """Runs a test on SQLite."""

    async def whole(test: Test) -> None:
        async with (
            asyncio.timeout(200),
            told(sqlite_url, tmp_path) as site,
            kafka_cluster() as cluster,
        ):
            await test(site, cluster)

    return lambda test: asyncio.run(whole(test))


async def all_read(cluster: KafkaCluster, noted: dict[str, list[str]]) -> None:
    """Everything is there, each session in order and with its key; what came twice counts once."""
    wanted = {one for ids in noted.values() for one in ids}
    await until(lambda: {got.data["event_id"] for got in cluster.taken} == wanted, "all is read")
    for session, ids in noted.items():
        mine = [got for got in cluster.taken if got.key == session]
        assert len({got.partition for got in mine}) == 1
        assert list(dict.fromkeys(got.data["event_id"] for got in mine)) == ids


async def errors(cluster: KafkaCluster) -> None:
    cluster.refuses(*[TOO_FEW_REPLICAS, NOT_LEADER] * 3)


async def no_rights(cluster: KafkaCluster) -> None:
    cluster.refuses(*[NOT_AUTHORIZED] * 4)


async def late(cluster: KafkaCluster) -> None:
    cluster.answers_late(150)


async def too_late(cluster: KafkaCluster) -> None:
    cluster.answers_late(3_000)
    await asyncio.sleep(1.5)
    cluster.answers_late(0)


async def closing(cluster: KafkaCluster) -> None:
    for _ in range(5):
        cluster.down()
        await asyncio.sleep(0.05)
        cluster.up()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("badly", [errors, no_rights, late, too_late, closing])
def test_everything_arrives_in_order_however_a_cluster_works_at_first(
    badly: Callable[[KafkaCluster], Awaitable[None]], on_file: Callable[[Test], None]
) -> None:
    async def test(site: Told, cluster: KafkaCluster) -> None:
        destination = await site.topic(cluster.place)
        noted = await noted_by_turns(site)
        async with site.working(PACE):
            await badly(cluster)
            await until(lambda: site.nothing_waits(destination), "all is delivered")
        await all_read(cluster, noted)
        assert {state for state, _ in await site.states(destination)} == {DeliveryState.DELIVERED}

    on_file(test)


def test_a_cluster_that_is_down_for_a_while_slows_no_other_and_then_gets_all(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, cluster: KafkaCluster) -> None:
        cluster.down()
        async with sink() as receiver:
            destination, (other, _) = await site.topic(cluster.place), await site.destination(receiver.url)
            noted = await noted_by_turns(site)
            async with site.working(PACE) as workers:
                await until(lambda: site.nothing_waits(other), "the other one gets all")
                in_vain = ("failed:timed-out", "failed:unreachable")
                await until(
                    lambda: sum(workers.counts[one] for one in in_vain) >= PACE.failures_in_a_row,
                    "it is left alone",
                )
                assert {state for state, _ in await site.states(destination)} == {DeliveryState.WAITING}
                cluster.up()
                await until(lambda: site.nothing_waits(destination), "all is delivered")
            events = [got.data["event_id"] for got in receiver.taken]
            assert all(in_order(events, ids) for ids in noted.values())
        await all_read(cluster, noted)

    on_file(test)


def test_a_record_that_is_refused_for_itself_is_a_dead_letter_and_is_sent_again_on_demand(
    on_file: Callable[[Test], None],
) -> None:
    async def test(site: Told, cluster: KafkaCluster) -> None:
        destination = await site.topic(cluster.place)
        sitting = site.sit("SESS-0")
        ids = await site.note(sitting, 60.0)
        cluster.refuses(*[INVALID_RECORD] * PACE.refusals)
        async with site.working(PACE):
            await until(lambda: site.nothing_waits(destination), "it is given up")
            ids += await site.note(sitting, 120.0)
            await until(lambda: site.nothing_waits(destination), "the next one is delivered")
            query = LetterQuery(destination.id, None, 10)
            [letter], _ = await site.parts.reading(lambda db: deliveries.dead_letters(db, query))
            assert (letter.row.attempts, letter.row.reason) == (PACE.refusals, "kafka-invalid-record")
            await until(lambda: cluster.taken, "it is read")
            assert [got.data["event_id"] for got in cluster.taken] == ids[1:]
            now = datetime.now(UTC)
            await site.parts.writing(lambda db: deliveries.replay_dead(db, destination.id, None, now))
            await until(lambda: site.nothing_waits(destination), "it is delivered")
        await until(lambda: len(cluster.taken) == 2, "it is read")
        assert cluster.taken[1].data["event_id"] == ids[0]
        assert cluster.taken[1].parcel_id == str(letter.row.parcel_id)

    on_file(test)


def test_the_password_of_a_cluster_lies_nowhere_in_clear(on_file: Callable[[Test], None]) -> None:
    async def test(site: Told, cluster: KafkaCluster) -> None:
        login = KafkaLogin(username="proctor-user", password="a-word-of-nobody")
        place = read_place("kafka+tls://k1.example.org:9093/exams")
        await site.topic(place, login)
        file = site.parts.database.file
        assert file is not None
        found = b"".join(path.read_bytes() for path in file.parent.glob("coordinator.db*"))
        assert str(place).encode() in found, "it is the right file"
        assert not any(word in found for word in (b"proctor-user", b"a-word-of-nobody"))

    on_file(test)
