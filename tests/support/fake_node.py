"""An edge node's side of the hub, small and honest, for tests of the coordinator.

It says heartbeats, obeys signed commands over a real nats-server with the product's permissions, seals its
replies and publishes signed and sealed alerts. What it "sees" on a picture is the test's to say: `enroll`,
`verify` and `refusal` hold its answers. Only media and networks are missing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import BaseModel

from edge.coordinator_keys import CoordinatorKeys
from shared import subjects
from shared.alerts import Alert, AlertHeader, encode_alert
from shared.events.table import lane
from shared.events.types import Lane
from shared.features import FeaturesBody, FeaturesHeader, batch_id, encode_features
from shared.hub_link import settle
from shared.hybrid import HybridPrivate, Opener
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired, DesiredReport
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.heartbeats import Heartbeat, Measures, OutboxState, SessionState
from shared.messages.message import Message, parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.messages.states import StateHeader
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
from tests.support.album import parcels, pictures_of, with_parcels
from tests.support.nats import RunningServer, node_password
from tests.support.node_answers import GONE, NOT_HERE, RECOGNISER, Refusal, accepted, cosines, good_picture

ANSWERED_WITHIN_S: Final = 30.0
"""A heartbeat that is refused gets no answer, and whoever says them in a loop says the next one then."""


@dataclass
class Obeyed:
    """What the node was told, opened."""

    pictures: list[bytes] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    """What each picture was to be judged by."""
    started: list[StartSession] = field(default_factory=list)
    changed: list[StartSession] = field(default_factory=list)
    ended: list[EndSession] = field(default_factory=list)
    verified: list[VerifyFrame] = field(default_factory=list)
    configured: list[Desired] = field(default_factory=list)
    hybrid: list[bool] = field(default_factory=list)
    """Whether each command was sealed to the hybrid key."""

    @property
    def newest(self) -> StartSession:
        """The start of the session that began last, as it was told last. A round of the coordinator may have
        started an earlier session again since."""
        begun = dict.fromkeys(one.session_id for one in self.started)
        return self.start_of(next(reversed(begun)))

    def start_of(self, session_id: UUID) -> StartSession:
        """How this session was started last."""
        return next(one for one in reversed(self.started) if one.session_id == session_id)


class FakeNode:
    """One node. Open it with `fake_node`."""

    def __init__(self, client: Client, node_id: UUID, signing: Ed25519PrivateKey) -> None:
        self._client = client
        self.node_id = node_id
        self._signing = signing
        self._sealing = new_sealing_key()
        self._sequences = dict.fromkeys(Lane, 0)
        self.hybrid: HybridPrivate | None = None
        """None: a node of an older program, which has no hybrid key."""
        self.boot_id, self.outbox_id = uuid4(), uuid4()
        self.commander: Ed25519PublicKey | None = None
        """The coordinator's key, once the test knows it; commands by another one fail the test's node."""
        self.keys: CoordinatorKeys | None = None
        """The coordinator's keys that count for it; None: a node of an older program."""
        self.obeyed = Obeyed()
        self.published: list[bytes] = []
        """Alerts with their pictures as they went out."""
        self.outbox: tuple[OutboxState, ...] = ()
        self.sessions: tuple[SessionState, ...] = ()
        self.enroll: Callable[[bytes], EnrolledPicture] = lambda jpeg: good_picture()
        self.verify: Callable[[VerifyFrame], VerifiedFrame | Refusal] = lambda asked: GONE
        self.compare: Callable[[CompareTemplates], ComparedTemplates] = cosines
        self.accept: Callable[[UUID], SessionAccepted] = accepted
        self.while_changing: Callable[[], None] = lambda: None
        """Called between a changed order and the answer to it."""
        self.lost: set[UUID] = set()
        """Sessions that it does not know any more, as after a restart; it says so until they start again."""
        self.refusal: Refusal | None = None
        """Set: every command is answered so."""
        self.region = "campus"
        self.level = 1
        self.clock_ahead_s = 0.0
        self.reasons: tuple[str, ...] = ()
        self.refused_commands: dict[str, int] = {}
        self.health = 10
        self.measures: Measures | None = None
        """None: a node of an older program."""
        self.desired: DesiredReport | None = None
        """The same."""
        self.at_hand: dict[str, str] = {}
        """The same, if empty; `test@1` serves."""
        self.silent = False
        """True: commands are read and never answered."""

    @property
    def public_text(self) -> str:
        return signing_public_text(self._signing.public_key())

    async def beat(self) -> bytes:
        """One heartbeat; the coordinator's answer to it."""
        beat = Heartbeat(
            node_id=self.node_id,
            boot_id=self.boot_id,
            sent_utc=datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s),
            region=self.region,
            sealing_key=sealing_public_text(self._sealing.public_key()),
            signaling_url="ws://127.0.0.1:8100/signal",
            health=self.health,
            reasons=self.reasons,
            refused_commands=self.refused_commands,
            level=self.level,
            rating=10,
            device="cpu-test",
            models={"face": "test@1"},
            recognisers=(RECOGNISER,),
            outbox=self.outbox,
            sessions=self.sessions,
            measures=self.measures,
            desired=self.desired,
            coordinator_keys=None if self.keys is None else self.keys.mark,
            at_hand=self.at_hand,
            hybrid_key=None if self.hybrid is None else self.hybrid.public_key().text,
        )
        message = pack(beat.model_dump(mode="json"), b"", self._signing)
        subject = subjects.heartbeat(self.node_id)
        return (await self._client.request(subject, message, timeout=ANSWERED_WITHIN_S)).data

    async def publish(self, alert: Alert, start: StartSession, revision: int = 1) -> None:
        """Sign, seal and publish an alert of a started session with its pictures; JetStream has it then."""
        road = lane(alert.event_type)
        self._sequences[road] += 1
        header = AlertHeader(
            alert_id=alert.event_id,
            revision=revision,
            tenant_id=start.tenant_id,
            session_id=start.session_id,
            node_id=self.node_id,
            outbox_id=self.outbox_id,
            lane=road,
            sequence=self._sequences[road],
            event_class=alert.event_class,
            epoch=start.epoch,
            key_id=start.seal_key_id,
            created_utc=datetime.now(UTC),
        )
        message = pack(
            header.model_dump(mode="json"),
            encode_alert(alert),
            self._signing,
            seal_to=parse_sealing_public(start.seal_key),
        )
        beside: list[bytes] = []
        if start.evidence_key is not None and start.evidence_key_id is not None:
            to = (start.evidence_key_id, start.evidence_key)
            beside = parcels(pictures_of(alert), header, *to, self._signing)
        self.published.append(with_parcels(message, beside))
        await self._client.jetstream().publish(
            subjects.alert(self.node_id, road),
            self.published[-1],
            headers={"Nats-Msg-Id": f"{alert.event_id}:{revision}"},
        )

    async def log(
        self,
        start: StartSession,
        features: FeaturesBody,
        signing: Ed25519PrivateKey | None = None,
        **about: object,
    ) -> bytes:
        """Sign, seal and publish logged features of a started session; returns the message."""
        assert start.features_key is not None
        assert start.features_key_id is not None
        header = FeaturesHeader(
            batch_id=batch_id(start.session_id, start.epoch, features.vectors[0].window),
            session_id=start.session_id,
            tenant_id=start.tenant_id,
            node_id=self.node_id,
            epoch=start.epoch,
            key_id=start.features_key_id,
            created_utc=datetime.now(UTC),
        ).model_copy(update=about)
        message = pack(
            header.model_dump(mode="json"),
            encode_features(features),
            signing or self._signing,
            seal_to=parse_sealing_public(start.features_key),
        )
        await self._client.jetstream().publish(subjects.alert(self.node_id, Lane.TECHNICAL), message)
        return message

    async def save(self, start: StartSession, memory: dict[str, object], **about: object) -> None:
        """Sign, seal and publish the state of a started session; the hub has it then."""
        header = StateHeader(
            session_id=start.session_id,
            tenant_id=start.tenant_id,
            node_id=self.node_id,
            epoch=start.epoch,
            key_id=start.seal_key_id,
            saved_utc=datetime.now(UTC),
            policy_version=start.policy.version,
            paused=start.paused,
            withheld=start.withheld,
        ).model_copy(update=about)
        message = pack(
            header.model_dump(mode="json"),
            json.dumps(memory).encode(),
            self._signing,
            seal_to=parse_sealing_public(start.seal_key),
        )
        await self._client.jetstream().publish(subjects.state(self.node_id, start.session_id), message)

    async def vanish(self) -> None:
        """The node is gone, as after kill -9: nobody answers for it."""
        await self._client.close()

    async def listen(self) -> None:
        await self._client.subscribe(subjects.commands(self.node_id), cb=self._obey)
        await settle(self._client)

    async def _obey(self, message: Msg) -> None:
        parcel = unpack(message.data)
        if self.commander is not None:
            verify(parcel, self.commander)
        header = parse(CommandHeader, parcel.header)
        if self.keys is not None:
            self.keys.verify(parcel, header.successions or ())
            if header.kind == "succeed":
                self.keys.take(header.counts or (), header.successions or ())
                await message.respond(self._reply(header, Message()))
                return
        assert header.node_id == self.node_id == subjects.node_of(message.subject)
        self.obeyed.hybrid.append(parcel.hybrid)
        body = open_body(parcel, Opener(self._sealing, self.hybrid))
        answer = self.refusal or self._answer(header, body)
        if not self.silent:
            await message.respond(self._reply(header, answer))

    def _answer(self, header: CommandHeader, body: bytes) -> BaseModel | Refusal:
        match header.kind:
            case "enroll":
                assert header.gate is not None
                self.obeyed.pictures.append(body)
                self.obeyed.gates.append(header.gate)
                return self.enroll(body)
            case "start":
                start = parse(StartSession, body)
                self.obeyed.started.append(start)
                self.lost.discard(start.session_id)
                return self.accept(start.session_id)
            case "change":
                changed = parse(StartSession, body)
                if changed.session_id in self.lost:
                    return NOT_HERE
                self.obeyed.changed.append(changed)
                self.while_changing()
                return SessionChanged(
                    session_id=changed.session_id,
                    policy_version=changed.policy.version,
                    paused=changed.paused,
                )
            case "end":
                return self._ended(parse(EndSession, body))
            case "compare":
                return self.compare(parse(CompareTemplates, body))
            case "verify":
                asked = parse(VerifyFrame, body)
                self.obeyed.verified.append(asked)
                return self.verify(asked)
            case "configure":
                order = parse(Desired, body)
                self.obeyed.configured.append(order)
                return Configured(version=order.version)
            case "here" | "succeed":
                raise AssertionError("a node that does not say that it knows of this is not asked")

    def _ended(self, end: EndSession) -> SessionEnded:
        self.obeyed.ended.append(end)
        last = next((each for each in self.sessions if each.session_id == end.session_id), None)
        return SessionEnded(
            session_id=end.session_id,
            was_running=True,
            epoch=None if last is None else last.epoch,
            unwatched_s=None if last is None else last.unwatched_s,
        )

    def _reply(self, command: CommandHeader, answer: BaseModel | Refusal) -> bytes:
        header = {"kind": "reply", "command_id": str(command.command_id), "node_id": str(self.node_id)}
        if isinstance(answer, Refusal):
            header |= {
                "status": answer.status,
                "code": answer.code,
                "http_status": answer.http_status,  # type: ignore[dict-item]
                "message": answer.message,
            }
            return pack(parse(ReplyHeader, header).model_dump(mode="json"), b"", self._signing)
        header["status"] = "ok"
        seal_to = parse_sealing_public(command.reply_key) if command.reply_key else None
        body = answer.model_dump_json().encode()
        return pack(parse(ReplyHeader, header).model_dump(mode="json"), body, self._signing, seal_to=seal_to)


@asynccontextmanager
async def fake_node(
    server: RunningServer, node_id: UUID, signing: Ed25519PrivateKey
) -> AsyncIterator[FakeNode]:
    """A node that obeys until the block ends. The server must know it (`nats_server(nodes=…)`)."""
    client = Client()
    await client.connect(
        server.url,
        user=str(node_id),
        password=node_password(node_id),
        inbox_prefix=subjects.inbox_prefix(node_id).encode(),
    )
    node = FakeNode(client, node_id, signing)
    await node.listen()
    try:
        yield node
    finally:
        with suppress(NatsError):
            await client.close()


async def beat_until_known(node: FakeNode, known: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Say heartbeats until the coordinator counts the node as online."""
    async with asyncio.timeout(timeout_s):
        while not known():
            with suppress(NatsError):
                await node.beat()
            await asyncio.sleep(0.02)
