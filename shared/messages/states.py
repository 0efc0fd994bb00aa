"""The clear header of a session's state, which its node sends while it watches the session.

The body is the state as JSON (`edge.sessions.memory`), sealed to the key of this candidate and exam like its
alerts: only the coordinator opens it, to hand the session over to another node.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.consents import Purpose
from shared.fields import Utc
from shared.messages.message import Message

MAX_STATE_BYTES: Final = 640_000
"""Of the state before it is sealed: it must fit into a `start` beside the templates and the policy."""
STATE_EVERY_S: Final = 5.0
"""How old the last state of a session may be, at most."""


class StateHeader(Message):
    """Clear part of a session's state."""

    kind: Literal["state"] = "state"
    session_id: UUID
    tenant_id: UUID
    node_id: UUID
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)]
    key_id: UUID
    """The key that the body is sealed to."""
    saved_utc: Utc
    """By the node's clock."""
    policy_version: int
    paused: bool
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] = ()
    """The order under which it was saved: under another one only its clock goes on."""
