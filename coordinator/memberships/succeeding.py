"""Tells nodes which of the coordinator's signing keys count, until their heartbeats say that they know.

A node that was away while one key followed another refuses what the present one signs, but not this: it says
which key follows which, in words that the node can check itself.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final
from uuid import UUID

from coordinator.ground.signing_files import Signing
from coordinator.nodes import asking, service as nodes
from coordinator.web_api.parts import Parts
from shared.errors import Rejected, Unavailable
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S
from shared.seldom import Seldom

log = logging.getLogger(__name__)

AT_ONCE: Final = 8


async def run(parts: Parts) -> None:
    """Run a round after every heartbeat interval, until cancelled."""
    complaints, noted = Seldom(), dict[UUID, str]()
    while True:
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)
        await tell_all(parts, complaints, noted)


async def tell_all(parts: Parts, complaints: Seldom, noted: dict[UUID, str]) -> None:
    """Tell every node that is heard and does not know; `noted`: what was written down of each."""
    signing = parts.keys.signing_keys.current
    if not signing.successions:
        return
    marks, turns = signing.marks, asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for state in parts.fleet.online(parts.clock()):
            node_id, known = state.heartbeat.node_id, state.heartbeat.coordinator_keys
            if known not in (None, *marks):
                tasks.create_task(_tell(parts, node_id, signing, turns, complaints))
            elif known is not None and noted.get(node_id) != known:
                tasks.create_task(_note(parts, node_id, known, noted))


async def _tell(
    parts: Parts, node_id: UUID, signing: Signing, turns: asyncio.Semaphore, complaints: Seldom
) -> None:
    async with turns:
        try:
            await asking.succeed(parts.commander, node_id, signing)
        except (Rejected, Unavailable) as error:
            if count := complaints.count((node_id, error.code), parts.clock()):
                log.warning(
                    "a node has not learned the coordinator's signing keys; it is told again",
                    extra={"node_id": node_id, "code": error.code, "count": count},
                )


async def _note(parts: Parts, node_id: UUID, mark: str, noted: dict[UUID, str]) -> None:
    try:
        await parts.writing(partial(nodes.note_keys, node_id=node_id, mark=mark))
    except Unavailable:
        return  # the next round repeats it
    noted[node_id] = mark
