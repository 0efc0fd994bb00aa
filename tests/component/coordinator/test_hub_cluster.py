"""A hub of three real servers keeps the stream of alerts three times, and goes on without any one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import StreamInfo

from coordinator.nodes.alert_stream import CALLER, AlertStream
from coordinator.nodes.stream import StreamSettings
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import Lane
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import Password
from tests.component.coordinator.test_alert_stream import NODE
from tests.support.eventually import cancelled, until
from tests.support.nats import RunningServer, nats_cluster

SUBJECT = subjects.alert(NODE, Lane.CONDUCT)
SETTINGS = StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=5.0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    with nats_cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


def address_of(servers: list[RunningServer]) -> HubAddress:
    [first, *_] = servers
    return HubAddress(url=",".join(one.url for one in servers), login=Password(first.user, first.password))


@asynccontextmanager
async def linked(
    servers: list[RunningServer], settings: StreamSettings = SETTINGS
) -> AsyncIterator[tuple[HubLink, AlertStream]]:
    hub = HubLink(address_of(servers), CALLER)
    stream = AlertStream(hub, settings)
    task = asyncio.create_task(hub.run())
    try:
        yield hub, stream
    finally:
        await cancelled(task)


@asynccontextmanager
async def plain_client(servers: list[RunningServer]) -> AsyncIterator[Client]:
    """Any server's that runs."""
    client = await nats.connect(
        [one.url for one in servers],
        **address_of(servers).login.entry().options,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
    )
    try:
        yield client
    finally:
        await client.close()


async def described(client: Client) -> StreamInfo:
    return await client.jetstream().stream_info(subjects.ALERT_STREAM)


async def stored(client: Client, message: bytes) -> None:
    """Store a message once, however long the servers choose a leader."""

    async def done() -> bool:
        try:
            await client.jetstream().publish(SUBJECT, message, headers={"Nats-Msg-Id": message.hex()})
        except nats.errors.Error:
            return False
        return True

    await until(done, "a message is stored")


async def taken(stream: AlertStream) -> set[bytes]:
    """What the stream has for us now, acknowledged."""
    try:
        found = await stream.fetch(10, 1.0)
        for one in found:
            await one.ack()
    except Unavailable:
        return set()
    return {one.data for one in found}


def test_of_three_servers_any_one_may_die_and_nothing_stored_is_lost(cluster: list[RunningServer]) -> None:
    async def scenario() -> None:
        expected: set[bytes] = set()
        found: set[bytes] = set()
        async with linked(cluster) as (hub, stream), plain_client(cluster) as client:
            await until(lambda: hub.connected, "the cluster is ready")
            about = await described(client)
            assert about.config.num_replicas == 3
            for number, server in enumerate(cluster):
                before, after = f"{number} before".encode(), f"{number} after".encode()
                await stored(client, before)
                server.kill()
                await stored(client, after)
                expected |= {before, after}

                async def all_found() -> bool:
                    found.update(await taken(stream))
                    return found == expected  # noqa: B023

                await until(all_found, f"all is there without server {number}")
                server.start()
                await until(lambda: whole(client), "all three keep it again")

    asyncio.run(scenario())


async def whole(client: Client) -> bool:
    """Whether all three servers have all of the stream."""
    try:
        about = (await described(client)).cluster
    except nats.errors.Error:
        return False
    if about is None or about.leader is None or about.replicas is None:
        return False
    return len(about.replicas) == 2 and all(one.current and not one.offline for one in about.replicas)


def test_copies_are_kept_by_servers_with_the_tags_that_were_asked_for(cluster: list[RunningServer]) -> None:
    async def scenario() -> None:
        one = replace(SETTINGS, replicas=1, placement_tags=("site:eu", "rack:1"))
        nobody = replace(SETTINGS, replicas=1, placement_tags=("site:mars",))
        async with plain_client(cluster) as client:
            await until(lambda: gone(client), "there is no stream yet")
            async with linked(cluster, one) as (hub, _):
                await until(lambda: hub.connected, "the stream is made")
                assert (await placed(client)) == (1, ["site:eu", "rack:1"], "hub1")
            async with linked(cluster, nobody) as (hub, _):
                await until(lambda: "tags not matched" in hub.trouble, "it says why")
                assert hub.trouble.startswith("the hub refuses the stream of alerts: no suitable peers")
            assert (await placed(client)) == (1, ["site:eu", "rack:1"], "hub1")
            for settings in (replace(SETTINGS, replicas=1), SETTINGS):
                async with linked(cluster, settings) as (hub, _):
                    await until(lambda: hub.connected, "other settings")
            copies, tags, _ = await placed(client)
            assert (copies, tags) == (3, None)

    asyncio.run(scenario())


async def gone(client: Client) -> bool:
    """Delete the stream of another test, if there is one."""
    try:
        await client.jetstream().delete_stream(subjects.ALERT_STREAM)
    except nats.js.errors.NotFoundError:
        return True
    except nats.errors.Error:
        return False
    return True


async def placed(client: Client) -> tuple[int | None, list[str] | None, str | None]:
    """How many copies there are, with which tags, and who leads."""
    about = await described(client)
    placement, places = about.config.placement, about.cluster
    return (
        about.config.num_replicas,
        None if placement is None else placement.tags,
        None if places is None else places.leader,
    )
