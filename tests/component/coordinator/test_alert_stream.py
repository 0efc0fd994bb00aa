"""The stream of alerts at a real nats-server: made and read back, fetched, lost and found again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.api import RePublish, StreamConfig, SubjectTransform

from coordinator.nodes.alert_stream import CALLER, AlertStream
from coordinator.nodes.stream import StreamSettings
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import Lane
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import Password
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.nats import RunningServer, nats_server

NODE = UUID(int=1)
SUBJECT = subjects.alert(NODE, Lane.CONDUCT)
SETTINGS = StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=1.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with nats_server(tmp_path) as running:
        yield running


def hub_of(server: RunningServer) -> HubLink:
    return HubLink(HubAddress(url=server.url, login=Password(server.user, server.password)), CALLER)


@asynccontextmanager
async def running(hub: HubLink, settings: StreamSettings = SETTINGS) -> AsyncIterator[AlertStream]:
    stream = AlertStream(hub, settings)
    task = asyncio.create_task(hub.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await hub.wait_connected()
        yield stream
    finally:
        await cancelled(task)


@asynccontextmanager
async def plain_client(server: RunningServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url, user=server.user, password=server.password)
    try:
        yield client
    finally:
        await client.close()


async def fetched(stream: AlertStream, count: int) -> list[bytes]:
    """So many messages, acknowledged."""
    found: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            for delivery in await stream.fetch(10, 1.0):
                found.append(delivery.data)
                await delivery.ack()
    return found


def test_a_stored_message_is_fetched_until_it_is_acknowledged(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as stream, plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"one")
            [first] = await stream.fetch(10, 2.0)
            assert (first.subject, first.data, first.delivered) == (SUBJECT, b"one", 1)
            await first.put_off(0.1)
            [second] = await stream.fetch(10, 2.0)
            assert second.delivered == 2
            [third] = await stream.fetch(10, 3.0)  # nobody answered for ack_wait_s
            assert third.delivered == 3
            await third.ack()
            assert await stream.fetch(10, 1.5) == []

    asyncio.run(scenario())


def test_a_dropped_message_never_comes_again(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as stream, plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"one")
            [delivery] = await stream.fetch(10, 2.0)
            await delivery.drop()
            assert await stream.fetch(10, 1.5) == []

    asyncio.run(scenario())


def test_a_repeated_message_id_is_kept_once(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as stream, plain_client(server) as client:
            for _ in range(2):
                await client.jetstream().publish(SUBJECT, b"one", headers={"Nats-Msg-Id": "a:1"})
            assert await fetched(stream, 1) == [b"one"]
            assert await stream.fetch(10, 0.3) == []

    asyncio.run(scenario())


def test_new_settings_change_the_stream_that_is_there(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)), plain_client(server) as client:
            await client.jetstream().publish(SUBJECT, b"kept")
        async with running(hub_of(server), replace(SETTINGS, max_bytes=32 * 2**20)) as stream:
            assert await fetched(stream, 1) == [b"kept"]

    asyncio.run(scenario())


async def kept(client: Client) -> StreamConfig:
    return (await client.jetstream().stream_info(subjects.ALERT_STREAM)).config


CHANGES: list[dict[str, Any]] = [
    {"duplicate_window": 60.0},
    {"max_age": 600.0, "duplicate_window": 60.0},
    {"max_msgs": 10, "discard": "new"},
    {"max_msgs_per_subject": 1, "discard": "new", "discard_new_per_subject": True},
    {"max_bytes": 2**20},
    {"max_msg_size": 1_000},
    {"no_ack": True},
    {"subjects": ["edge.*.alert.conduct"]},
    {"subject_transform": SubjectTransform(src="edge.>", dest="elsewhere.>")},
    {"republish": RePublish(src="edge.>", dest="copied.>")},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(change))
def test_what_somebody_changed_at_the_stream_is_corrected_and_nothing_in_it_is_lost(
    server: RunningServer, change: dict[str, Any]
) -> None:
    async def scenario() -> None:
        async with plain_client(server) as client:
            async with running(hub_of(server)):
                wanted = await kept(client)
                await client.jetstream().publish(SUBJECT, b"one")
            await client.jetstream().update_stream(replace(wanted, **change))
            assert await kept(client) != wanted
            async with running(hub_of(server)) as stream:
                assert await kept(client) == wanted
                assert await fetched(stream, 1) == [b"one"]

    asyncio.run(scenario())


def test_a_single_server_keeps_one_copy_and_refuses_three_in_words(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)), plain_client(server) as client:
            assert (await kept(client)).num_replicas == 1
        hub = hub_of(server)
        AlertStream(hub, replace(SETTINGS, replicas=3))
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] > 0, "the hub is refused")
        await cancelled(task)
        assert hub.trouble.startswith("the hub refuses the stream of alerts: replicas > 1 not supported")

    asyncio.run(scenario())


def test_more_than_the_hub_has_room_for_is_refused_in_words(tmp_path: Path) -> None:
    async def scenario(server: RunningServer) -> None:
        hub = hub_of(server)
        AlertStream(hub, SETTINGS)
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] > 0, "the hub is refused")
        await cancelled(task)
        assert hub.trouble.startswith("the hub refuses the stream of alerts: insufficient storage")

    (own := tmp_path / "small").mkdir()
    small = f'jetstream: {{store_dir: "{own / "store"}", max_file_store: 1048576}}\n'
    with nats_server(own, more=small) as server:
        asyncio.run(scenario(server))


def test_a_stream_that_is_something_else_is_named_as_the_trouble(server: RunningServer) -> None:
    async def scenario() -> None:
        async with plain_client(server) as client:
            await client.jetstream().add_stream(
                name=subjects.ALERT_STREAM, subjects=[subjects.ALERT_SUBJECTS], retention="workqueue"
            )
        hub = hub_of(server)
        stream = AlertStream(hub, SETTINGS)
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] > 0, "the hub is refused")
        task.cancel()
        assert "refuses the stream of alerts" in hub.trouble
        with pytest.raises(Unavailable):
            await stream.fetch(1, 0.1)

    asyncio.run(scenario())


def test_after_a_restart_of_the_server_everything_goes_on(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = hub_of(server)
        async with running(hub) as stream:
            heard: list[bytes] = []
            async with plain_client(server) as client:
                await client.jetstream().publish(SUBJECT, b"before")
            server.kill()
            await until(lambda: not hub.connected, "the absence is noticed")
            with pytest.raises(Unavailable):
                await hub.request("anything", b"", timeout_s=1)
            server.start()
            async with asyncio.timeout(PATIENCE_S):
                await hub.wait_connected()
            heard += await fetched(stream, 1)
            assert heard == [b"before"]

    asyncio.run(scenario())


def test_a_lost_stream_is_made_anew(server: RunningServer) -> None:
    async def scenario() -> None:
        async with running(hub_of(server)) as stream, plain_client(server) as client:
            await client.jetstream().delete_stream(subjects.ALERT_STREAM)

            async def there_again() -> bool:
                try:
                    await stream.fetch(1, 0.3)
                    await client.jetstream().publish(SUBJECT, b"new")
                except (Unavailable, nats.errors.Error):
                    return False
                return True

            await until(there_again, "the stream is there again")
            assert await fetched(stream, 1) == [b"new"]

    asyncio.run(scenario())


def test_an_idle_stream_is_no_lost_one(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = hub_of(server)
        async with running(hub) as stream:
            for _ in range(300):  # server and client give up at the same instant, either first
                assert await stream.fetch(10, 0.03) == []
            assert hub.counts["lost"] == 0

    asyncio.run(scenario())
