"""An erasure whose process dies anywhere comes to the same end: it goes on from what the database has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlmodel import Session, col, select

from coordinator.candidates.tables import Candidate
from coordinator.config import PrivacySection
from coordinator.keys.tables import Key
from coordinator.privacy import (
    about_service as about,
    erasing_service as erasing,
    journal_file,
    journal_service as journal,
    steps,
)
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.privacy.tables import Erasure
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.erasures import Cause
from shared.receipts import SignedReceipt, is_genuine
from shared.tokens import Role
from tests.support.killed import Killed, killed_after
from tests.support.retained import Rows, Sat, sat, stopped_parts

OVER: Final = datetime(2026, 11, 22, 18, tzinfo=UTC)
MOST_STATEMENTS: Final = 120
"""More than an erasure has."""


@dataclass(slots=True)
class Stage:
    """A coordinator's parts with people who sat an exam."""

    parts: Parts
    people: list[Sat]
    file: Path

    def erase(self, one: Sat) -> None:
        """The request of an officer, whole."""

        def decide(db: Session) -> Erasure:
            person = db.get_one(Candidate, one.candidate_id)
            wish = ErasureOrder(candidate=person, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
            return erasing.decide(db, self.parts.keys, wish, self.parts.utc_now())

        async def whole() -> None:
            row = await self.parts.writing(decide)
            await steps.carry_on(self.parts, row.id)

        asyncio.run(whole())

    def go_on(self) -> None:
        """What a coordinator does at its next start."""

        async def whole() -> None:
            await steps.replay_journal(self.parts)
            for erasure_id in await self.parts.reading(erasing.unfinished):
                await steps.carry_on(self.parts, erasure_id)

        asyncio.run(whole())

    def decided(self, one: Sat) -> bool:
        with self.parts.database.read() as db:
            return db.get_one(Candidate, one.candidate_id).erased_utc is not None

    def end_of(self, one: Sat) -> tuple[dict[str, int], list[str]]:
        """What the receipt of a person counts, and what is left of the person."""
        with self.parts.database.read() as db:
            row = db.exec(select(Erasure).where(Erasure.candidate_id == one.candidate_id)).one()
            receipt = SignedReceipt.model_validate(row.receipt)
            left = [
                kind
                for kind, count in about.stored(
                    db, DEFAULT_TENANT_ID, one.candidate_id, [one.session_id]
                ).items()
                if count
            ]
            keys = db.exec(select(Key.wrapped).where(Key.candidate_id == one.candidate_id)).all()
            left += ["keys" for wrapped in keys if wrapped is not None]
        key = self.parts.keys.signing.public_key()
        assert is_genuine(receipt.model_dump_json().encode(), key)
        return dict(receipt.body.erased), left


@pytest.fixture
def stage(migrated_url: str, tmp_path: Path) -> Iterator[Stage]:
    parts = stopped_parts(migrated_url, tmp_path)
    file = tmp_path / "erasures.jsonl"
    parts.config = parts.config.model_copy(update={"privacy": PrivacySection(erasure_journal=file)})
    rows = Rows()
    people = [sat(rows, number, OVER) for number in range(MOST_STATEMENTS)]
    with parts.database.write() as db:
        rows.store(db)
    yield Stage(parts, people, file)
    parts.database.close()


def test_killed_at_each_statement_it_comes_to_the_same_end(stage: Stage) -> None:
    stage.erase(stage.people[0])
    end = stage.end_of(stage.people[0])
    assert end[1] == []
    kills = {"decided": 0, "not decided": 0}
    for statements, one in enumerate(stage.people[1:]):
        try:
            with killed_after(stage.parts, statements):
                stage.erase(one)
        except Killed:
            stage.go_on()
            kills["decided" if stage.decided(one) else "not decided"] += 1
            if not stage.decided(one):
                stage.erase(one)  # whoever asked got no answer, and asks again
        else:
            break  # it has no more statements
        assert stage.end_of(one) == end, statements
    assert min(kills.values()) > 5, kills
    assert sum(kills.values()) < MOST_STATEMENTS - 1, "it was never let to its end"
    with stage.parts.database.read() as db:
        numbers = db.exec(select(Erasure.number).order_by(col(Erasure.number))).all()
        written = journal.entries(db, 0)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert journal_file.read(stage.file, stage.parts.keys.signers) == written
    stage.go_on()
    with stage.parts.database.read() as db:
        assert journal.entries(db, 0) == written


def dies(*_: object, **__: object) -> Any:
    raise Killed


@pytest.mark.parametrize("place", ["refresh", "scrub", "journal", "journal's file"])
def test_killed_outside_of_a_transaction_it_comes_to_the_same_end(
    stage: Stage, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.erase(stage.people[0])
    one = stage.people[1]
    at: dict[str, tuple[Any, str]] = {
        "refresh": (stage.parts.verifier, "refresh"),
        "scrub": (stage.parts.database, "scrub"),
        "journal": (steps, "write_journal"),
        "journal's file": (journal_file, "write"),
    }
    with monkeypatch.context() as here:
        here.setattr(*at[place], dies)
        with pytest.raises(Killed):
            stage.erase(one)
    assert stage.decided(one)
    stage.go_on()
    assert stage.end_of(one) == stage.end_of(stage.people[0])
