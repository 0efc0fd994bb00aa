"""What a node and the coordinator say to one another beside alerts: heartbeats, marks, commands."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.msg import Msg

from coordinator.ground.own_keys import OwnKeys
from coordinator.nodes.commands import Command, Commander
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.heartbeats import RATE
from shared import subjects
from shared.errors import Corrupt, Rejected, Unavailable
from shared.hub_link import settle
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.messages.heartbeats import Heartbeat, Marks
from shared.messages.message import parse
from shared.sealing import open_body, pack, unpack, verify
from tests.support.centre import Centre, edge, heartbeat, lane_state
from tests.support.eventually import PATIENCE_S, until
from tests.support.sittings import EdgeNode, Sitting


def test_a_heartbeat_is_answered_with_marks_and_steps_over_what_was_given_up(
    centre: Centre,
    sitting: Sitting,
) -> None:
    async def scenario() -> None:
        node = sitting.node
        async with centre.linked() as link, edge(centre.server, node) as client:
            subject = subjects.heartbeat(node.node_id)
            for first_waiting, expected in ((1, 0), (7, 6)):
                beat = heartbeat(node, lane_state(node, 9, first_waiting))
                reply = await client.request(subject, beat, timeout=PATIENCE_S)
                parcel = unpack(reply.data)
                verify(parcel, centre.keys.signing.public_key())
                marks = parse(Marks, parcel.header)
                assert [(m.outbox_id, m.sequence) for m in marks.marks] == [(node.outbox_id, expected)]
            assert link.heartbeats.counts["alerts-lost"] == 6
            with pytest.raises(nats.errors.TimeoutError):  # played again
                await client.request(subject, beat, timeout=0.3)
            stranger = heartbeat(EdgeNode(node_id=node.node_id))
            with pytest.raises(nats.errors.TimeoutError):  # signed by somebody else
                await client.request(subject, stranger, timeout=0.3)
            assert link.heartbeats.counts["refused"] == 2

    asyncio.run(scenario())


def test_a_command_reaches_its_node_sealed_and_its_reply_comes_back(
    centre: Centre,
    sitting: Sitting,
) -> None:
    node = sitting.node
    replies: Iterator[dict[str, Any]] = iter(
        [{"status": "ok"}, {"status": "rejected", "code": "full", "http_status": 503}]
    )

    async def obey(message: Msg) -> None:
        parcel = unpack(message.data)
        verify(parcel, centre.keys.signing.public_key())
        command = parse(CommandHeader, parcel.header)
        assert open_body(parcel, node.sealing) == b"do it"
        answer = ReplyHeader(command_id=command.command_id, node_id=node.node_id, **next(replies))
        about = answer.model_dump(mode="json")
        await message.respond(pack(about, b"done", node.signing))

    async def scenario() -> None:
        command = Command(kind="end", body=b"do it")
        async with centre.linked() as link, edge(centre.server, node) as client:
            with pytest.raises(Unavailable):  # never heard of
                await link.commander.send(node.node_id, command)
            await client.request(subjects.heartbeat(node.node_id), heartbeat(node), timeout=PATIENCE_S)
            with pytest.raises(Unavailable):  # heard of, and not listening
                await link.commander.send(node.node_id, command)
            await client.subscribe(subjects.commands(node.node_id), cb=obey)
            await settle(client)
            assert await link.commander.send(node.node_id, command) == b"done"
            with pytest.raises(Rejected) as refused:
                await link.commander.send(node.node_id, command)
            assert (refused.value.code, refused.value.status) == ("full", 503)

    asyncio.run(scenario())


def test_a_mark_signed_by_somebody_else_does_not_verify(keys: OwnKeys) -> None:
    stranger = EdgeNode()
    forged = pack({"kind": "marks"}, b"", stranger.signing)
    with pytest.raises(Corrupt):
        verify(unpack(forged), keys.signing.public_key())


def test_heartbeats_that_come_too_often_are_refused_and_the_next_ones_heard(
    centre: Centre, sitting: Sitting
) -> None:
    async def scenario() -> None:
        node = sitting.node
        async with centre.linked() as link, edge(centre.server, node) as client:
            subject = subjects.heartbeat(node.node_id)
            async with asyncio.timeout(PATIENCE_S):
                while not link.heartbeats.counts["too-often"]:
                    await client.publish(subject, heartbeat(node))
                    await asyncio.sleep(0.002)  # two of one millisecond are one that is played again
            heard = link.heartbeats.counts["heard"]

            async def heard_again() -> bool:
                with suppress(nats.errors.TimeoutError):
                    await client.request(subject, heartbeat(node), timeout=1 / RATE.per_s)
                return link.heartbeats.counts["heard"] == heard + 1

            await until(heard_again, "a heartbeat is heard again")

    asyncio.run(scenario())


def test_a_reply_of_a_node_that_was_revoked_meanwhile_does_not_count(
    centre: Centre, sitting: Sitting
) -> None:
    node, signers = sitting.node, {sitting.node.node_id: sitting.node.signing.public_key()}

    async def obey(message: Msg) -> None:
        command = parse(CommandHeader, unpack(message.data).header)
        answer = ReplyHeader(command_id=command.command_id, node_id=node.node_id, status="ok")
        signers.clear()
        await message.respond(pack(answer.model_dump(mode="json"), b"done", node.signing))

    async def scenario() -> None:
        async with centre.linked() as link, edge(centre.server, node) as client:
            fleet = Fleet()
            fleet.hear(parse(Heartbeat, unpack(heartbeat(node)).header), time.monotonic(), datetime.now(UTC))
            commander = Commander(link.hub, fleet, signers, centre.keys.signing)
            await client.subscribe(subjects.commands(node.node_id), cb=obey)
            await settle(client)
            with pytest.raises(Unavailable, match="revoked"):
                await commander.send(node.node_id, Command(kind="end", body=b"do it"))

    asyncio.run(scenario())
