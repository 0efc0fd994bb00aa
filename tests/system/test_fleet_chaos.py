"""A fleet under chance: nodes, hub and coordinators are killed, frozen and cut off, and nothing is lost or
told twice.

`make chaos` alone runs it: some ten minutes. `make chaos SEED=7` draws other faults, the same ones each time,
and PROCTOR_FAULTS=50 the first 50 of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from coordinator.ground.database import Database
from coordinator.nodes.assignments import Because
from tests.support.databases import TEMPLATE, migrated_postgres, postgres
from tests.support.eventually import cancelled
from tests.support.faults import Fault, Kind, drawn
from tests.support.fleet_course import BACK_WITHIN_S, delivered, one_killed, seated, until_back
from tests.support.fleet_ledger import Ledger, doubled, lacking, lasting, ledger, stale
from tests.support.fleet_node import Kept
from tests.support.fleet_site import Fleet, fleet
from tests.support.postgres import copy_database, database_url
from tests.support.thorough import SEED, rounds

__all__ = ["migrated_postgres", "postgres"]
log = logging.getLogger(__name__)

FAULTS: Final = rounds(0, int(os.environ.get("PROCTOR_FAULTS") or 220))
SEATED_WITHIN_S: Final = 60.0
KILLED: Final = "node0"
WATCHED_S: Final = 5.0

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.postgres,
    pytest.mark.realtime,
    pytest.mark.xdist_group("realtime"),
    pytest.mark.skipif(not FAULTS, reason="for longer than `make test` lasts: make chaos"),
]


@pytest.mark.timeout(3_000)
def test_chance_costs_a_fleet_nothing(
    tmp_path: Path, migrated_postgres: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"fleet_{os.getpid()}"
    copy_database(migrated_postgres, TEMPLATE, name)
    database = Database(database_url(migrated_postgres, name))

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    async def story() -> list[Kept]:
        async with fleet(tmp_path, migrated_postgres, name) as world:
            faults = drawn(SEED, FAULTS, {place: tuple(one.acts) for place, one in world.places.items()})
            say(f"\n{len(faults)} faults in {faults[-1].ends_s:.0f} s; SEED={SEED} draws them again")
            await seated(world)
            living = [asyncio.create_task(page.live()) for page in world.pages.values()]
            try:
                return await exam(world, faults, database, say)
            finally:
                await cancelled(*living)

    try:
        kept = asyncio.run(story())
        known = ledger(database)
        say(_figures(kept, known))
        assert not lacking(kept, known)
        assert not stale(kept, known)
        assert not doubled(known)
        assert set(known.refused.values()) <= {"after-assignment"}
        assert set(known.parked.values()) <= {"perhaps-after-assignment"}
        assert not lasting(known), Counter(one.event_type.value for one in lasting(known))
        assert all(one[-1].to_utc is None for one in known.held.values())
    finally:
        database.close()


async def exam(
    world: Fleet, faults: Sequence[Fault], database: Database, say: Callable[[str], None]
) -> list[Kept]:
    """Thirty exams from their beginning to their end, with all these faults between; what the nodes kept."""
    await until_back(world, SEATED_WITHIN_S)
    await one_killed(world, KILLED, say)
    _, start = world.places[KILLED].acts[Kind.KILL]
    await asyncio.to_thread(start)
    await world.suffer(faults, say)
    assert not (away := await until_back(world, BACK_WITHIN_S)), away
    world.air.calm = True
    await asyncio.sleep(WATCHED_S)
    for session in world.pages:
        await world.told("POST", f"/session/{session}/end")
    say(f"pages' questions by answer: {dict(sorted(world.answers.items()))}")
    back_s = sorted(one for page in world.pages.values() for one in page.back_s)
    say(f"{len(back_s)} times back, half within {back_s[len(back_s) // 2]:.1f} s of the question")
    return await delivered(world, database)


def _figures(kept: list[Kept], known: Ledger) -> str:
    because = Counter(one.because for held in known.held.values() for one in held)
    moves = sum(count for why, count in because.items() if why is not Because.STARTED)
    alerts = len({one.alert_id for one in kept})
    events = Counter(one.event_type.value for one in known.alerts.values())
    return (
        f"{len(kept)} messages of {alerts} alerts kept; {len(known.alerts)} alerts stored; refused "
        f"{dict(Counter(known.refused.values()))}, parked {dict(Counter(known.parked.values()))}; "
        f"{moves} moves {dict(because)}; {dict(events)}"
    )
