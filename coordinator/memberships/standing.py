"""Keeps the list of nodes whose messages are accepted: those of the configuration and those that joined,
without those that were revoked."""

from __future__ import annotations

import asyncio
from typing import Final

from coordinator.memberships import service as memberships
from coordinator.web_api.parts import Parts
from shared.sealing import parse_signing_public

EVERY_S: Final = 5.0
"""How long another replica's change may take to arrive here."""


async def refresh(parts: Parts) -> None:
    """Read which nodes are accepted now; forget the heartbeats of those that are not."""
    found = await parts.reading(memberships.standing)
    keys = found.joined | {node.node_id: node.signing_key for node in parts.config.nodes}
    accepted = {node: parse_signing_public(key) for node, key in keys.items() if node not in found.revoked}
    for node_id in parts.signers.keys() - accepted.keys():
        del parts.signers[node_id]
        parts.fleet.forget(node_id)
    parts.signers.update(accepted)


async def run(parts: Parts) -> None:
    """Refresh it again and again."""
    while True:
        await asyncio.sleep(EVERY_S)
        await refresh(parts)
