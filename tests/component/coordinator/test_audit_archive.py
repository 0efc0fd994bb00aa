"""Old entries of the audit log go into archives that continue one another, whatever interrupts it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, func, select

from coordinator.audit import (
    archiving_service as archived_service,
    chaining_service as chaining,
    lines_service as lines,
    service as audit,
)
from coordinator.audit.tables import AuditCheckpoint, AuditEntry, AuditHead, AuditKey
from coordinator.ground.acting import Acting
from coordinator.ground.ids import uuid7
from coordinator.holds.tables import LegalHold
from coordinator.retention import archiving, exporting
from coordinator.storing_sections import AuditSection
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from coordinator.web_api.parts import Parts
from shared.audit_chain import BEGINNING
from shared.audit_check import AuditCheck
from shared.audit_file import first_line
from shared.errors import Corrupt, Rejected
from shared.holds import HeldThing
from shared.tokens import Claims, Role
from tests.support.killed import Killed, killed_after
from tests.support.retained import Rows, Sat, sat, stopped_parts

BEGAN: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS: Final = 6
A_DAY: Final = 5
"""Entries of a day, of each person one and one of nobody."""


def write_down(parts: Parts, people: list[Sat]) -> None:
    """Some days of acts of staff, chained and signed as they came."""
    claims = Claims(subject="maria", role=Role.PROCTOR, tenant_id=DEFAULT_TENANT_ID)
    for day in range(DAYS):
        at_utc = BEGAN + timedelta(days=day)
        with parts.database.write() as db:
            for one in (*people, None):
                acting = Acting(uuid7(), "10.1.2.3", claims, "get_session")
                if one is not None:
                    acting.candidate_id, acting.session_id = one.candidate_id, one.session_id
                audit.write(db, parts.keys.keyring, acting, 200, at_utc)
            chaining.chain_next(db, DEFAULT_TENANT_ID)
            chaining.sign_next(db, DEFAULT_TENANT_ID, parts.keys.signing, at_utc + timedelta(minutes=6))


@pytest.fixture
def people() -> list[Sat]:
    return []


@pytest.fixture
def parts(migrated_url: str, tmp_path: Path, people: list[Sat]) -> Iterator[Parts]:
    made = stopped_parts(migrated_url, tmp_path)
    rows = Rows()
    people += [sat(rows, number, BEGAN) for number in range(A_DAY - 1)]
    with made.database.write() as db:
        rows.store(db)
    write_down(made, people)
    yield made
    made.database.close()


def archived(parts: Parts, now_utc: datetime) -> int:
    return asyncio.run(archiving.archive_due(parts, now_utc))


def after(day: int) -> datetime:
    """From when on the entries of this day and those before are old enough."""
    return BEGAN.replace(hour=0) + timedelta(days=day + 1 + 365)


def files(parts: Parts) -> list[Path]:
    return sorted((parts.config.data_folder / "audit-archive" / str(DEFAULT_TENANT_ID)).glob("*"))


def rest(parts: Parts) -> list[bytes]:
    """What an export has now."""
    with parts.database.read() as db:
        begin, chain = lines.start(db, DEFAULT_TENANT_ID, 0)
        texts, _ = lines.chunk(db, DEFAULT_TENANT_ID, begin)
    first = first_line(DEFAULT_TENANT_ID, begin, chain, parts.keys.signing_text)
    return [line.encode() for line in "".join([first, *texts]).splitlines()]


def whole(parts: Parts) -> AuditCheck:
    """The archives and the rest, as one log."""
    check = AuditCheck((parts.keys.signing.public_key(),))
    check.read(*(one.read_bytes().splitlines() for one in files(parts)), rest(parts))
    return check


def numbers(parts: Parts) -> list[int]:
    with parts.database.read() as db:
        wanted = select(AuditEntry.number).where(col(AuditEntry.number).is_not(None))
        return sorted(number for number in db.exec(wanted) if number is not None)


def test_days_that_are_old_enough_move_and_the_chain_goes_on_over_the_cut(parts: Parts) -> None:
    assert archived(parts, after(0) - timedelta(seconds=1)) == 0
    assert archived(parts, after(1)) == 2 * A_DAY
    assert archived(parts, after(1)) == 0
    assert archived(parts, after(3)) == 2 * A_DAY
    assert [one.name for one in files(parts)] == [
        "000000000001-000000000005.jsonl",
        "000000000006-000000000010.jsonl",
        "000000000011-000000000015.jsonl",
        "000000000016-000000000020.jsonl",
    ]
    assert numbers(parts)[0] == 4 * A_DAY + 1
    check = whole(parts)
    assert (check.faults, check.began_after, check.entries) == ([], 0, DAYS * A_DAY)
    assert check.signed_to == DAYS * A_DAY
    assert b"maria" not in b"".join(one.read_bytes() for one in files(parts))
    assert {one.stat().st_mode & 0o777 for one in files(parts)} == {0o600}
    with parts.database.read() as db:
        assert {one for one in db.exec(select(AuditCheckpoint.number)) if one < 4 * A_DAY} == set()
        with pytest.raises(Rejected, match="in an archive") as refused:
            lines.start(db, DEFAULT_TENANT_ID, 3)
        assert refused.value.status == 410
        assert lines.start(db, DEFAULT_TENANT_ID, 22)[0] == 22
    with parts.database.write() as db:  # what comes next is chained to what was archived
        chaining.chain_next(db, DEFAULT_TENANT_ID)
        chaining.sign_next(db, DEFAULT_TENANT_ID, parts.keys.signing, after(3))
    assert archived(parts, after(400)) > 0
    assert whole(parts).faults == []
    with parts.database.read() as db:
        assert db.exec(select(AuditKey.wrapped)).all() == [None]


def test_nothing_of_the_last_half_year_can_be_archived() -> None:
    with pytest.raises(ValueError, match="184"):
        AuditSection(keep_days=183)


@pytest.mark.parametrize(
    "hold",
    [
        {"thing": HeldThing.CANDIDATE},
        {"thing": HeldThing.EXAM, "exam_reference": "BIO"},
        {"thing": HeldThing.INCIDENT, "exam_reference": "BIO"},
    ],
)
def test_a_hold_keeps_the_log_from_the_first_entry_about_its_person_on(
    parts: Parts, people: list[Sat], hold: dict[str, Any]
) -> None:
    person = None if hold["thing"] is HeldThing.EXAM else people[0].candidate_id
    with parts.database.write() as db:
        row = LegalHold(
            tenant_id=DEFAULT_TENANT_ID,
            candidate_id=person,
            reason_sealed=b"why",
            held_by="dora",
            held_utc=BEGAN,
            until_utc=after(3),
            **hold,
        )
        db.add(row)
    assert archived(parts, after(2)) == 0
    assert files(parts) == []
    assert archived(parts, after(3)) == 4 * A_DAY
    assert whole(parts).faults == []


def test_a_hold_on_many_is_asked_for_with_few_values(parts: Parts) -> None:
    """A statement has at most 65,535 of them in PostgreSQL."""
    rows, asked = Rows(), []
    for number in range(100, 150):
        sat(rows, number, BEGAN)
    with parts.database.write() as db:
        rows.store(db)
        db.add(
            LegalHold(
                tenant_id=DEFAULT_TENANT_ID,
                thing=HeldThing.EXAM,
                exam_reference="BIO",
                reason_sealed=b"why",
                held_by="dora",
                held_utc=BEGAN,
            )
        )

    def note(*said: Any) -> None:
        asked.append(len(said[3] or ()))

    event.listen(parts.database.engine, "before_cursor_execute", note)
    try:
        assert archived(parts, after(2)) == 0
    finally:
        event.remove(parts.database.engine, "before_cursor_execute", note)
    assert max(asked) < 20


def test_killed_fifty_times_anywhere_it_comes_to_the_same_end(parts: Parts) -> None:
    chance, died = random.Random(14), 0
    for kill in range(80):
        now_utc = after(min(kill // 12, DAYS - 1))
        with killed_after(parts, chance.randrange(1, 11)):
            try:
                archived(parts, now_utc)
            except Killed:
                died += 1
        assert [one for one in whole(parts).faults if "ends with" not in one] == []
    assert died >= 50
    archived(parts, after(DAYS - 1))
    check = whole(parts)
    assert (check.faults, check.entries >= DAYS * A_DAY, check.began_after) == ([], True, 0)
    with parts.database.read() as db:
        head = db.get_one(AuditHead, DEFAULT_TENANT_ID)
        left = select(func.count()).select_from(AuditEntry).where(col(AuditEntry.number) <= head.archived)
        assert (head.archived, db.exec(left).one()) == (DAYS * A_DAY, 0)
    assert sum(int(one.stem[13:]) - int(one.stem[:12]) + 1 for one in files(parts)) == DAYS * A_DAY


def test_an_export_has_also_what_is_archived_while_it_is_read(parts: Parts) -> None:
    many = lines.CHUNK + 1
    with parts.database.write() as db:
        stored = [(DEFAULT_TENANT_ID, uuid7(), uuid7(), 1) for _ in range(many)]
        audit.write_stored(db, stored, uuid7(), after(0) - timedelta(days=365, minutes=1))
    with parts.database.write() as db:
        while chaining.chain_next(db, DEFAULT_TENANT_ID):
            pass
        chaining.sign_next(db, DEFAULT_TENANT_ID, parts.keys.signing, BEGAN + timedelta(days=DAYS))
    begun = first_line(DEFAULT_TENANT_ID, 0, BEGINNING, parts.keys.signing_text)

    async def read_while_it_is_archived() -> AuditCheck:
        texts, reading = [begun], exporting.exported(parts, DEFAULT_TENANT_ID, 0)
        texts.append(await anext(reading))
        assert await archiving.archive_due(parts, after(DAYS)) == DAYS * A_DAY + many
        texts += [one async for one in reading]
        check = AuditCheck((parts.keys.signing.public_key(),))
        check.read("".join(texts).encode().splitlines())
        return check

    check = asyncio.run(read_while_it_is_archived())
    assert (check.faults, check.signed_to) == ([], DAYS * A_DAY + many)


def test_what_was_touched_before_it_is_archived_stays_and_is_told(parts: Parts) -> None:
    with parts.database.write() as db:
        row = db.exec(select(AuditEntry).where(AuditEntry.number == 3)).one()
        row.outcome = "refused 404"
        db.add(row)
    with pytest.raises(Corrupt, match="entry 3 was changed"):
        archived(parts, after(1))
    assert numbers(parts)[0] == 1


def test_what_was_touched_of_one_institution_hinders_no_other(parts: Parts) -> None:
    other = UUID(int=2**128 - 1)
    with parts.database.write() as db:
        row = db.exec(select(AuditEntry).where(AuditEntry.number == 3)).one()
        row.outcome = "refused 404"
        db.add(row)
        db.add(Tenant(id=other, name="another", created_utc=BEGAN))
        db.flush()
        audit.write_own(db, other, "archive_audit", 1, BEGAN)
        chaining.chain_next(db, other)
        chaining.sign_next(db, other, parts.keys.signing, BEGAN)
    with pytest.raises(Corrupt, match="entry 3 was changed"):
        archived(parts, after(1))
    with parts.database.read() as db:
        assert db.get_one(AuditHead, other).archived == 1


@pytest.mark.parametrize("removed", ["all", "some", "none"])
def test_who_comes_second_leaves_an_archive_as_it_is_although_its_rows_are_gone(
    parts: Parts, removed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second coordinator has read what goes, and is overtaken before it writes."""
    write, remove = archiving._write, archived_service.remove_some
    first: list[tuple[int, dict[Path, bytes]]] = []

    def some(db: Session, tenant_id: UUID) -> int:
        if removed == "none":
            return 0
        monkeypatch.setattr(archived_service, "REMOVED_AT_ONCE", 2)
        return remove(db, tenant_id) * 0

    def overtaken(*given: Any) -> None:
        monkeypatch.setattr(archiving, "_write", write)
        if removed != "all":
            monkeypatch.setattr(archived_service, "remove_some", some)
        count = asyncio.run(archiving.archive_due(parts, after(0)))
        first.append((count, {one: one.read_bytes() for one in files(parts)}))
        write(*given)

    monkeypatch.setattr(archiving, "_write", overtaken)
    assert archived(parts, after(0)) == 0
    assert first == [(A_DAY, {one: one.read_bytes() for one in files(parts)})]
    kept = [number for number in numbers(parts) if number <= A_DAY]
    assert len(kept) == {"all": 0, "some": A_DAY - 4, "none": A_DAY}[removed]
    assert whole(parts).faults == []


def test_two_coordinators_at_once_archive_once(parts: Parts) -> None:
    async def both() -> list[int]:
        return await asyncio.gather(*(archiving.archive_due(parts, after(2)) for _ in range(2)))

    assert sum(asyncio.run(both())) == 3 * A_DAY
    assert whole(parts).faults == []
    with parts.database.read() as db:
        told = db.exec(select(AuditEntry.amount).where(AuditEntry.act == "archive_audit")).all()
    assert told == [A_DAY] * 3
