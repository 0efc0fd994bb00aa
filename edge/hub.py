"""The node's connection to the hub: log in as a node, and store alerts and states in its streams."""

from __future__ import annotations

import json
from typing import Final
from uuid import UUID

from shared import subjects
from shared.errors import Unavailable
from shared.hub_caller import Caller, HubAddress
from shared.hub_link import HubLink

MAX_HANDLING: Final = 32
"""Commands and marks handled at the same time; further ones are dropped, and their sender times out."""


def node_link(address: HubAddress, node_id: UUID) -> HubLink:
    """The node's connection. It connects when it runs."""
    return HubLink(
        address,
        Caller(
            name=f"edge {node_id}",
            inbox_of=node_id,
            handled_at_once=MAX_HANDLING,
            handled_of_one=MAX_HANDLING,  # all of a node's commands come from the one coordinator
            pending_messages=64,
            pending_bytes=64 * 2**20,
        ),
    )


async def store(hub: HubLink, subject: str, message: bytes, *, message_id: str, timeout_s: float) -> None:
    """Publish a message to the alert stream and wait for its acknowledgement.

    Raises `Unavailable` when the hub is not connected, does not answer, has no stream, or refuses.
    """
    headers = {"Nats-Msg-Id": message_id, "Nats-Expected-Stream": subjects.ALERT_STREAM}
    await _stored(hub, subject, message, headers, timeout_s)


async def store_state(hub: HubLink, subject: str, message: bytes, *, timeout_s: float) -> None:
    """Publish a session's state, which replaces the one before, and wait for its acknowledgement. Raises as
    `store` does."""
    await _stored(hub, subject, message, {"Nats-Expected-Stream": subjects.STATE_STREAM}, timeout_s)


async def _stored(
    hub: HubLink, subject: str, message: bytes, headers: dict[str, str], timeout_s: float
) -> None:
    reply = await hub.request(subject, message, timeout_s=timeout_s, headers=headers)
    try:
        acknowledged = "error" not in json.loads(reply)
    except (ValueError, TypeError):
        acknowledged = False
    if not acknowledged:
        raise Unavailable("the hub's stream did not accept the message")
