"""Commands over a real hub, under the node's own narrow permissions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nats.errors
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from edge.coordinator_keys import CoordinatorKeys
from edge.fleet.commands import Commands
from shared import subjects
from shared.hub_link import HubLink
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import Gate
from shared.sealing import new_sealing_key, signing_public_text
from tests.support.alerts import new_identity
from tests.support.coordinator import FakeCoordinator, fake_coordinator
from tests.support.eventually import PATIENCE_S, cancelled
from tests.support.nats import nats_server, node_hub

NODE = new_identity()
ENDING = EndSession(session_id=uuid4(), submitted=True)


class Obeying:
    """A node that does what it is told and notes it."""

    def __init__(self) -> None:
        self.ended: list[EndSession] = []
        self.pictures: list[bytes] = []

    async def start(self, order: StartSession) -> SessionAccepted:
        return SessionAccepted(session_id=order.session_id, signaling_url="ws://x", whip_url="http://x")

    async def change(self, order: StartSession) -> SessionChanged:
        raise AssertionError("not asked for here")

    async def end(self, order: EndSession) -> SessionEnded:
        self.ended.append(order)
        return SessionEnded(session_id=order.session_id, was_running=True)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        self.pictures.append(jpeg)
        return EnrolledPicture(faces=1, face=None, failed=(), templates=())

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        raise AssertionError("not asked for here")

    async def verify(self, order: VerifyFrame) -> VerifiedFrame:
        raise AssertionError("not asked for here")

    async def configure(self, order: Desired) -> Configured:
        raise AssertionError("not asked for here")


@asynccontextmanager
async def listening(url: str, commands: Commands) -> AsyncIterator[HubLink]:
    node = NODE.node_id
    hub = node_hub(url, node)
    hub.listen(subjects.commands(node), commands.handle)
    running = asyncio.create_task(hub.run())
    try:
        await asyncio.wait_for(hub.wait_connected(), PATIENCE_S)
        yield hub
    finally:
        await cancelled(running)


Story = Callable[[FakeCoordinator, Client, Commands, Obeying], Awaitable[None]]


def play(folder: Path, story: Story) -> None:
    async def run() -> None:
        with nats_server(folder, [NODE.node_id]) as server:
            async with fake_coordinator(server, NODE, new_sealing_key()) as coordinator:
                node = Obeying()
                commands = Commands(NODE, CoordinatorKeys(signing_public_text(coordinator.public_key)), node)
                async with listening(server.url, commands):
                    await story(coordinator, coordinator._client, commands, node)

    asyncio.run(run())


SUBJECT = subjects.command(NODE.node_id, "end")


def test_a_command_is_obeyed_and_its_sealed_answer_opened(tmp_path: Path) -> None:
    async def story(coordinator: FakeCoordinator, _: Client, __: Commands, node: Obeying) -> None:
        answer, body = await coordinator.command("end", ENDING)
        assert answer.status == "ok"
        assert parse(SessionEnded, body).session_id == ENDING.session_id
        assert node.ended == [ENDING]

    play(tmp_path, story)


def test_the_largest_picture_passes_the_hub(tmp_path: Path) -> None:
    async def story(coordinator: FakeCoordinator, _: Client, __: Commands, node: Obeying) -> None:
        picture = bytes(range(256)) * (900_000 // 256)
        await coordinator.command("enroll", picture)
        assert node.pictures == [picture]

    play(tmp_path, story)


def test_a_replayed_command_is_neither_obeyed_nor_answered(tmp_path: Path) -> None:
    async def story(coordinator: FakeCoordinator, hub: Client, commands: Commands, node: Obeying) -> None:
        message, _ = coordinator.packed_command("end", ENDING)
        await hub.request(SUBJECT, message, timeout=PATIENCE_S)
        with pytest.raises(nats.errors.TimeoutError):
            await hub.request(SUBJECT, message, timeout=0.5)
        assert node.ended == [ENDING]
        assert commands.counts["refused-replayed"] == 1

    play(tmp_path, story)


def test_forged_stale_and_misdirected_commands_are_counted_and_change_nothing(tmp_path: Path) -> None:
    async def story(coordinator: FakeCoordinator, hub: Client, commands: Commands, node: Obeying) -> None:
        good, _ = coordinator.packed_command("end", ENDING)
        old = datetime.now(UTC) - timedelta(seconds=31)
        stale, _ = coordinator.packed_command("end", ENDING, issued_utc=old)
        other, _ = coordinator.packed_command("end", ENDING, node_id=uuid4())
        true_key, coordinator.signing = coordinator.signing, Ed25519PrivateKey.generate()
        forged, _ = coordinator.packed_command("end", ENDING)
        coordinator.signing = true_key
        altered = good[:-1] + bytes([good[-1] ^ 1])
        for message in (b"noise", good[:-3], altered, stale, other, forged):
            await hub.publish(SUBJECT, message)
        await hub.publish(subjects.command(NODE.node_id, "start"), good)
        await coordinator.command("end", ENDING)
        assert node.ended == [ENDING]
        assert commands.counts == {
            "refused-malformed": 1,
            "refused-signature": 3,
            "refused-stale": 1,
            "refused-other-node": 1,
            "refused-subject": 1,
            "obeyed": 1,
        }

    play(tmp_path, story)
