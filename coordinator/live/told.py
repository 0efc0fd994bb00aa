"""What a coordinator tells the others, so that they tell their sockets. Pure.

It names what is to be told by id; each coordinator reads it from the database itself, so nothing personal
passes the hub here.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.messages.message import Message


class Here(Message):
    """A coordinator is there; told again and again."""

    kind: Literal["here"] = "here"


class AlertTold(Message):
    """A revision of an alert was stored and told."""

    kind: Literal["alert"] = "alert"
    session_id: UUID
    alert_id: UUID
    revision: Annotated[int, Field(ge=1, le=2)]


class SessionOver(Message):
    """A session is over."""

    kind: Literal["over"] = "over"
    session_id: UUID


class DeviceReplaced(Message):
    """A session went to another device."""

    kind: Literal["device"] = "device"
    session_id: UUID
    device: Annotated[int, Field(ge=0, le=2**31 - 1)]


class NodeChanged(Message):
    """A session went to another node."""

    kind: Literal["node"] = "node"
    session_id: UUID


class CandidateListens(Message):
    """Asks whether the session's candidate has an open socket there."""

    kind: Literal["listens"] = "listens"
    session_id: UUID


Told = Here | AlertTold | SessionOver | DeviceReplaced | NodeChanged | CandidateListens


class FromCoordinator(Message):
    """One message to the other coordinators."""

    by: UUID
    """The coordinator that says it, new with each start."""
    said: Annotated[Told, Field(discriminator="kind")]
