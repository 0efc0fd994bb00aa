"""The coordinator's side of the hub, small and honest, for tests of the daemon.

It makes the stream, takes alerts from it, checks signature and order, opens them, commits them in memory,
answers heartbeats with signed marks and sends signed commands: the protocol of the product over a real
nats-server, without database or API.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import nats.errors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StorageType, StreamConfig
from pydantic import BaseModel

from edge.node_identity import Identity
from shared import subjects
from shared.alerts import Alert, AlertHeader, decode_shown
from shared.bundles import unbundled
from shared.events.types import Lane
from shared.evidence import open_picture, read_picture
from shared.hub_link import settle
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.messages.heartbeats import Heartbeat, LaneMark, Marks
from shared.messages.message import parse
from shared.policy.terms import Gate
from shared.sealing import (
    new_sealing_key,
    open_body,
    pack,
    parse_sealing_public,
    sealing_public_text,
    signing_public_text,
    unpack,
    verify,
)
from tests.support.album import EVIDENCE_KEY
from tests.support.eventually import PATIENCE_S, cancelled
from tests.support.nats import RunningServer


@dataclass
class Committed:
    """What this coordinator has stored, by alert and revision."""

    alerts: dict[tuple[UUID, int], Alert] = field(default_factory=dict)
    jpegs: dict[UUID, bytes] = field(default_factory=dict)
    """Pictures that came beside them, opened, by alert."""
    headers: list[AlertHeader] = field(default_factory=list)
    """Every delivery, duplicates included, in order."""
    heartbeats: list[Heartbeat] = field(default_factory=list)

    def mark(self, outbox_id: UUID, lane: Lane) -> int:
        """Highest contiguous sequence."""
        have = {one.sequence for one in self.headers if (one.outbox_id, one.lane) == (outbox_id, lane)}
        return next(sequence for sequence in range(len(have) + 1) if sequence + 1 not in have)


class FakeCoordinator:
    """One node's coordinator. Open it with `fake_coordinator`."""

    def __init__(self, client: Client, node: Identity, exam_key: X25519PrivateKey) -> None:
        self._client = client
        self.node = node
        self.exam_key = exam_key
        self.signing = Ed25519PrivateKey.generate()
        self.token_signing = Ed25519PrivateKey.generate()
        self.committed = Committed()
        self.sending_marks = True
        self._subscription: Any = None

    @property
    def public_key(self) -> Ed25519PublicKey:
        return self.signing.public_key()

    @property
    def public_text(self) -> str:
        return signing_public_text(self.public_key)

    async def start(self) -> None:
        await self.make_stream()
        await self._client.subscribe(subjects.ALL_HEARTBEATS, cb=self._heartbeat)
        await settle(self._client)

    async def make_stream(self) -> None:
        """Make the stream and its consumer, again if they were lost."""
        stream = self._client.jetstream()
        await stream.add_stream(
            StreamConfig(
                name=subjects.ALERT_STREAM,
                subjects=[subjects.ALERT_SUBJECTS],
                storage=StorageType.FILE,
                duplicate_window=7_200,
            )
        )
        self._subscription = await stream.pull_subscribe(
            subjects.ALERT_SUBJECTS, durable=subjects.ALERT_CONSUMER, stream=subjects.ALERT_STREAM
        )

    async def lose_stream(self) -> None:
        """The hub loses everything it had acknowledged."""
        await self._client.jetstream().delete_stream(subjects.ALERT_STREAM)
        await self.make_stream()

    async def take(self) -> None:
        """Commit for ever what comes, and publish the marks it moves."""
        while True:
            try:
                batch = await self._subscription.fetch(50, timeout=0.5)
            except (nats.errors.Error, TimeoutError):
                await asyncio.sleep(0.05)
                continue
            for message in batch:
                self._commit(message)
                with suppress(nats.errors.Error):
                    await message.ack()
            if self.sending_marks:
                with suppress(nats.errors.Error):
                    await self._client.publish(subjects.mark(self.node.node_id), self.marks())

    def marks(self, sequence: int | None = None) -> bytes:
        """Signed marks of every lane seen; `sequence` overrides them all."""
        seen = {(one.outbox_id, one.lane) for one in self.committed.headers}
        lanes = tuple(
            LaneMark(
                outbox_id=outbox_id,
                lane=lane,
                sequence=self.committed.mark(outbox_id, lane) if sequence is None else sequence,
            )
            for outbox_id, lane in sorted(seen)
        )
        marks = Marks(node_id=self.node.node_id, marks=lanes)
        return pack(marks.model_dump(mode="json"), b"", self.signing)

    async def command(
        self,
        kind: Literal["start", "change", "end", "enroll", "compare", "verify"],
        body: BaseModel | bytes,
        *,
        gate: Gate | None = None,
        timeout_s: float = 20.0,
    ) -> tuple[ReplyHeader, bytes]:
        """Send one command and return the reply's header and its opened body."""
        reply_key = new_sealing_key()
        message, header = self.packed_command(kind, body, gate=gate, reply_key=reply_key)
        subject = subjects.command(self.node.node_id, kind)
        reply = unpack((await self._client.request(subject, message, timeout=timeout_s)).data)
        verify(reply, self.node.signing.public_key())
        answer = parse(ReplyHeader, reply.header)
        assert answer.command_id == header.command_id
        return answer, open_body(reply, reply_key) if reply.body else b""

    def packed_command(
        self,
        kind: Literal["start", "change", "end", "enroll", "compare", "verify"],
        body: BaseModel | bytes,
        *,
        gate: Gate | None = None,
        reply_key: X25519PrivateKey | None = None,
        issued_utc: datetime | None = None,
        node_id: UUID | None = None,
    ) -> tuple[bytes, CommandHeader]:
        header = CommandHeader(
            kind=kind,
            command_id=uuid4(),
            node_id=node_id or self.node.node_id,
            issued_utc=issued_utc or datetime.now(UTC),
            reply_key=sealing_public_text(reply_key.public_key()) if reply_key else None,
            gate=gate,
        )
        data = body if isinstance(body, bytes) else body.model_dump_json().encode()
        seal_to = parse_sealing_public(self.node.sealing_public)
        return pack(header.model_dump(mode="json"), data, self.signing, seal_to=seal_to), header

    def _commit(self, message: Msg) -> None:
        bundle = unbundled(message.data)
        parcel = unpack(bundle.message)
        verify(parcel, self.node.signing.public_key())
        header = parse(AlertHeader, parcel.header)
        assert subjects.node_of(message.subject) == header.node_id == self.node.node_id
        alert = decode_shown(open_body(parcel, self.exam_key)).alert
        assert alert.event_id == header.alert_id
        self.committed.headers.append(header)
        self.committed.alerts[header.alert_id, header.revision] = alert
        for ref, one in zip(alert.evidence_pictures, bundle.beside, strict=False):
            sealed = read_picture(one, self.node.signing.public_key())
            self.committed.jpegs[header.alert_id] = open_picture(sealed, ref, EVIDENCE_KEY).jpeg

    async def _heartbeat(self, message: Msg) -> None:
        parcel = unpack(message.data)
        verify(parcel, self.node.signing.public_key())
        self.committed.heartbeats.append(parse(Heartbeat, parcel.header))
        if self.sending_marks:
            await message.respond(self.marks())


@asynccontextmanager
async def fake_coordinator(
    server: RunningServer, node: Identity, exam_key: X25519PrivateKey
) -> AsyncIterator[FakeCoordinator]:
    """A coordinator with its stream, taking alerts until the block ends. Survives the server's restarts."""
    client = Client()
    await client.connect(
        server.url,
        user=server.user,
        password=server.password,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,  # type: ignore[arg-type]
        error_cb=_ignored,
    )
    coordinator = FakeCoordinator(client, node, exam_key)
    await coordinator.start()
    taking = asyncio.create_task(coordinator.take())
    try:
        yield coordinator
    finally:
        await cancelled(taking)
        with suppress(OSError, nats.errors.Error):
            await asyncio.wait_for(client.close(), PATIENCE_S)


async def _ignored(error: Exception) -> None:
    """A server that is killed on purpose is no news."""
