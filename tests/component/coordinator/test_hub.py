"""The hub against a real nats-server: stream made and read back, fetched, lost and found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import nats
import nats.errors
import pytest
from nats.aio.client import Client

from coordinator.nodes.handling import MAX_OF_ONE
from coordinator.nodes.hub import Hub
from coordinator.nodes.stream import HubAddress, StreamSettings
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import Lane
from tests.support.eventually import until
from tests.support.nats import RunningServer, nats_server

NODE = UUID(int=1)
SUBJECT = subjects.alert(NODE, Lane.CONDUCT)
SETTINGS = StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=1.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with nats_server(tmp_path) as running:
        yield running


def hub_of(server: RunningServer, settings: StreamSettings = SETTINGS) -> Hub:
    return Hub(HubAddress(url=server.url, user=server.user, password=server.password), settings)


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Hub]:
    task = asyncio.create_task(hub.run())
    try:
        async with asyncio.timeout(20):
            await hub.wait_connected()
        yield hub
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def plain_client(server: RunningServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url, user=server.user, password=server.password)
    try:
        yield client
    finally:
        await client.close()


async def fetched(hub: Hub, count: int) -> list[bytes]:
    """So many messages, acknowledged."""
    found: list[bytes] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            for delivery in await hub.fetch(10, 1.0):
                found.append(delivery.data)
                await delivery.ack()
    return found


def test_a_stored_message_is_fetched_until_it_is_acknowledged(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub, plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"one")
            [first] = await hub.fetch(10, 2.0)
            assert (first.subject, first.data, first.delivered) == (SUBJECT, b"one", 1)
            await first.put_off(0.1)
            [second] = await hub.fetch(10, 2.0)
            assert second.delivered == 2
            [third] = await hub.fetch(10, 3.0)  # nobody answered for ack_wait_s
            assert third.delivered == 3
            await third.ack()
            assert await hub.fetch(10, 1.5) == []

    asyncio.run(scenario())


def test_a_dropped_message_never_comes_again(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub, plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"one")
            [delivery] = await hub.fetch(10, 2.0)
            await delivery.drop()
            assert await hub.fetch(10, 1.5) == []

    asyncio.run(scenario())


def test_a_repeated_message_id_is_kept_once(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub, plain_client(server) as client:
            for _ in range(2):
                await client.jetstream().publish(SUBJECT, b"one", headers={"Nats-Msg-Id": "a:1"})
            assert await fetched(hub, 1) == [b"one"]
            assert await hub.fetch(10, 0.3) == []

    asyncio.run(scenario())


def test_new_settings_change_the_stream_that_is_there(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)), plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"kept")
        async with running(hub_of(server, replace(SETTINGS, max_bytes=32 * 2**20))) as hub:
            assert await fetched(hub, 1) == [b"kept"]

    asyncio.run(scenario())


def test_a_stream_that_is_something_else_is_named_as_the_trouble(server: RunningServer) -> None:
    async def scenario() -> None:
        async with plain_client(server) as client:
            await client.jetstream().add_stream(
                name=subjects.ALERT_STREAM, subjects=[subjects.ALERT_SUBJECTS], retention="workqueue"
            )
        hub = hub_of(server)
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] > 0, "the hub is refused")
        task.cancel()
        assert "refuses the stream of alerts" in hub.trouble
        with pytest.raises(Unavailable):
            await hub.fetch(1, 0.1)

    asyncio.run(scenario())


def test_after_a_restart_of_the_server_everything_goes_on(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub:
            heard: list[bytes] = []
            async with plain_client(server) as client:
                await client.jetstream().publish(SUBJECT, b"before")
            server.kill()
            await until(lambda: not hub.connected, "the absence is noticed")
            with pytest.raises(Unavailable):
                await hub.request("anything", b"", timeout_s=1)
            server.start()
            async with asyncio.timeout(20):
                await hub.wait_connected()
            heard += await fetched(hub, 1)
            assert heard == [b"before"]

    asyncio.run(scenario())


def test_a_lost_stream_is_made_anew(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub, plain_client(server) as client:
            await client.jetstream().delete_stream(subjects.ALERT_STREAM)
            async with asyncio.timeout(20):
                while True:
                    try:
                        await hub.fetch(1, 0.3)
                        await client.jetstream().publish(SUBJECT, b"new")
                        break
                    except (Unavailable, nats.errors.Error):
                        await asyncio.sleep(0.1)
            assert await fetched(hub, 1) == [b"new"]

    asyncio.run(scenario())


def test_a_heard_request_is_answered_and_one_that_fails_harms_nobody(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = hub_of(server)

        async def answer(subject: str, message: bytes) -> bytes | None:
            if message == b"bad":
                raise RuntimeError
            return subject.encode() + b" " + message

        hub.listen(subjects.ALL_HEARTBEATS, answer)
        async with running(hub), plain_client(server) as client:
            subject = subjects.heartbeat(NODE)
            with pytest.raises(nats.errors.TimeoutError):
                await client.request(subject, b"bad", timeout=0.3)
            reply = await client.request(subject, b"good", timeout=5)
            assert reply.data == subject.encode() + b" good"
            assert hub.counts["handler-failed"] == 1

    asyncio.run(scenario())


def test_an_absent_server_is_waited_for(server: RunningServer) -> None:
    async def scenario() -> None:
        server.stop()
        hub = hub_of(server)
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] > 0, "the first try fails")
        with pytest.raises(Unavailable):
            await hub.publish("anything", b"")
        server.start()
        await until(lambda: hub.connected, "the server is found")
        task.cancel()
        assert hub.trouble == ""

    asyncio.run(scenario())


def test_an_idle_stream_is_no_lost_one(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as hub:
            for _ in range(300):  # server and client give up at the same instant, either first
                assert await hub.fetch(10, 0.03) == []
            assert hub.counts["lost"] == 0

    asyncio.run(scenario())


def test_a_node_that_floods_is_held_to_its_share_and_another_is_answered(server: RunningServer) -> None:
    async def scenario() -> None:
        hub, flooding = hub_of(server), subjects.heartbeat(NODE)
        release = asyncio.Event()

        async def answer(subject: str, message: bytes) -> bytes | None:
            if subject == flooding:
                await release.wait()
            return b"heard"

        hub.listen(subjects.ALL_HEARTBEATS, answer)
        async with running(hub), plain_client(server) as client:
            for _ in range(500):
                await client.publish(flooding, b"beat")
            await until(
                lambda: hub.counts["dropped-asker-busy"] == 500 - MAX_OF_ONE, "all but two are dropped"
            )
            reply = await client.request(subjects.heartbeat(UUID(int=2)), b"beat", timeout=5)
            assert reply.data == b"heard"
            assert hub.counts["dropped-busy"] == 0
            release.set()
            async with asyncio.timeout(10):
                while (await client.request(flooding, b"beat", timeout=5)).data != b"heard":
                    pass  # its share is free again

    asyncio.run(scenario())
