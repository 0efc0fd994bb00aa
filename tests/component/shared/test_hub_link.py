"""The link to a real nats-server: made, lost, made again; messages handled within limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.errors import ConfigError, Unavailable
from shared.hub_caller import Caller, HubAddress
from shared.hub_link import HubLink, settle, translated
from shared.hub_login import Password
from tests.support.eventually import PATIENCE_S, until
from tests.support.nats import RunningServer, nats_server

CALLER = Caller(
    name="a test",
    inbox_of="coordinator",
    handled_at_once=8,
    handled_of_one=8,
    pending_messages=4_096,
    pending_bytes=2**20,
)
ONE, OTHER = "node.one.command.start", "node.two.command.start"
ALL = "node.*.command.*"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with nats_server(tmp_path) as running:
        yield running


def link_to(server: RunningServer, caller: Caller = CALLER) -> HubLink:
    return HubLink(HubAddress(url=server.url, login=Password(server.user, server.password)), caller)


@asynccontextmanager
async def running(hub: HubLink) -> AsyncIterator[HubLink]:
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def connected(hub: HubLink) -> AsyncIterator[HubLink]:
    async with running(hub):
        async with asyncio.timeout(PATIENCE_S):
            await hub.wait_connected()
        yield hub


@asynccontextmanager
async def plain_client(server: RunningServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url, user=server.user, password=server.password)
    try:
        yield client
    finally:
        await client.close()


async def echo(subject: str, message: bytes) -> bytes:
    return subject.encode() + b" " + message


def test_a_heard_request_is_answered_and_one_that_fails_harms_nobody(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = link_to(server)

        async def answer(subject: str, message: bytes) -> bytes | None:
            if message == b"bad":
                raise OSError("of the handler's own")
            return await echo(subject, message)

        hub.listen(ALL, answer)
        async with connected(hub), plain_client(server) as client:
            with pytest.raises(nats.errors.TimeoutError):
                await client.request(ONE, b"bad", timeout=0.3)
            reply = await client.request(ONE, b"good", timeout=PATIENCE_S)
            assert reply.data == ONE.encode() + b" good"
            assert (hub.counts["handler-failed"], hub.counts["reply-lost"]) == (1, 0)

    asyncio.run(scenario())


def test_the_link_asks_and_is_answered_with_the_headers_it_gave(server: RunningServer) -> None:
    async def scenario() -> None:
        async with connected(link_to(server)) as hub, plain_client(server) as client:

            async def answer(message: Msg) -> None:
                await message.respond((message.headers or {}).get("Said", "nothing").encode())

            await client.subscribe(ONE, cb=answer)
            await settle(client)
            assert await hub.request(ONE, b"", timeout_s=PATIENCE_S) == b"nothing"
            assert await hub.request(ONE, b"", timeout_s=5, headers={"Said": "so"}) == b"so"

    asyncio.run(scenario())


@asynccontextmanager
async def recording_server(lines: list[str]) -> AsyncIterator[str]:
    """A server that only notes what it reads and answers pings; its address."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"headers":true}\r\n')
        while line := (await reader.readline()).decode().strip():
            lines.append(line.split(" ")[0])
            if line == "PING":
                writer.write(b"PONG\r\n")
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        yield f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def test_connected_means_that_the_server_has_read_every_subscription() -> None:
    async def scenario() -> None:
        lines: list[str] = []
        async with recording_server(lines) as url:
            hub = HubLink(HubAddress(url=url, login=Password("u", "p")), CALLER)
            hub.listen(ALL, echo)
            hub.listen("marks.*", echo)
            async with connected(hub):
                assert lines.count("SUB") == 2
                # The answer to a ping that came after them is what says that they were read.
                assert "PING" in lines[lines.index("SUB") + 2 :]

    asyncio.run(scenario())


def test_an_absent_server_is_waited_for(server: RunningServer) -> None:
    async def scenario() -> None:
        server.stop()
        async with running(link_to(server)) as hub:
            assert hub.trouble == "not connected yet"
            await until(lambda: hub.counts["unreachable"] >= 2, "two tries fail")
            assert hub.trouble.startswith("the hub does not answer: ")
            with pytest.raises(Unavailable):
                await hub.publish("anything", b"")
            server.start()
            await until(lambda: hub.connected, "the server is found")
            assert hub.trouble == ""

    asyncio.run(scenario())


def test_while_the_hub_is_away_sending_fails_at_once_and_comes_back_by_itself(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = link_to(server)
        hub.listen(ALL, echo)
        async with connected(hub):
            assert hub.away_s == float("inf")
            first = hub.connected_since
            server.kill()
            await until(lambda: not hub.connected, "the loss is noticed")
            before = asyncio.get_running_loop().time()
            with pytest.raises(Unavailable):
                await hub.request(ONE, b"", timeout_s=PATIENCE_S)
            assert asyncio.get_running_loop().time() - before < 0.5
            server.start()
            await until(lambda: hub.connected, "the hub is back")
            assert first is not None
            assert hub.connected_since is not None
            assert 0 < hub.away_s < hub.connected_since - first
            async with plain_client(server) as client:
                reply = await client.request(ONE, b"again", timeout=PATIENCE_S)
                assert reply.data == ONE.encode() + b" again"

    asyncio.run(scenario())


def test_each_connection_is_made_ready_before_it_is_used(server: RunningServer) -> None:
    async def scenario() -> None:
        made: list[Client] = []
        hub = link_to(server)

        async def ready(client: Client) -> None:
            assert not hub.connected
            made.append(client)

        hub.prepare(ready)
        async with connected(hub):
            assert len(made) == 1
            hub.renew()
            await until(lambda: hub.counts["connected"] == 2, "another connection")
            assert len(set(made)) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [Unavailable("no stream yet"), ConfigError("another stream")])
def test_a_connection_that_cannot_be_made_ready_is_none_and_says_why(
    server: RunningServer, error: Exception
) -> None:
    async def scenario() -> None:
        failing = True
        hub = link_to(server)

        async def ready(_: Client) -> None:
            if failing:
                raise error

        hub.prepare(ready)
        async with running(hub):
            await until(lambda: hub.counts["unreachable"] >= 2, "two tries fail")
            assert (hub.connected, hub.trouble) == (False, str(error))
            failing = False
            await until(lambda: hub.connected, "the third is good")

    asyncio.run(scenario())


def test_what_comes_while_all_hands_are_full_is_dropped_and_counted(server: RunningServer) -> None:
    async def scenario() -> None:
        release, begun, ended = asyncio.Event(), Counter[str](), Counter[str]()

        async def slow(subject: str, _: bytes) -> None:
            begun[subject] += 1
            await release.wait()
            ended[subject] += 1

        hub = link_to(server)
        hub.listen(ALL, slow)
        async with connected(hub), plain_client(server) as client:
            for _ in range(CALLER.handled_at_once + 5):
                await client.publish(ONE, b"")
            await until(lambda: hub.counts["dropped-busy"] == 5, "five dropped")
            assert begun.total() == CALLER.handled_at_once
            release.set()
            await until(lambda: ended.total() == CALLER.handled_at_once, "all others are done")
        assert begun.total() == CALLER.handled_at_once

    asyncio.run(scenario())


def test_an_asker_that_floods_is_held_to_its_share_and_another_is_answered(server: RunningServer) -> None:
    async def scenario() -> None:
        hub = link_to(server, replace(CALLER, handled_of_one=2))
        release = asyncio.Event()

        async def answer(subject: str, message: bytes) -> bytes | None:
            if subject == ONE:
                await release.wait()
            return b"heard"

        hub.listen(ALL, answer)
        async with connected(hub), plain_client(server) as client:
            for _ in range(500):
                await client.publish(ONE, b"beat")
            await until(lambda: hub.counts["dropped-asker-busy"] == 498, "all but two are dropped")
            reply = await client.request(OTHER, b"beat", timeout=PATIENCE_S)
            assert reply.data == b"heard"
            assert hub.counts["dropped-busy"] == 0
            release.set()

            async def heard() -> bool:
                try:
                    return (await client.request(ONE, b"beat", timeout=1)).data == b"heard"
                except nats.errors.TimeoutError:  # dropped once more
                    return False

            await until(heard, "its share is free again")

    asyncio.run(scenario())


def test_of_several_in_one_queue_one_hears_each_message(server: RunningServer) -> None:
    async def scenario() -> None:
        heard = Counter[bytes]()

        async def hear(_: str, message: bytes) -> None:
            heard[message] += 1

        caller = replace(CALLER, queue="tests")
        links = [link_to(server, caller), link_to(server, caller)]
        for link in links:
            link.listen(ALL, hear)
        async with connected(links[0]), connected(links[1]), plain_client(server) as client:
            for number in range(8):
                await client.publish(ONE, str(number).encode())
            await until(lambda: len(heard) == 8, "all are heard")
            await asyncio.sleep(0.2)  # and none of them twice
        assert set(heard.values()) == {1}

    asyncio.run(scenario())


def test_a_cancellation_that_the_client_turns_into_an_error_stays_one() -> None:
    async def scenario() -> None:
        async def ask() -> None:
            with translated("no reply came"):
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    raise nats.errors.ConnectionClosedError from None

        task = asyncio.create_task(ask())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


@pytest.mark.parametrize("error", [nats.errors.NoRespondersError(), OSError("reset"), TimeoutError()])
def test_the_clients_errors_become_ours(error: Exception) -> None:
    async def scenario() -> None:
        with pytest.raises(Unavailable, match=r"no reply came: .") as refused, translated("no reply came"):
            raise error
        assert refused.value.code == "hub-away"

    asyncio.run(scenario())
