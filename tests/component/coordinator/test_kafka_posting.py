"""Records at a real cluster and at what is none: where they may go, and what an error means."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from coordinator.config import DeliveriesSection
from coordinator.deliveries import kafka_posting
from coordinator.deliveries.kafka_posting import KafkaPoster
from coordinator.deliveries.kafka_settings import access_text
from coordinator.deliveries.sending import Sent
from shared.api.destinations import KafkaRequest
from shared.destination_url import Address
from tests.support.eventually import until
from tests.support.kafka_cluster import KafkaCluster, kafka_cluster
from tests.support.own_certificates import own_certificate

ACCESS = access_text(KafkaRequest(servers=("k:9092",), topic="t"))
SESSION = UUID(int=7)
Post = Callable[..., Awaitable[str | None]]
"""Posts to a place; says why it failed."""
Test = Callable[[KafkaCluster, Post], Awaitable[None]]
OPEN = DeliveriesSection(loopback=True, kafka=True)


def run(test: Test, section: DeliveriesSection = OPEN, timeout_s: float = 60.0) -> None:
    async def whole() -> None:
        poster = KafkaPoster(section, timeout_s)

        async def post(place: object, body: str = '{"data":{}}') -> str | None:
            return (await poster.post(Sent(str(place), uuid4(), SESSION, body, (ACCESS,)))).reason

        try:
            async with asyncio.timeout(120), kafka_cluster() as cluster:
                await test(cluster, post)
        finally:
            poster.close()

    asyncio.run(whole())


def leads_to(monkeypatch: pytest.MonkeyPatch, **addresses: str) -> list[str]:
    """Names have these addresses from now on; returns those that are asked for."""
    asked: list[str] = []

    async def resolved(host: str, port: int) -> list[Address]:
        asked.append(host)
        return [ip_address(addresses.get(host, host))]

    monkeypatch.setattr(kafka_posting, "resolved", resolved)
    return asked


def test_a_record_has_its_session_as_key_and_its_id_in_a_header() -> None:
    async def test(cluster: KafkaCluster, post: Post) -> None:
        assert await post(cluster.place, '{"data":{"a":1}}') is None
        await until(lambda: cluster.taken, "it is read")
        [got] = cluster.taken
        assert (got.key, got.text, UUID(got.parcel_id).version) == (str(SESSION), '{"data":{"a":1}}', 4)

    run(test)


def test_errors_of_brokers_are_told_from_those_of_one_record() -> None:
    async def test(cluster: KafkaCluster, post: Post) -> None:
        cluster.refuses(87)
        assert await post(cluster.place) == "kafka-invalid-record"
        assert await post(cluster.place, "x" * 2_000_000) == "kafka-msg-size-too-large"
        cluster.refuses(6, 7)  # not the leader, timed out: the library tries again by itself
        assert await post(cluster.place) is None
        cluster.refuses(29)
        assert await post(cluster.place) == "kafka-topic-authorization-failed"
        await until(lambda: len(cluster.taken) == 1, "one alone is written")

    run(test)


@pytest.mark.parametrize(
    ("section", "place", "reason"),
    [
        (DeliveriesSection(loopback=True), "kafka://127.0.0.1:9/x", "kafka-off"),
        (DeliveriesSection(kafka=True), "kafka://127.0.0.1:9/x", "address-refused"),
        (DeliveriesSection(kafka=True), "kafka+tls://localhost:9/x", "address-refused"),
        (OPEN, "kafka://k1.example.org:9/x", "address-refused"),
    ],
)
def test_no_place_is_reached_that_the_settings_do_not_allow(
    section: DeliveriesSection, place: str, reason: str
) -> None:
    async def test(cluster: KafkaCluster, post: Post) -> None:
        assert await post(place) == reason

    run(test, section)


def test_a_name_that_leads_inside_is_refused_before_anything_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []
    monkeypatch.setattr(kafka_posting, "KafkaClient", lambda *arguments: made.append(arguments))

    async def test(cluster: KafkaCluster, post: Post) -> None:
        asked = leads_to(monkeypatch, one="8.8.8.8", two="10.0.0.7")
        assert await post("kafka+tls://one:9093,two:9093/x") == "address-refused"
        assert (asked, made) == (["one", "two"], [])

    run(test)


def test_a_broker_inside_that_the_cluster_names_gets_nothing() -> None:
    async def test(cluster: KafkaCluster, post: Post) -> None:
        cluster.names("10.0.0.7", 9_092)
        assert await post(cluster.place) == "address-refused"
        assert cluster.taken == []

    run(test)


def test_a_broker_without_the_right_certificate_gets_no_byte_of_a_record(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def test(cluster: KafkaCluster, post: Post) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*own_certificate().in_files(tmp_path))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        assert await post(f"kafka+tls://localhost:{port}/x", "secret") in ("timed-out", "unreachable")
        server.close()
        assert set(heard) <= {b""}

    run(test, timeout_s=2.0)
