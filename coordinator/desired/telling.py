"""Tells nodes what they are to have, again and again until their heartbeats say that they have read it."""

from __future__ import annotations

import asyncio
import logging
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.desired import service as desired
from coordinator.desired.layers import Layer, Whole, is_told, merged
from coordinator.nodes import asking, service as nodes
from coordinator.web_api.parts import Parts
from shared.errors import Rejected, Unavailable
from shared.messages.desired import Desired
from shared.messages.heartbeats import HEARTBEAT_INTERVAL_S
from shared.seldom import Seldom

log = logging.getLogger(__name__)

AT_ONCE: Final = 8


async def run(parts: Parts) -> None:
    """Run a round after every heartbeat interval, until cancelled."""
    complaints = Seldom()
    while True:
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)
        await tell_all(parts, complaints)


async def tell_all(parts: Parts, complaints: Seldom) -> None:
    """Tell every node that is heard and has not read what it is to have."""
    heard = {one.heartbeat.node_id: one.heartbeat for one in parts.fleet.online(parts.clock())}
    if not any(one.desired is not None for one in heard.values()):
        return
    try:
        wholes = await parts.reading(_wholes)
    except Unavailable:
        return  # the next round repeats it
    turns = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        for node_id, beat in heard.items():
            whole = wholes.get(node_id)
            if whole is not None and not is_told(beat.desired, whole):
                tasks.create_task(_tell(parts, node_id, whole.desired, turns, complaints))


async def _tell(
    parts: Parts, node_id: UUID, order: Desired, turns: asyncio.Semaphore, complaints: Seldom
) -> None:
    async with turns:
        try:
            await asking.configure(parts.commander, node_id, order)
        except (Rejected, Unavailable) as error:
            if count := complaints.count((node_id, error.code), parts.clock()):
                log.warning(
                    "a node has not taken its settings; they are sent again",
                    extra={"node_id": node_id, "code": error.code, "count": count},
                )


def _wholes(db: Session) -> dict[UUID, Whole]:
    layers: list[Layer] = desired.layers(db)
    found = {row.id: merged(layers, row.id, row.region) for row in nodes.all_nodes(db)}
    return {node_id: whole for node_id, whole in found.items() if whole is not None}
