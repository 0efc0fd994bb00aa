"""A fleet under chance: nodes, hub and coordinators are killed, frozen and cut off, and nothing is lost or
told twice.

`make chaos` alone runs it: some ten minutes. `make chaos SEED=7` draws other faults, the same ones each time,
and PROCTOR_FAULTS=50 the first 50 of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.alerts.tables import RefusedAlert, StoredAlert
from coordinator.arriving.tables import ParkedMessage
from coordinator.ground.database import Database
from coordinator.nodes.assignments import Because
from coordinator.nodes.tables import Assignment
from coordinator.sessions.tables import ExamSession
from shared.events.types import EventClass, EventType
from tests.support.databases import TEMPLATE, migrated_postgres, postgres
from tests.support.eventually import cancelled
from tests.support.faults import Fault, Kind, drawn
from tests.support.fleet_node import Kept, kept_by
from tests.support.fleet_pages import EMPTY_S, SILENT_AFTER_S
from tests.support.fleet_site import Fleet, fleet
from tests.support.postgres import copy_database, database_url
from tests.support.thorough import SEED, rounds

__all__ = ["migrated_postgres", "postgres"]
log = logging.getLogger(__name__)

FAULTS: Final = rounds(0, int(os.environ.get("PROCTOR_FAULTS") or 220))
SESSIONS: Final = 30
SEATED_WITHIN_S: Final = 60.0
BACK_WITHIN_S: Final = 300.0
"""After the last fault."""
DELIVERED_WITHIN_S: Final = 300.0
"""After the last end: a message that cannot be judged comes again for 40 s."""
MEDIA_BACK_S: Final = 10.0
"""For nineteen of twenty sessions of one killed node, after their page has asked."""
KILLED: Final = "node0"
WATCHED_S: Final = 5.0
FLOWS_S: Final = 4.0
LOOK_S: Final = 1.0

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.postgres,
    pytest.mark.realtime,
    pytest.mark.xdist_group("realtime"),
    pytest.mark.skipif(not FAULTS, reason="for longer than `make test` lasts: make chaos"),
]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the database has of the sessions."""

    alerts: Mapping[UUID, StoredAlert]
    refused: Mapping[tuple[str, str, int], str]
    """Reasons, by place in an outbox."""
    parked: Mapping[tuple[str, str, int], str]
    held: Mapping[UUID, list[Assignment]]
    """By session, in the order of epochs."""
    names: Mapping[UUID, str]


def ledger(database: Database) -> Ledger:
    with database.read() as db:
        assignments = db.exec(select(Assignment).order_by(Assignment.epoch)).all()  # type: ignore[arg-type]
        held: dict[UUID, list[Assignment]] = {}
        for one in assignments:
            held.setdefault(one.session_id, []).append(one)
        return Ledger(
            {one.id: one for one in db.exec(select(StoredAlert))},
            {_place(one): one.reason for one in db.exec(select(RefusedAlert))},
            {_place(one): one.reason for one in db.exec(select(ParkedMessage))},
            held,
            {one.id: one.reference for one in db.exec(select(ExamSession))},
        )


def _place(one: RefusedAlert | ParkedMessage) -> tuple[str, str, int]:
    return (str(one.outbox_id), one.lane.value, one.sequence)


def lacking(kept: list[Kept], known: Ledger) -> list[Kept]:
    """What outboxes have kept, and the coordinators do not have."""
    return [
        one
        for one in kept
        if one.place not in known.refused
        and one.place not in known.parked
        and (one.alert_id not in known.alerts or known.alerts[one.alert_id].revision < one.revision)
    ]


def lasting(known: Ledger) -> list[StoredAlert]:
    """Alerts that are open; milestones never end."""
    milestone = EventClass.MILESTONE
    return [one for one in known.alerts.values() if one.cleared_utc is None and one.event_class != milestone]


def stale(kept: list[Kept], known: Ledger) -> list[str]:
    """Alerts of which an older revision, or the same one of an older epoch, stands for a newer one."""
    newest: dict[UUID, tuple[int, int]] = {}
    for one in kept:
        if one.place not in known.refused and one.place not in known.parked:
            newest[one.alert_id] = max(newest.get(one.alert_id, (0, 0)), (one.revision, one.epoch))
    return [
        f"{alert_id}: {known.alerts[alert_id].revision, known.alerts[alert_id].epoch} for {wanted}"
        for alert_id, wanted in newest.items()
        if alert_id in known.alerts
        and (known.alerts[alert_id].revision, known.alerts[alert_id].epoch or 0) < wanted
    ]


def doubled(known: Ledger) -> list[str]:
    """Absences that two alerts tell of, although the second one's node could know the first."""
    absences: dict[UUID, list[StoredAlert]] = {}
    for one in sorted(known.alerts.values(), key=lambda each: each.onset_utc):
        if one.event_type is EventType.FACE_NOT_FOUND:
            absences.setdefault(one.session_id, []).append(one)
    found = []
    for session_id, alerts in absences.items():
        for first, second in pairwise(alerts):
            apart_s = (second.onset_utc - first.onset_utc).total_seconds()
            if apart_s < EMPTY_S and first.received_utc < _since(known, second):
                found.append(f"{known.names[session_id]}: {first.id} and {second.id}, {apart_s:.2f} s apart")
    return found


def _since(known: Ledger, alert: StoredAlert) -> datetime:
    """When the node that raised an alert got its session."""
    return next(one.from_utc for one in known.held[alert.session_id] if one.epoch == alert.epoch)


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


async def one_killed(world: Fleet, say: Callable[[str], None]) -> None:
    """One node of three dies for good, among all these sessions: how soon its own have their media again."""
    place = world.places[KILLED]
    kill, start = place.acts[Kind.KILL]
    before = {name: page.url for name, page in world.pages.items()}
    async with place.busy:
        await asyncio.to_thread(kill)
        await asyncio.sleep(SILENT_AFTER_S + LOOK_S)
        assert not (away := await until_back(world, BACK_WITHIN_S)), away
        moved = [page for name, page in world.pages.items() if page.url != before[name]]
        assert moved, f"no session was at {KILLED}"
        back_s = sorted(page.back_s[-1] for page in moved)
        await asyncio.to_thread(start)
    p95_s = back_s[math.ceil(0.95 * len(back_s)) - 1]
    say(
        f"{len(moved)} sessions of a killed node: media back {back_s[0]:.1f} to {back_s[-1]:.1f} s after the "
        f"question, p95 {p95_s:.1f} s"
    )
    assert p95_s <= MEDIA_BACK_S


async def exam(
    world: Fleet, faults: Sequence[Fault], database: Database, say: Callable[[str], None]
) -> list[Kept]:
    """Thirty exams from their beginning to their end, with all these faults between; what the nodes kept."""
    await until_back(world, SEATED_WITHIN_S)
    await one_killed(world, say)
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
