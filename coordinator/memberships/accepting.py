"""Keeps the list of nodes whose messages are accepted: those of the configuration and those that joined,
without those that were revoked; and which of them get new sessions."""

from __future__ import annotations

import asyncio
from typing import Final

from coordinator.memberships import service as memberships
from coordinator.nodes.placements import Placement
from coordinator.web_api.parts import Parts
from shared.sealing import parse_signing_public

EVERY_S: Final = 5.0
"""How long another replica's change may take to arrive here."""


async def refresh(parts: Parts) -> None:
    """Read which nodes are accepted now, and which get sessions; forget the heartbeats of the others, and
    tell the hub."""
    now_utc = parts.utc_now()
    parts.members.begun += 1
    number = parts.members.begun
    found = await parts.reading(lambda db: memberships.members(db, now_utc))
    if number < parts.members.applied:
        return  # what was read later counts already; this could bring back a node that was just revoked
    parts.members.applied = number
    keys = found.joined | {node.node_id: node.signing_key for node in parts.config.nodes}
    accepted = {node: parse_signing_public(key) for node, key in keys.items() if node not in found.revoked}
    for node_id in parts.signers.keys() - accepted.keys():
        del parts.signers[node_id]
        parts.fleet.forget(node_id)
    parts.signers.update(accepted)
    parts.fleet.accept({node: found.closed.get(node, Placement.OPEN) for node in accepted})
    if parts.hub_account is not None:
        await parts.hub_account.tell(found.revoked_at_hub, now_utc)


async def run(parts: Parts) -> None:
    """Refresh it again and again."""
    while True:
        await asyncio.sleep(EVERY_S)
        await refresh(parts)
