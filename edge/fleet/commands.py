"""Receives the coordinator's commands: checks each, carries it out once and answers.

`CommandGate` decides without a clock; `Commands` opens, obeys and answers. A message that is not signed by
the coordinator, not for this node, too old or seen before is only counted. Its sender gets no answer, and so
learns nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, assert_never
from uuid import UUID

from pydantic import BaseModel

from edge.coordinator_keys import CoordinatorKeys
from edge.node_identity import Identity
from shared.errors import Corrupt, Rejected, Unavailable
from shared.hybrid import Opener, new_hybrid
from shared.messages.commands import COMMAND_LIFETIME_S, CommandHeader, ReplyHeader
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import ENROLLMENT_GATE, Gate
from shared.sealing import Parcel, open_body, pack, parse_sealing_public, unpack
from shared.seldom import Seldom
from shared.successions import Succession

log = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 4_096
"""The most commands remembered to refuse repeats. A coordinator sends far fewer in a command's lifetime."""
ACTION_TIMEOUT_S: Final = 20.0


class CommandRefusal(StrEnum):
    """Why a message is refused."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    OTHER_NODE = "other-node"
    SUBJECT = "subject"
    STALE = "stale"
    REPLAYED = "replayed"
    FLOODED = "flooded"
    OTHER_HOST = "other-host"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A command to obey; its body is still sealed."""

    header: CommandHeader
    parcel: Parcel


class CommandGate:
    """Admits each of the coordinator's commands once.

    The memory lasts as long as the process. After a restart, a command replayed within its lifetime is obeyed
    again. That is harmless: start and end are idempotent, the others change nothing.
    """

    def __init__(self, node_id: UUID, keys: CoordinatorKeys, boot_id: UUID | None = None) -> None:
        """`boot_id`: what this host is known by. Commands for another host with the same id are refused."""
        self._node_id = node_id
        self._boot_id = boot_id
        self._keys = keys
        self._seen: dict[UUID, datetime] = {}

    def admit(self, subject: str, message: bytes, now_utc: datetime) -> Admitted | CommandRefusal:
        """Check a message that arrived on a subject: the command, or why it is refused."""
        try:
            parcel = unpack(message)
        except Corrupt:
            return CommandRefusal.MALFORMED
        try:
            self._keys.verify(parcel, _successions(parcel))
        except Corrupt:
            return CommandRefusal.SIGNATURE
        try:
            header = parse(CommandHeader, parcel.header)
        except Corrupt:
            return CommandRefusal.MALFORMED
        if header.node_id != self._node_id:
            return CommandRefusal.OTHER_NODE
        if subject.rsplit(".", 1)[-1] != header.kind:
            return CommandRefusal.SUBJECT
        if header.boot_id not in (None, self._boot_id):
            return CommandRefusal.OTHER_HOST
        return self._once(header, now_utc) or Admitted(header, parcel)

    def _once(self, header: CommandHeader, now_utc: datetime) -> CommandRefusal | None:
        lifetime = timedelta(seconds=COMMAND_LIFETIME_S)
        if abs(now_utc - header.issued_utc) > lifetime:
            return CommandRefusal.STALE
        if header.command_id in self._seen:
            return CommandRefusal.REPLAYED
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen = {one: at for one, at in self._seen.items() if abs(now_utc - at) <= lifetime}
        if len(self._seen) >= MAX_REMEMBERED:
            return CommandRefusal.FLOODED
        self._seen[header.command_id] = header.issued_utc
        return None


def _successions(parcel: Parcel) -> tuple[Succession, ...]:
    """What a message that is not trusted yet says of the coordinator's keys; each word is signed itself."""
    if parcel.header.get("kind") != "succeed":
        return ()
    return parse(CommandHeader, parcel.header).successions or ()


class Actions(Protocol):
    """What a node can be commanded to do. Each may raise `Rejected` or `Unavailable`."""

    async def start(self, order: StartSession) -> SessionAccepted: ...

    async def change(self, order: StartSession) -> SessionChanged: ...

    async def end(self, order: EndSession) -> SessionEnded: ...

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture: ...

    async def compare(self, order: CompareTemplates) -> ComparedTemplates: ...

    async def verify(self, order: VerifyFrame) -> VerifiedFrame: ...

    async def configure(self, order: Desired) -> Configured: ...


class Commands:
    """Answers the messages that the hub delivers on this node's command subjects."""

    def __init__(
        self,
        identity: Identity,
        keys: CoordinatorKeys,
        actions: Actions,
        boot_id: UUID | None = None,
    ) -> None:
        self._identity = identity
        hybrid = new_hybrid()  # of this run alone: nobody can open a command of an earlier one any more
        self._opener = Opener(identity.sealing, hybrid)
        self.hybrid_text = hybrid.public_key().text
        """`mlkem768-x25519:…`, for the heartbeats."""
        self._gate = CommandGate(identity.node_id, keys, boot_id)
        self._keys = keys
        self._actions = actions
        self._complaints = Seldom()
        self.counts: Counter[str] = Counter()
        """Commands obeyed, rejected and refused, by reason."""

    async def handle(self, subject: str, message: bytes) -> bytes | None:
        """Handle one message. Returns the signed reply, or None when there is no answer."""
        command = self._gate.admit(subject, message, datetime.now(UTC))
        if isinstance(command, CommandRefusal):
            self._refuse(command)
            return None
        if command.header.kind == "here":
            return self._reply(command.header, None)
        if command.header.kind == "succeed":
            self._keys.take(command.header.counts or (), command.header.successions or ())
            await asyncio.to_thread(self._keys.keep)
            return self._reply(command.header, None)
        try:
            answer: BaseModel | Exception = await self._obeyed(command)
            self.counts["obeyed"] += 1
        except (Rejected, Unavailable) as error:
            answer = error
            self.counts["not-obeyed"] += 1
        except Exception as error:
            answer = error
            self.counts["failed"] += 1
            log.exception("a command failed", extra={"command": command.header.kind})
        return self._reply(command.header, answer)

    @property
    def keys_mark(self) -> str:
        """Which of the coordinator's keys count, for the heartbeats."""
        return self._keys.mark

    def refused(self) -> dict[str, int]:
        """How many messages were refused, by reason; reasons with none are left out."""
        told = [
            refusal for refusal in CommandRefusal if refusal is not CommandRefusal.OTHER_HOST
        ]  # which is no fault
        counts = {refusal.value: self.counts[f"refused-{refusal}"] for refusal in told}
        return {reason: count for reason, count in counts.items() if count}

    def _refuse(self, refusal: CommandRefusal) -> None:
        self.counts[f"refused-{refusal}"] += 1
        if refusal is CommandRefusal.OTHER_HOST:
            return
        count = self._complaints.count(refusal, time.monotonic())
        if count:
            log.warning("commands were refused", extra={"reason": str(refusal), "count": count})

    async def _obeyed(self, command: Admitted) -> BaseModel:
        try:
            body = open_body(command.parcel, self._opener)
            action = self._action(command.header, body)
        except Corrupt as error:
            raise Rejected(str(error), code="command-malformed", status=422) from error
        try:
            async with asyncio.timeout(ACTION_TIMEOUT_S):
                return await action
        except TimeoutError as error:
            raise Unavailable(f"the node did not finish within {ACTION_TIMEOUT_S:.0f} s") from error

    def _action(self, header: CommandHeader, body: bytes) -> Awaitable[BaseModel]:
        if header.kind in ("enroll", "compare", "verify") and header.reply_key is None:
            raise Corrupt("an answer about a person must be sealed, but the command has no reply key")
        match header.kind:
            case "start":
                return self._actions.start(parse(StartSession, body))
            case "change":
                return self._actions.change(parse(StartSession, body))
            case "end":
                return self._actions.end(parse(EndSession, body))
            case "enroll":
                return self._actions.enroll(body, header.gate or ENROLLMENT_GATE)
            case "compare":
                return self._actions.compare(parse(CompareTemplates, body))
            case "verify":
                return self._actions.verify(parse(VerifyFrame, body))
            case "configure":
                return self._actions.configure(parse(Desired, body))
            case "here" | "succeed":
                raise Corrupt("this command has no body")
            case _:
                assert_never(header.kind)

    def _reply(self, command: CommandHeader, answer: BaseModel | Exception | None) -> bytes:
        header = _reply_header(command, self._identity.node_id, answer)
        body = answer.model_dump_json().encode("utf-8") if isinstance(answer, BaseModel) else b""
        seal_to = parse_sealing_public(command.reply_key) if command.reply_key and body else None
        return pack(header.model_dump(mode="json"), body, self._identity.signing, seal_to=seal_to)


def _reply_header(command: CommandHeader, node_id: UUID, answer: BaseModel | Exception | None) -> ReplyHeader:
    match answer:
        case Rejected():
            return ReplyHeader(
                command_id=command.command_id,
                node_id=node_id,
                status="rejected",
                code=answer.code,
                http_status=answer.status,
                message=str(answer)[:2_000],
            )
        case Unavailable():
            code, message = "node-unavailable", str(answer)[:2_000]
        case Exception():
            code, message = "node-failed", "the node failed to run this command; see its log"
        case _:
            return ReplyHeader(command_id=command.command_id, node_id=node_id, status="ok")
    return ReplyHeader(
        command_id=command.command_id,
        node_id=node_id,
        status="unavailable",
        code=code,
        http_status=503,
        message=message,
    )
