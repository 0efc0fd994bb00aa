import asyncio
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel

from edge.coordinator_keys import CoordinatorKeys
from edge.fleet.commands import MAX_REMEMBERED, Admitted, CommandGate, CommandRefusal, Commands
from shared import subjects
from shared.errors import Rejected, Unavailable
from shared.messages.commands import CommandHeader, ReplyHeader
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import ENROLLMENT_GATE, Gate
from shared.sealing import (
    new_sealing_key,
    open_body,
    pack,
    sealing_public_text,
    signing_public_text,
    unpack,
    verify,
)
from tests.support.alerts import new_identity

NODE = new_identity()
COORDINATOR = Ed25519PrivateKey.generate()
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
Kind = Literal["start", "change", "end", "enroll", "compare", "verify", "configure", "here"]


def keys() -> CoordinatorKeys:
    return CoordinatorKeys(signing_public_text(COORDINATOR.public_key()))


def header(
    kind: Kind = "end",
    *,
    node_id: UUID = NODE.node_id,
    issued_utc: datetime = NOW,
    reply_key: str | None = None,
    boot_id: UUID | None = None,
) -> CommandHeader:
    return CommandHeader(
        kind=kind,
        command_id=uuid4(),
        node_id=node_id,
        issued_utc=issued_utc,
        reply_key=reply_key,
        boot_id=boot_id,
    )


def packed(command: CommandHeader, body: bytes = b"{}", signing: Ed25519PrivateKey = COORDINATOR) -> bytes:
    return pack(command.model_dump(mode="json"), body, signing, seal_to=NODE.sealing.public_key())


def subject(kind: Kind = "end") -> str:
    return subjects.command(NODE.node_id, kind)


def gate() -> CommandGate:
    return CommandGate(NODE.node_id, keys())


def test_a_good_command_is_admitted_once() -> None:
    command, message = header(), b""
    message = packed(command)
    door = gate()
    admitted = door.admit(subject(), message, NOW)
    assert isinstance(admitted, Admitted)
    assert admitted.header == command
    assert door.admit(subject(), message, NOW + timedelta(seconds=1)) is CommandRefusal.REPLAYED


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", CommandRefusal.MALFORMED),
        (b"PE1\n" + bytes(100), CommandRefusal.MALFORMED),
        (packed(header(), signing=Ed25519PrivateKey.generate()), CommandRefusal.SIGNATURE),
        (packed(header())[:-1], CommandRefusal.SIGNATURE),
        (packed(header(node_id=uuid4())), CommandRefusal.OTHER_NODE),
        (packed(header("start")), CommandRefusal.SUBJECT),
        (packed(header(issued_utc=NOW - timedelta(seconds=30.1))), CommandRefusal.STALE),
        (packed(header(issued_utc=NOW + timedelta(seconds=30.1))), CommandRefusal.STALE),
        (pack({"kind": "end"}, b"", COORDINATOR), CommandRefusal.MALFORMED),
        (pack({"kind": "explode"}, b"", COORDINATOR), CommandRefusal.MALFORMED),
    ],
)
def test_what_is_not_a_fresh_command_for_this_node_is_refused(message: bytes, why: CommandRefusal) -> None:
    assert gate().admit(subject(), message, NOW) is why


@pytest.mark.parametrize("age_s", [-30, 0, 30])
def test_a_command_within_its_lifetime_is_fresh(age_s: float) -> None:
    message = packed(header(issued_utc=NOW - timedelta(seconds=age_s)))
    assert isinstance(gate().admit(subject(), message, NOW), Admitted)


def test_the_memory_is_bounded_and_forgets_only_what_is_stale_anyway() -> None:
    door = gate()
    door._seen = {uuid4(): NOW for _ in range(MAX_REMEMBERED)}
    assert door.admit(subject(), packed(header()), NOW) is CommandRefusal.FLOODED
    later = NOW + timedelta(seconds=31)
    assert isinstance(door.admit(subject(), packed(header(issued_utc=later)), later), Admitted)
    assert len(door._seen) == 1


class Node:
    """A node that answers each order in one known way."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.gates: list[Gate] = []
        self.configured: list[Desired] = []

    async def start(self, order: StartSession) -> SessionAccepted:
        raise AssertionError("not asked for here")

    async def change(self, order: StartSession) -> SessionChanged:
        raise AssertionError("not asked for here")

    async def end(self, order: EndSession) -> SessionEnded:
        if self.failure is not None:
            raise self.failure
        return SessionEnded(session_id=order.session_id, was_running=True)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        self.gates.append(gate)
        return EnrolledPicture(faces=len(jpeg), face=None, failed=(), templates=())

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        raise AssertionError("not asked for here")

    async def verify(self, order: VerifyFrame) -> VerifiedFrame:
        raise AssertionError("not asked for here")

    async def configure(self, order: Desired) -> Configured:
        self.configured.append(order)
        return Configured(version=order.version)


def ask(node: Node, kind: Kind, body: BaseModel | bytes, reply_key: str | None = None) -> bytes | None:
    data = body if isinstance(body, bytes) else body.model_dump_json().encode()
    message = packed(header(kind, issued_utc=datetime.now(UTC), reply_key=reply_key), data)
    return asyncio.run(Commands(NODE, keys(), node).handle(subject(kind), message))


def answered(reply: bytes | None) -> ReplyHeader:
    assert reply is not None
    parcel = unpack(reply)
    verify(parcel, NODE.signing.public_key())
    return parse(ReplyHeader, parcel.header)


ENDING = EndSession(session_id=uuid4(), submitted=True)


def test_the_answer_is_signed_and_sealed_to_the_key_the_command_named() -> None:
    key = new_sealing_key()
    reply = ask(Node(), "enroll", b"jpeg", sealing_public_text(key.public_key()))
    assert answered(reply).status == "ok"
    body = open_body(unpack(reply or b""), key)
    assert parse(EnrolledPicture, body).faces == 4


def test_an_enrollment_without_a_gate_of_its_own_is_judged_by_the_default() -> None:
    node, key = Node(), new_sealing_key()
    ask(node, "enroll", b"jpeg", sealing_public_text(key.public_key()))
    assert node.gates == [ENROLLMENT_GATE]


def test_settings_are_noted_and_their_version_answered() -> None:
    node = Node()
    order = Desired(version=7, settings={"rating": 6}, weights={"head-pose": "fsanet@688590"})
    reply = ask(node, "configure", order)
    assert answered(reply).status == "ok"
    assert parse(Configured, unpack(reply or b"").body).version == 7
    assert node.configured == [order]
    assert answered(ask(node, "configure", b'{"version": 0}')).http_status == 422


@pytest.mark.parametrize("kind", ["enroll", "compare", "verify"])
def test_an_answer_about_a_person_is_never_given_in_the_clear(kind: Kind) -> None:
    reply = ask(Node(), kind, VerifyFrame(session_id=uuid4()))
    assert answered(reply).code == "command-malformed"
    assert unpack(reply or b"").body == b""


@pytest.mark.parametrize(
    ("failure", "status", "code", "http_status"),
    [
        (Rejected("the node is full", code="node-full", status=503), "rejected", "node-full", 503),
        (Unavailable("no weights"), "unavailable", "node-unavailable", 503),
        (ZeroDivisionError("secret detail"), "unavailable", "node-failed", 503),
    ],
)
def test_a_failure_is_told_by_its_kind(failure: Exception, status: str, code: str, http_status: int) -> None:
    answer = answered(ask(Node(failure), "end", ENDING))
    assert (answer.status, answer.code, answer.http_status) == (status, code, http_status)
    assert "secret" not in answer.message


@pytest.mark.parametrize("body", [b"", b"{", b'{"session_id": 3}', b'{"session_id": "x", "extra": 1}'])
def test_a_body_of_the_wrong_shape_is_rejected(body: bytes) -> None:
    assert answered(ask(Node(), "end", body)).http_status == 422


def test_a_body_sealed_to_another_node_is_rejected_unopened() -> None:
    command = header(issued_utc=datetime.now(UTC))
    message = pack(
        command.model_dump(mode="json"), b"{}", COORDINATOR, seal_to=new_sealing_key().public_key()
    )
    commands = Commands(NODE, keys(), Node())
    assert answered(asyncio.run(commands.handle(subject(), message))).status == "rejected"


def test_a_refused_message_gets_no_answer_and_is_counted() -> None:
    commands = Commands(NODE, keys(), Node())
    assert asyncio.run(commands.handle(subject(), b"noise")) is None
    assert commands.counts == {"refused-malformed": 1}


def test_commands_of_another_time_are_counted_for_the_heartbeat_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    commands = Commands(NODE, keys(), Node())
    for _ in range(20):
        stale = packed(header(issued_utc=datetime.now(UTC) - timedelta(seconds=40)))
        assert asyncio.run(commands.handle(subject(), stale)) is None
    assert commands.refused() == {"stale": 20}
    assert len(caplog.records) == 1


def test_a_command_for_another_host_with_this_identity_is_left_to_it_and_is_no_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours, theirs, now_utc = uuid4(), uuid4(), datetime.now(UTC)
    commands = Commands(NODE, keys(), Node(), ours)
    for kind in ("end", "here"):
        other = packed(header(kind, issued_utc=now_utc, boot_id=theirs))
        assert asyncio.run(commands.handle(subject(kind), other)) is None
    assert commands.counts == {"refused-other-host": 2}
    assert (commands.refused(), caplog.records) == ({}, [])
    for boot_id in (ours, None):  # None: a coordinator that does not know which host it speaks to
        mine = packed(header("here", issued_utc=now_utc, boot_id=boot_id))
        assert answered(asyncio.run(commands.handle(subject("here"), mine))).status == "ok"
    old = Commands(NODE, keys(), Node())
    assert asyncio.run(old.handle(subject(), packed(header(issued_utc=now_utc, boot_id=theirs)))) is None
