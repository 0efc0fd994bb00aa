"""Sends commands to nodes, signed and sealed to the node, and checks the one reply to each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from coordinator.ground.ids import uuid7
from coordinator.ground.signing_files import Signing
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.replies import read_reply
from coordinator.nodes.signers import Signers
from shared import subjects
from shared.errors import Corrupt, Rejected, Unavailable
from shared.hub_link import HubLink
from shared.hybrid import Opener
from shared.messages.commands import CommandHeader
from shared.policy.terms import Gate
from shared.sealing import Signs, pack, parse_sealing_public
from shared.successions import MOST

Kind = Literal["start", "change", "end", "enroll", "compare", "verify", "configure", "succeed"]

TIMEOUTS_S: Final[Mapping[Kind, float]] = MappingProxyType(
    {
        "start": 10.0,
        "change": 5.0,
        "end": 5.0,
        "enroll": 20.0,
        "compare": 10.0,
        "verify": 10.0,
        "configure": 10.0,
        "succeed": 5.0,
    }
)
"""Seconds to wait for the reply. Each is below a command's lifetime, so that no node runs a command after
this program has given it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to a node."""

    kind: Kind
    body: bytes
    """Canonical JSON of the command's body; for `enroll` the JPEG itself."""
    gate: Gate | None = None
    """For `enroll`: the gate that the picture must pass."""
    signing: Signing | None = None
    """For `succeed`: the coordinator's signing keys."""
    reply_key: Opener | None = None
    """Opens a reply about a person, which the node seals to the public half."""


class Commander:
    """Sends commands to the fleet's nodes over the hub."""

    def __init__(
        self,
        hub: HubLink,
        fleet: Fleet,
        signers: Signers,
        signing: Signs,
        *,
        hybrid: bool = False,
    ) -> None:
        """`hybrid`: seal to the hybrid keys of nodes that have one, and let them seal so."""
        self._hub = hub
        self._fleet = fleet
        self._signers = signers
        self._signing = signing
        self._hybrid = hybrid

    async def send(self, node_id: UUID, command: Command) -> bytes:
        """Send a command. Returns the opened body of the node's reply.

        Raises `Rejected` with the node's code and status, and `Unavailable` when no valid reply arrives. The
        node may or may not have run the command then; every command may be sent again.
        """
        self._fleet.check_clock(node_id, time.monotonic())
        state = self._fleet.state(node_id)
        if state is None or node_id not in self._signers:
            raise Unavailable("the session's edge node is not connected", code="node-away")
        reply_key, hybrid_key = command.reply_key, state.heartbeat.hybrid_key if self._hybrid else None
        header = CommandHeader(
            kind=command.kind,
            command_id=uuid7(),
            node_id=node_id,
            issued_utc=datetime.now(UTC),
            reply_key=None if reply_key is None else reply_key.public_text(hybrid=hybrid_key is not None),
            gate=command.gate,
            counts=None if command.signing is None else command.signing.counts,
            successions=None if command.signing is None else command.signing.successions[-MOST:],
            boot_id=state.heartbeat.boot_id if state.heartbeat.answers_for_host else None,
        )
        try:
            seal_to = parse_sealing_public(hybrid_key or state.heartbeat.sealing_key)
            said = header.model_dump(mode="json", exclude_none=True)
            message = pack(said, command.body, self._signing, seal_to=seal_to)
        except Corrupt as error:
            raise Rejected("the command is too large", code="command-too-large", status=413) from error
        subject = subjects.command(node_id, command.kind)
        try:
            reply = await self._hub.request(subject, message, timeout_s=TIMEOUTS_S[command.kind])
        except Unavailable as error:
            raise Unavailable("the edge node does not answer; try again", code="node-away") from error
        signer = self._signers.get(node_id)
        if signer is None:
            raise Unavailable("the session's edge node was revoked meanwhile", code="node-away")
        try:
            return read_reply(reply, header, signer, reply_key)
        except Corrupt as error:
            raise Unavailable("the edge node's reply is not valid", code="bad-reply") from error
