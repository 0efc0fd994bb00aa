"""The connection to a real hub, under the permissions the product gives a node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client

from edge.hub import node_link
from shared import subjects
from shared.errors import Unavailable
from shared.events.types import Lane
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink, settle
from shared.hub_login import Password
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.nats import RunningServer, nats_server, node_hub

NODE, OTHER = uuid4(), uuid4()


def hub_of(server: RunningServer, node: UUID) -> HubLink:
    return node_hub(server.url, node)


@asynccontextmanager
async def connected(hub: HubLink) -> AsyncIterator[HubLink]:
    task = asyncio.create_task(hub.run())
    try:
        await asyncio.wait_for(hub.wait_connected(), PATIENCE_S)
        yield hub
    finally:
        await cancelled(task)


@asynccontextmanager
async def coordinator(server: RunningServer) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(server.url, user=server.user, password=server.password)
    try:
        yield client
    finally:
        await client.close()


def with_server(folder: Path, story: Callable[[RunningServer], Awaitable[None]]) -> None:
    async def run(server: RunningServer) -> None:
        await story(server)

    with nats_server(folder, [NODE, OTHER]) as server:
        asyncio.run(run(server))


async def echo(_: str, message: bytes) -> bytes:
    return b"echo " + message


def test_a_command_reaches_its_node_and_the_reply_comes_back(tmp_path: Path) -> None:
    async def story(server: RunningServer) -> None:
        hub = hub_of(server, NODE)
        hub.listen(subjects.commands(NODE), echo)
        async with connected(hub), coordinator(server) as sender:
            reply = await sender.request(subjects.command(NODE, "start"), b"hello", timeout=PATIENCE_S)
            assert reply.data == b"echo hello"

    with_server(tmp_path, story)


def test_a_node_cannot_publish_under_anothers_subject(tmp_path: Path) -> None:
    async def story(server: RunningServer) -> None:
        heard: list[str] = []

        async def hear(message: object) -> None:
            heard.append(message.subject)  # type: ignore[attr-defined]

        async with connected(hub_of(server, NODE)) as hub, coordinator(server) as listener:
            await listener.subscribe("edge.>", cb=hear)
            await settle(listener)
            for subject in (
                subjects.alert(OTHER, Lane.CONDUCT),
                subjects.heartbeat(OTHER),
                subjects.mark(NODE),
                subjects.command(OTHER, "end"),
                subjects.command(NODE, "end"),
                "$JS.API.STREAM.PURGE.ALERTS",
            ):
                with pytest.raises(Unavailable):
                    await hub.request(subject, b"forged", timeout_s=0.3)
            with suppress(Unavailable):
                await hub.request(subjects.heartbeat(NODE), b"own", timeout_s=0.3)
            await until(lambda: subjects.heartbeat(NODE) in heard, "the node's own heartbeat")
            assert heard == [subjects.heartbeat(NODE)]
            await until(lambda: hub.counts["complaint"] == 6, "six refusals")

    with_server(tmp_path, story)


def test_a_node_hears_neither_anothers_commands_nor_anothers_replies(tmp_path: Path) -> None:
    async def story(server: RunningServer) -> None:
        overheard: list[bytes] = []

        async def spy(_: str, message: bytes) -> None:
            overheard.append(message)

        hub = hub_of(server, OTHER)
        for subject in (
            subjects.commands(NODE),
            subjects.mark(NODE),
            "edge.>",
            f"_INBOX_{NODE}.>",
            "_INBOX.>",
        ):
            hub.listen(subject, spy)
        hub.listen(subjects.commands(OTHER), echo)
        own = hub_of(server, NODE)
        own.listen(subjects.commands(NODE), echo)
        async with connected(hub), connected(own), coordinator(server) as sender:
            await until(lambda: hub.counts["complaint"] >= 5, "five refusals")
            await sender.request(subjects.command(NODE, "start"), b"secret", timeout=PATIENCE_S)
            await sender.publish(subjects.mark(NODE), b"mark")
            await sender.publish(f"_INBOX_{NODE}.x", b"reply")
            # What is meant for this node comes last: the others would have come before it.
            await sender.request(subjects.command(OTHER, "start"), b"open", timeout=PATIENCE_S)
            assert overheard == []

    with_server(tmp_path, story)


def test_a_node_without_its_password_is_not_let_in(tmp_path: Path) -> None:
    async def story(server: RunningServer) -> None:
        hub = node_link(HubAddress(url=server.url, login=Password(str(NODE), "wrong-wrong-wrong")), NODE)
        task = asyncio.create_task(hub.run())
        await until(lambda: hub.counts["unreachable"] >= 2, "two refusals")
        assert not hub.connected
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    with_server(tmp_path, story)
