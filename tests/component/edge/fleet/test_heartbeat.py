"""When a node beats: every five seconds, answered or not, and soon after a page came or went."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import nats
import pytest
from nats.aio.msg import Msg

from edge.fleet import heartbeat
from edge.fleet.heartbeat import Heart
from edge.node_identity import Identity
from edge.outbound.publisher import Publisher
from shared import subjects
from shared.card_delay import NEWS_EVERY_S
from shared.errors import Unavailable
from shared.hub_link import HubLink, settle
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S, Heartbeat
from tests.support.alerts import new_identity
from tests.support.eventually import cancelled, undisturbed, until
from tests.support.heartbeats import idle_heartbeat
from tests.support.nats import nats_server, node_hub

SLACK_S = 1.0


def written(identity: Identity) -> Heartbeat:
    return idle_heartbeat(identity.node_id, identity.sealing_public, boot_id=identity.node_id)


class Answered:
    """What the hub answered; stands where the publisher takes marks."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def after(self, at: float) -> bool:
        return bool(self.at) and self.at[-1] > at

    async def marks(self, _: bytes) -> None:
        self.at.append(time.monotonic())


def test_a_page_that_comes_or_goes_is_told_within_a_second_or_so_and_the_rest_every_five(
    tmp_path: Path,
) -> None:
    identity, phase, answered = new_identity(), ["waiting"], Answered()
    node_id = identity.node_id

    async def write() -> Heartbeat:
        return written(identity)

    async def news() -> frozenset[tuple[UUID, str]]:
        return frozenset({(node_id, phase[0])})

    async def test() -> None:
        phase[0], answered.at = "waiting", []
        with nats_server(tmp_path, [node_id]) as server:
            centre = await nats.connect(server.url, user=server.user, password=server.password)

            async def answer(message: Msg) -> None:
                await message.respond(b"marks")

            await centre.subscribe(subjects.heartbeat(node_id), cb=answer)
            await settle(centre)
            hub = node_hub(server.url, node_id)
            heart = Heart(hub, cast(Publisher, answered), identity, write, news)
            running = [asyncio.create_task(hub.run()), asyncio.create_task(heart.run())]
            try:
                await until(lambda: len(answered.at) >= 1, "the first")
                for each in ("watching", "silent"):
                    changed_at = time.monotonic()
                    phase[0] = each
                    await until(partial(answered.after, changed_at), "soon after a change")
                    assert answered.at[-1] - changed_at < NEWS_EVERY_S + SLACK_S
                await until(lambda: len(answered.at) >= 4, "without news")
                quiet_s = answered.at[3] - answered.at[2]
                assert HEARTBEAT_INTERVAL_S - 0.1 < quiet_s < HEARTBEAT_INTERVAL_S + SLACK_S
            finally:
                await cancelled(*running)
                await centre.close()

    undisturbed(lambda: asyncio.run(test()))


def test_a_node_that_gets_no_answers_beats_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the wait for an answer on top, one lost beat would make a node that lives count as missing."""
    monkeypatch.setattr(heartbeat, "HEARTBEAT_INTERVAL_S", 0.5)
    monkeypatch.setattr(heartbeat, "REPLY_TIMEOUT_S", 0.4)
    identity = new_identity()

    class Silent:
        def __init__(self) -> None:
            self.at: list[float] = []

        async def wait_connected(self) -> None:
            """It is connected."""

        async def request(self, subject: str, message: bytes, *, timeout_s: float) -> bytes:
            self.at.append(time.monotonic())
            await asyncio.sleep(timeout_s)
            raise Unavailable("no reply came")

    async def write() -> Heartbeat:
        return written(identity)

    async def news() -> frozenset[str]:
        return frozenset()

    async def test() -> None:
        hub = Silent()
        heart = Heart(cast(HubLink, hub), cast(Publisher, Answered()), identity, write, news)
        running = asyncio.create_task(heart.run())
        try:
            await until(lambda: len(hub.at) == 4, "four beats")
        finally:
            await cancelled(running)
        assert 3 * 0.5 - 0.1 < hub.at[3] - hub.at[0] < 3 * 0.5 + 0.6

    undisturbed(lambda: asyncio.run(test()))
