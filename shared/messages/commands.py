"""The clear headers of commands from the coordinator to a node, and of the node's replies."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.fields import KeyText, Name, Text, Utc
from shared.messages.message import Message
from shared.policy.terms import Gate
from shared.successions import MOST, Succession

COMMAND_LIFETIME_S = 30.0


class CommandHeader(Message):
    """Clear part of every command from the coordinator to one node."""

    kind: Literal["start", "change", "end", "enroll", "compare", "verify", "configure", "here", "succeed"]
    """`here` does nothing: who answers it is there. `succeed` says which of the coordinator's keys count."""
    command_id: UUID
    node_id: UUID
    issued_utc: Utc
    reply_key: KeyText | None = None
    """The sealing key (text form) for the reply's body, if it is personal."""
    gate: Gate | None = None
    """For `enroll`: the bounds for the picture."""
    boot_id: UUID | None = None
    """The host that it is for, if two should have the node's identity; None: any."""
    counts: Annotated[tuple[Name, ...], Field(max_length=8)] | None = None
    """For `succeed`: the coordinator's signing keys that count from now on."""
    successions: Annotated[tuple[Succession, ...], Field(max_length=MOST)] | None = None
    """For `succeed`: which key follows which. One that signs may follow what the node knows only by this."""


class ReplyHeader(Message):
    """Clear part of a node's reply."""

    kind: Literal["reply"] = "reply"
    command_id: UUID
    node_id: UUID
    status: Literal["ok", "rejected", "unavailable"]
    code: Name | None = None
    """A stable word for programs when the status is not ok."""
    http_status: Annotated[int, Field(ge=200, le=599)] = 200
    message: Text = ""
