"""Sends the commands to nodes, with typed requests and answers.

Each raises `Rejected` as the node does, and `Unavailable` when no valid answer arrives. A node may have an
older program, which refuses every field that it does not know: it is sent none that is at its default, and
what it does not understand all the same is told in the way that it knows.
"""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from coordinator.ground.signing_files import Signing
from coordinator.nodes.commands import Command, Commander
from shared.errors import Corrupt, Rejected, Unavailable
from shared.hybrid import Opener
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import Gate

M = TypeVar("M", bound=BaseModel)

NOT_READ: Final = frozenset({"command-malformed", "command-too-large"})
"""Codes with which a command fails because of what its body has."""
_NOT_FOR_NODES: Final = {"policy": {"retention", "feature_log"}}
"""Nodes keep nothing; they log features where they are given a key for them."""


async def start(commander: Commander, node_id: UUID, session: StartSession) -> SessionAccepted:
    """Tell a node to watch a session. One that cannot read the handed-over state starts without it, and one
    that does not know the log of features logs none."""
    orders = [session]
    if session.features_key is not None:
        orders.append(_without_log(session))
    if session.handed is not None:
        orders.append(_without_log(session).model_copy(update={"handed": None}))
    for order in orders[:-1]:
        try:
            return await _start(commander, node_id, order)
        except Rejected as error:
            if error.code not in NOT_READ:
                raise
    return await _start(commander, node_id, orders[-1])


async def change(commander: Commander, node_id: UUID, session: StartSession) -> SessionChanged:
    """Tell a session's node its changed policy, end time, pause or consents."""
    try:
        return await _change(commander, node_id, session)
    except Rejected as error:
        if error.code not in NOT_READ or session.features_key is None:
            raise
    return await _change(commander, node_id, _without_log(session))


async def end(commander: Commander, node_id: UUID, session: EndSession) -> SessionEnded:
    """Tell a node to stop watching a session. One that does not know of assignments ends what runs, so tell
    it nothing of a session that is its own again."""
    try:
        return await _end(commander, node_id, session)
    except Rejected as error:
        if error.code not in NOT_READ or session.epoch is None:
            raise
    plain = EndSession(session_id=session.session_id, submitted=session.submitted)
    return await _end(commander, node_id, plain)


async def enroll(
    commander: Commander, node_id: UUID, jpeg: bytes, gate: Gate, reply_key: Opener
) -> EnrolledPicture:
    """Have a node measure one picture and compute its template."""
    command = Command(kind="enroll", body=jpeg, gate=gate, reply_key=reply_key)
    return _answer(EnrolledPicture, await commander.send(node_id, command))


async def compare(
    commander: Commander, node_id: UUID, templates: CompareTemplates, reply_key: Opener
) -> ComparedTemplates:
    """Have a node compare one person's templates with others."""
    command = Command(kind="compare", body=_json(templates), reply_key=reply_key)
    return _answer(ComparedTemplates, await commander.send(node_id, command))


async def verify(commander: Commander, node_id: UUID, frame: VerifyFrame, reply_key: Opener) -> VerifiedFrame:
    """Have a session's node compare one of its last frames with the enrolled face."""
    command = Command(kind="verify", body=_json(frame), reply_key=reply_key)
    return _answer(VerifiedFrame, await commander.send(node_id, command))


async def configure(commander: Commander, node_id: UUID, order: Desired) -> Configured:
    """Send a node its order of settings. Only for nodes whose heartbeats say that they know such orders."""
    command = Command(kind="configure", body=_json(order))
    return _answer(Configured, await commander.send(node_id, command))


async def succeed(commander: Commander, node_id: UUID, signing: Signing) -> None:
    """Tell a node which of the coordinator's signing keys count. Only for one whose heartbeats name those
    that count for it."""
    await commander.send(node_id, Command(kind="succeed", body=b"", signing=signing))


async def _change(commander: Commander, node_id: UUID, session: StartSession) -> SessionChanged:
    command = Command(kind="change", body=_of_session(session))
    return _answer(SessionChanged, await commander.send(node_id, command))


def _without_log(session: StartSession) -> StartSession:
    return session.model_copy(update={"features_key": None, "features_key_id": None})


async def _start(commander: Commander, node_id: UUID, session: StartSession) -> SessionAccepted:
    command = Command(kind="start", body=_of_session(session))
    return _answer(SessionAccepted, await commander.send(node_id, command))


async def _end(commander: Commander, node_id: UUID, session: EndSession) -> SessionEnded:
    command = Command(kind="end", body=_json(session))
    return _answer(SessionEnded, await commander.send(node_id, command))


def _of_session(session: StartSession) -> bytes:
    return session.model_dump_json(exclude_defaults=True, exclude=_NOT_FOR_NODES).encode()


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(exclude_defaults=True).encode()


def _answer(kind: type[M], body: bytes) -> M:
    try:
        return parse(kind, body)
    except Corrupt as error:
        raise Unavailable("the edge node's answer cannot be read", code="bad-reply") from error
