"""What a test does with a fleet of programs: seats candidates, kills a node of theirs, waits for it all."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

import pytest

from coordinator.ground.database import Database
from tests.support.faults import Kind
from tests.support.fleet_ledger import lacking, lasting, ledger, stale
from tests.support.fleet_node import Kept, kept_by
from tests.support.fleet_pages import SILENT_AFTER_S
from tests.support.fleet_site import Fleet

SESSIONS: Final = 30
BACK_WITHIN_S: Final = 300.0
"""After the last fault."""
DELIVERED_WITHIN_S: Final = 300.0
"""After the last end: a message that cannot be judged comes again for 40 s."""
MEDIA_BACK_S: Final = 10.0
"""For nineteen of twenty sessions of one killed node, after their page has asked."""
FLOWS_S: Final = 4.0
LOOK_S: Final = 1.0


async def until_back(world: Fleet, within_s: float) -> list[str]:
    """Wait until every page's media have flowed, and its session's node has said so; the others, with why."""
    deadline = asyncio.get_running_loop().time() + within_s
    away = dict.fromkeys(world.pages, "not asked for")
    while away and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(LOOK_S)
        for name in list(away):
            answer = await world.told("GET", f"/session/{name}")
            page = answer["page"]
            if world.pages[name].flows(FLOWS_S) and page is not None and page["state"] == "connected":
                del away[name]
            else:
                away[name] = f"{answer}, closed with {world.pages[name].closed}"
    return [f"{name}: {why}" for name, why in away.items()]


async def one_killed(world: Fleet, name: str, say: Callable[[str], None]) -> None:
    """One node of three dies for good, among all these sessions: how soon its own have their media again."""
    kill, _ = world.places[name].acts[Kind.KILL]
    before = {session: page.url for session, page in world.pages.items()}
    await asyncio.to_thread(kill)
    await asyncio.sleep(SILENT_AFTER_S + LOOK_S)
    assert not (away := await until_back(world, BACK_WITHIN_S)), away
    moved = [page for session, page in world.pages.items() if page.url != before[session]]
    assert moved, f"no session was at {name}"
    back_s = sorted(page.back_s[-1] for page in moved)
    p95_s = back_s[math.ceil(0.95 * len(back_s)) - 1]
    say(
        f"{len(moved)} sessions of a killed node: media back {back_s[0]:.1f} to {back_s[-1]:.1f} s after the "
        f"question, p95 {p95_s:.1f} s"
    )
    assert p95_s <= MEDIA_BACK_S


async def seated(world: Fleet) -> None:
    """Every candidate, once there are nodes."""
    for number in range(SESSIONS):
        for _ in range(120):
            try:
                await world.sit(number)
                break
            except AssertionError:
                await asyncio.sleep(1.0)
        else:
            pytest.fail("no node takes a session")


async def delivered(world: Fleet, database: Database) -> list[Kept]:
    """What the nodes have kept, once the coordinators have it all."""
    deadline = asyncio.get_running_loop().time() + DELIVERED_WITHIN_S
    while True:
        kept = [one for folder in world.nodes.values() for one in kept_by(folder)]
        known = await asyncio.to_thread(ledger, database)
        done = not lacking(kept, known) and not stale(kept, known) and not lasting(known)
        if done or asyncio.get_running_loop().time() > deadline:
            return kept
        await asyncio.sleep(2.0)
