"""Retention on a real database: what is due goes and nothing else, whatever interrupts it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, col, select, update

from coordinator.audit.tables import AuditEntry
from coordinator.holds import service as holds
from coordinator.holds.tables import LegalHold
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.keys.tables import Key
from coordinator.retention import erasing_service as erasing, running, service as retention
from coordinator.retention.running import Asked
from coordinator.retention.service import Erased
from coordinator.retention.tables import RetentionTally
from coordinator.reviews.states import Act
from coordinator.reviews.tables import ReviewAct
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.api.holds import LegalHoldRequest
from shared.errors import Unavailable
from shared.holds import HeldThing
from shared.policy.terms import Retention
from shared.retention import Kept
from shared.tokens import Claims, Role
from tests.support.eventually import PATIENCE_S
from tests.support.killed import Killed, killed_after
from tests.support.retained import EVERYTHING, Rows, Sat, left, sat, set_state, stopped_parts
from tests.support.thorough import SEED, rounds

OVER: Final = datetime(2026, 11, 22, 18, tzinfo=UTC)
OWN: Final = Retention(templates_days=30, evidence_days=10, alerts_days=90)
"""The days of another policy."""
HELD_EXAM: Final = "HELD"
MOMENT: Final = timedelta(minutes=5)
"""Longer than any run takes, for its time goes on while it erases."""
SHORT_S: Final = 0.5
"""Enough for what need not wait."""
SURE: Final = timedelta(days=5_000)
"""Long after everything."""


def days(count: int) -> timedelta:
    return timedelta(days=count)


@dataclass(slots=True)
class Stage:
    """A coordinator with its people, of five kinds in turn: plain, held, of a held exam, under appeal, and
    with another policy."""

    parts: Parts
    people: list[Sat]
    now_utc: datetime = OVER

    def at(self, now_utc: datetime) -> None:
        self.now_utc = now_utc

    def erase(self) -> Erased | None:
        return asyncio.run(running.erase_due(self.parts, Asked(uuid4(), self.now_utc)))

    def left(self) -> dict[UUID, frozenset[Kept]]:
        with self.parts.database.read() as db:
            return left(db)

    def kind(self, number: int) -> list[Sat]:
        return self.people[number::5]

    def due_after(self, number: int, kept: Kept) -> timedelta:
        """How long after the exam a class of a person is to go, by the rules as people read them."""
        if number % 5 in (1, 2, 3):
            return SURE
        terms = OWN if number % 5 == 4 else Retention()
        return {
            Kept.TEMPLATES: days(terms.templates_days),
            Kept.EVIDENCE: days(terms.evidence_days),
            Kept.ALERTS: days(terms.alerts_days),
            Kept.FEATURES: days(terms.features_days),
            Kept.RECORDS: days(365),
        }[kept]

    def expected(self, after: timedelta) -> dict[UUID, frozenset[Kept]]:
        return {
            one.candidate_id: frozenset(
                kept for kept in EVERYTHING if OVER + after < one.over_utc + self.due_after(number, kept)
            )
            for number, one in enumerate(self.people)
        }


def staged(parts: Parts, count: int) -> Stage:
    rows = Rows()
    people = [
        sat(
            rows,
            number,
            OVER + (number % 2) * MOMENT,
            exam=HELD_EXAM if number % 5 == 2 else "BIO",
            days=OWN if number % 5 == 4 else None,
        )
        for number in range(count)
    ]
    who = {"reason_sealed": b"why", "held_by": "dora", "held_utc": OVER}
    for one in people[1::5]:
        rows.add(
            LegalHold, thing=HeldThing.CANDIDATE, candidate_id=one.candidate_id, exam_reference=None, **who
        )
    rows.add(LegalHold, thing=HeldThing.EXAM, candidate_id=None, exam_reference=HELD_EXAM, **who)
    with parts.database.write() as db:
        rows.store(db)
        set_state(db, people[3::5], State.APPEALED)
    return Stage(parts, people)


@pytest.fixture
def parts(migrated_url: str, tmp_path: Path) -> Iterator[Parts]:
    made = stopped_parts(migrated_url, tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def sqlite_parts(sqlite_url: str, tmp_path: Path) -> Iterator[Parts]:
    made = stopped_parts(sqlite_url, tmp_path)
    yield made
    made.database.close()


def test_at_each_boundary_exactly_what_was_planned_is_gone(parts: Parts) -> None:
    """Every second person's exam ended a moment later, so that for them each boundary is yet to come."""
    stage = staged(parts, 1_000 if parts.database.dialect == "sqlite" else 100)
    before = stage.expected(days(0))
    for boundary in sorted({stage.due_after(number, kept) for number in (0, 4) for kept in EVERYTHING}):
        stage.at(OVER + boundary)
        erased = stage.erase()
        assert erased is not None
        assert not erased.more
        after = stage.expected(boundary)
        assert stage.left() == after, boundary
        gone = Counter(kept for who, all_of_it in before.items() for kept in all_of_it - after[who])
        gone[Kept.RECORDS] *= 2  # of the exam, and of the person
        assert Counter({kept: one.things for (_, kept), one in erased.tallies.items()}) == +gone
        before = after
    assert planned_to_go(stage) == Counter()


def planned_to_go(stage: Stage) -> Counter[Kept]:
    now_utc = stage.now_utc

    async def work() -> Counter[Kept]:
        found: Counter[Kept] = Counter()
        async for items in running.looked(stage.parts, DEFAULT_TENANT_ID, now_utc):
            found.update(one.kept for one in items if one.goes(now_utc))
        return found

    return asyncio.run(work())


def test_four_hundred_days_ahead_only_what_is_held_or_reviewed_is_left(parts: Parts) -> None:
    stage = staged(parts, 20)
    stage.at(OVER + days(400))
    stage.erase()
    assert stage.left() == stage.expected(days(400))
    with parts.database.write() as db:
        set_state(db, stage.kind(3), State.UPHELD)
        for hold in db.exec(select(LegalHold)):
            hold.released_utc = OVER + days(400)
    stage.erase()
    assert set(stage.left().values()) == {frozenset()}
    with parts.database.read() as db:
        proofs = db.exec(select(Key.wrapped, Key.destroyed_utc)).all()
        entries = db.exec(select(AuditEntry.act, AuditEntry.role).distinct()).all()
    assert {wrapped for wrapped, _ in proofs} == {None}
    assert None not in {destroyed for _, destroyed in proofs}
    assert set(entries) == {(f"erase_{kept}", "coordinator") for kept in Kept}


REVIEWS: Final[dict[str, tuple[dict[str, Any], bool]]] = {
    "nobody has looked": ({"state": State.OPEN}, False),
    "claimed": ({"state": State.OPEN, "claim_expires_utc": OVER + days(401)}, True),
    "a claim that is over": ({"state": State.OPEN, "claim_expires_utc": OVER + days(399)}, False),
    "confirmed by one": ({"state": State.SECONDING}, True),
    "may still be undone": ({"state": State.DISMISSED, "effective_utc": OVER + days(401)}, True),
    "in effect": ({"state": State.DISMISSED, "effective_utc": OVER + days(399)}, False),
    "under appeal": ({"state": State.APPEALED}, True),
    "appeal is decided": ({"state": State.OVERTURNED}, False),
    "opened again": ({"state": State.OPEN}, True),
}
"""How an incident stands, and whether a person still has to do with it."""


def test_what_a_person_still_has_to_decide_is_kept_and_nothing_else(parts: Parts) -> None:
    rows = Rows()
    people = {name: sat(rows, number, OVER) for number, name in enumerate(REVIEWS)}
    rows.add(
        ReviewAct,
        incident_id=people["opened again"].incident_id,
        act=Act.REOPEN,
        actor="ann",
        role=Role.PROCTOR,
        state=State.OPEN,
        at_utc=OVER,
    )
    with parts.database.write() as db:
        rows.store(db)
        for name, (how, _) in REVIEWS.items():
            mine = col(Incident.id) == people[name].incident_id
            db.exec(update(Incident).where(mine).values(**how))
    asyncio.run(running.erase_due(parts, Asked(uuid4(), OVER + days(400))))
    with parts.database.read() as db:
        kept = left(db)
    assert {name: bool(kept[one.candidate_id]) for name, one in people.items()} == {
        name: waits for name, (_, waits) in REVIEWS.items()
    }


def test_killed_fifty_times_anywhere_it_comes_to_the_same_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ERASED_AT_ONCE", 3)
    stage = staged(parts, 20)
    chance, now_utc, end = random.Random(20261130), OVER + days(400), stage.expected(days(400))
    kills, found = 0, stage.left()
    while kills < 50:
        now_utc += retention.HELD_FOR  # whoever comes next waits for the lease of who died
        stage.at(now_utc)
        # A run that finds nothing any more has few statements.
        with killed_after(parts, chance.randrange(1, 12 if found == end else 150)):
            try:
                stage.erase()
            except Killed:
                kills += 1
        found = stage.left()
        assert all(end[who] <= one for who, one in found.items())
    stage.at(now_utc + 2 * retention.HELD_FOR)  # who died in mid-work had the lease from then on
    stage.erase()
    assert stage.left() == end
    with parts.database.read() as db:
        rows = db.exec(select(RetentionTally)).all()
    counted = Counter({kept: sum(row.things for row in rows if row.kept == kept) for kept in Kept})
    gone = len(stage.kind(0)) + len(stage.kind(4))
    # Records are those of the exam and those of the person.
    assert counted == {
        Kept.TEMPLATES: gone,
        Kept.EVIDENCE: gone,
        Kept.FEATURES: gone,
        Kept.ALERTS: gone,
        Kept.RECORDS: 2 * gone,
    }


def test_kill_9_at_any_instant_comes_to_the_same_end(
    sqlite_parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process itself is gone, whatever it was in the middle of: at each kill in another step of a run."""
    monkeypatch.setattr(running, "ERASED_AT_ONCE", 10)
    stage, kills = staged(sqlite_parts, rounds(100, 1_000)), rounds(6, 50)
    begin, end = stage.left(), stage.expected(days(400))
    chance, now_utc, found, killed = random.Random(SEED), OVER + days(400), begin, 0
    keys = [living_keys(sqlite_parts)]
    while killed < kills:
        now_utc += retention.HELD_FOR  # whoever comes next waits for the lease of who died
        sqlite_parts.database.engine.dispose()  # a connection is of one process
        batches = -(-sum(one != end[who] for who, one in found.items()) // 10)
        steps = chance.randrange(max(1, 2 * batches))
        killed += killed_in(sqlite_parts, now_utc, steps, chance.uniform(0.0, 0.02))
        before, found = found, stage.left()
        assert all(end[who] <= one <= before[who] for who, one in found.items())
        keys.append(living_keys(sqlite_parts))
        assert len(keys) < 2 * kills, "most had ended before they were killed"
    assert len(set(keys)) > 2 or found != begin, "each was killed before it erased anything"
    stage.at(now_utc + 2 * retention.HELD_FOR)
    stage.erase()
    assert stage.left() == end != begin


def living_keys(parts: Parts) -> int:
    with parts.database.read() as db:
        return len(db.exec(select(Key.id).where(col(Key.wrapped).is_not(None))).all())


def killed_in(parts: Parts, now_utc: datetime, steps: int, after_s: float) -> bool:
    """Kill a process that erases, a moment after it has begun so many steps; False if it had ended."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        run_and_exit(parts, now_utc, tell)
    os.close(tell)
    with os.fdopen(told, "rb", buffering=0) as begun:
        while steps and begun.read(1):
            steps -= 1
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def run_and_exit(parts: Parts, now_utc: datetime, tell: int) -> None:
    """In a process of its own: erase a few at a time, as long as it lives, and tell of each step."""
    status, step = 1, retention.still_held

    def told(db: Session, holder: UUID, now_utc: datetime) -> bool:
        os.write(tell, b".")
        return step(db, holder, now_utc)

    retention.still_held = told
    try:
        asyncio.run(running.erase_due(parts, Asked(uuid4(), now_utc)))
        status = 0
    finally:
        os._exit(status)


def test_one_coordinator_erases_at_a_time_and_another_takes_over_from_a_dead_one(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    stage = staged(parts, 5)
    stage.at(OVER + days(400))
    first, now_utc = uuid4(), OVER + days(400)
    with parts.database.write() as db:
        assert retention.take(db, first, now_utc, if_due=True)
    assert stage.erase() is None
    stage.at(now_utc + retention.HELD_FOR)
    assert stage.erase() is not None
    with parts.database.write() as db:
        assert not retention.still_held(db, first, now_utc + retention.HELD_FOR)
    assert stage.left() == stage.expected(days(400))


def test_who_lost_the_lease_in_the_middle_erases_nothing_more(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    stage = staged(parts, 5)
    stage.at(OVER + days(400))
    before = stage.left()
    take = retention.take

    def taken_over(db: Any, holder: UUID, now_utc: datetime, *, if_due: bool) -> bool:
        assert take(db, holder, now_utc, if_due=if_due)
        return take(db, uuid4(), now_utc + days(1), if_due=if_due)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "take", taken_over)
        with pytest.raises(Unavailable):
            stage.erase()
    assert stage.left() == before


def test_it_runs_every_hour_and_goes_on_at_once_with_what_a_run_left(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    stage, holder = staged(parts, 15), uuid4()

    def run(at_utc: datetime, **more: Any) -> Erased | None:
        return asyncio.run(running.erase_due(parts, Asked(holder, at_utc, if_due=True, **more)))

    begin = OVER + days(400)
    first = run(begin, most=2)
    assert first is not None
    assert first.more
    second = run(begin + MOMENT)
    assert second is not None
    assert not second.more
    assert stage.left() == stage.expected(days(400))
    done = begin + MOMENT
    assert run(done + retention.EVERY - MOMENT) is None
    assert run(done + retention.EVERY) is not None
    assert run(begin) is not None, "a clock that was set back must not stop it"


def test_a_hold_on_an_exam_is_not_placed_while_it_is_erased(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, placed = staged(parts, 1), threading.Event()
    stage.at(OVER + days(400))
    claims = Claims(subject="dora", role=Role.ADMIN, tenant_id=DEFAULT_TENANT_ID)
    request = LegalHoldRequest(exam_id="BIO", reason="Case 7")

    def place() -> None:
        with parts.database.write() as db:
            holds.place(db, parts.keys.keyring, claims, request, stage.now_utc)
        placed.set()

    thread, destroy = threading.Thread(target=place), erasing.destroy_keys
    early: list[bool] = []

    def destroyed(*args: Any) -> Any:
        if not thread.ident:
            thread.start()
            early.append(placed.wait(SHORT_S))
        return destroy(*args)

    monkeypatch.setattr(erasing, "destroy_keys", destroyed)
    stage.erase()
    thread.join(PATIENCE_S)
    assert early == [False], "it said that it keeps what was gone a moment later"
    assert placed.is_set()


def test_another_institutions_hold_keeps_nothing_here(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    stage = staged(parts, 5)
    with parts.database.write() as db:
        for hold in db.exec(select(LegalHold).where(col(LegalHold.exam_reference) == HELD_EXAM)):
            hold.tenant_id = UUID("00000000-0000-7000-8000-000000000000")
            hold.exam_reference = None
    stage.at(OVER + days(400))
    stage.erase()
    found = stage.left()
    assert found[stage.people[2].candidate_id] == frozenset()
    assert found[stage.people[1].candidate_id] == EVERYTHING
