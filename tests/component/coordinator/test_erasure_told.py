"""Whoever got something of an erased person is told, once; a restored database erases again at its start."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select, update

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.config import PrivacySection
from coordinator.deliveries import service as deliveries, working
from coordinator.destinations import outbox_service as outbox, service as destinations
from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.privacy import erasing_service as erasing, journal_file, steps
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.privacy.kept import KEPT
from coordinator.privacy.tables import Erasure
from coordinator.sessions.tables import ExamSession
from coordinator.tenants import service as tenants
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.deliveries import DeliveryDetail
from shared.erasures import Cause
from shared.errors import ConfigError
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.sink import Sink, sink
from tests.support.told import Told, told

OFFICE = {"details": [DeliveryDetail.CANDIDATE], "kinds": ["alert.raised"]}


async def erased(site: Told, reference: str, now_utc: datetime | None = None) -> Erasure:
    """The person of a session, erased."""

    def decide(db: Session) -> Erasure:
        candidate = candidates.known(db, DEFAULT_TENANT_ID, f"STU-{reference}")
        wish = ErasureOrder(candidate=candidate, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
        return erasing.decide(db, site.parts.keys, wish, now_utc or datetime.now(UTC))

    row = await site.parts.writing(decide)
    await site.parts.writing(lambda db: erasing.remove(db, row.id))
    return row


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "POLL_S", 0.01)


def test_who_got_something_is_told_once_and_the_names_go_with_it(migrated_url: str, tmp_path: Path) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        office, _ = await site.destination(receiver.url, **OFFICE)
        mine, others = site.sit("SESS-1"), site.sit("SESS-2")
        await site.note(mine, 60.0)
        await site.note(others, 60.0)
        late, _ = await site.destination(receiver.url)  # it got nothing of this person
        async with site.working():
            await until(lambda: len(receiver.taken) == 2, "both alerts are delivered")
            await until(lambda: site.nothing_waits(office), "nothing waits")
            row = await erased(site, "SESS-1")
            assert row.recipients == 1
            await until(lambda: len(receiver.taken) == 3, "the erasure is told")
            await until(lambda: site.nothing_waits(office), "nothing waits")
        got = receiver.taken[-1]
        assert got.body["type"] == "person.erased"
        named = ("exam_session_id", "exam_id", "candidate_id")
        assert [got.data[name] for name in named] == ["SESS-1", "BIO-101", "STU-SESS-1"]
        rows = await site.rows(office)
        assert [(one.kind, one.told_sealed) for one in rows if one.session_id == mine.session.id] == [
            ("person.erased", None)
        ]
        assert len([one for one in rows if one.session_id == others.session.id]) == 1
        assert await site.rows(late) == []

    run_both(test, migrated_url, tmp_path)


def test_what_waits_is_dropped_and_a_destination_that_is_away_is_told_later(
    migrated_url: str, tmp_path: Path
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        office, _ = await site.destination(receiver.url)
        mine = site.sit("SESS-1")
        await site.note(mine, 60.0)
        assert (await erased(site, "SESS-1")).recipients == 0  # nobody was sending it yet
        assert await site.rows(office) == []

    run_both(test, migrated_url, tmp_path)


def test_about_a_session_older_than_what_is_known_every_destination_of_its_time_is_told(
    migrated_url: str, tmp_path: Path
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        office, _ = await site.destination(receiver.url)
        site.sit("SESS-1")
        row = await erased(site, "SESS-1", datetime.now(UTC) + outbox.KEPT_FOR * 2)
        assert row.recipients == 1
        [one] = await site.rows(office)
        assert (one.state, one.told_sealed is None) == (DeliveryState.WAITING, False)

    run_both(test, migrated_url, tmp_path)


@pytest.mark.parametrize("trouble", ["paused", "dead", "institution disabled"])
def test_the_names_in_a_notice_go_in_the_end_although_nobody_takes_it(
    trouble: str, migrated_url: str, tmp_path: Path
) -> None:
    async def test(site: Told, receiver: Sink) -> None:
        office, _ = await site.destination(receiver.url, **OFFICE)
        site.sit("SESS-1")
        now_utc = datetime.now(UTC) + outbox.KEPT_FOR * 2
        assert (await erased(site, "SESS-1", now_utc)).recipients == 1

        def stuck(db: Session) -> None:
            if trouble == "paused":
                destinations.pause(db, db.get_one(Destination, office.id), "alice", now_utc)
            elif trouble == "dead":
                db.exec(update(Delivery).values(state=DeliveryState.DEAD))
            else:
                tenants.disable(db, DEFAULT_TENANT_ID, "ops", now_utc)

        await site.parts.writing(stuck)
        end_utc = now_utc + outbox.KEPT_FOR
        await site.parts.writing(lambda db: deliveries.clear(db, end_utc))
        [one] = await site.rows(office)
        assert one.told_sealed is not None
        await site.parts.writing(lambda db: deliveries.clear(db, end_utc + timedelta(seconds=1)))
        assert await site.rows(office) == []

    run_both(test, migrated_url, tmp_path)


def test_the_receipt_says_how_long_a_notice_is_kept() -> None:
    assert f"no longer than {outbox.KEPT_FOR.days} days" in KEPT[3].what


def run_both(test: object, url: str, folder: Path) -> None:
    async def whole() -> None:
        async with asyncio.timeout(200), told(url, folder) as site, sink() as receiver:
            await test(site, receiver)  # type: ignore[operator]

    asyncio.run(whole())


def bring_back(copy: Path, database: Path) -> None:
    for part in database.parent.glob(f"{database.name}*"):
        part.unlink()
    shutil.copyfile(copy, database)


def names(db: Session) -> Sequence[str]:
    return [*db.exec(select(Candidate.reference)).all(), *db.exec(select(ExamSession.reference)).all()]


def test_a_database_restored_from_a_copy_erases_again_before_it_serves(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    database, copy = tmp_path / "coordinator.db", tmp_path / "copy.db"
    shutil.copyfile(migrated_sqlite, database)
    file = tmp_path / "erasures.jsonl"

    async def test(site: Told) -> None:
        parts = site.parts
        section = PrivacySection(erasure_journal=file)
        parts.config = parts.config.model_copy(update={"privacy": section})
        for reference in ("SESS-1", "SESS-2", "SESS-3"):
            site.sit(reference)
        await erased(site, "SESS-3")
        steps.write_journal(parts)
        with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(copy)) as other:
            one.backup(other)
        await erased(site, "SESS-1")
        steps.write_journal(parts)
        steps.write_journal(parts)
        key = parts.keys.signing.public_key()
        assert [one.entry.number for one in journal_file.read(file, [key])] == [1, 2]
        left = {one for one in await parts.reading(names) if not one.startswith("~")}
        assert left == {"STU-SESS-2", "SESS-2"}
        parts.database.close()
        bring_back(copy, database)

    async def restored(site: Told) -> None:
        section = PrivacySection(erasure_journal=file)
        site.parts.config = site.parts.config.model_copy(update={"privacy": section})
        assert "STU-SESS-1" in await site.parts.reading(names)
        for _ in range(2):
            await steps.replay_journal(site.parts)
            left = {one for one in await site.parts.reading(names) if not one.startswith("~")}
            assert left == {"STU-SESS-2", "SESS-2"}
        row = await erased(site, "SESS-2")
        assert row.number == 3
        with file.open("ab") as lines:
            lines.write(b'{"entry": half of a li')
        steps.write_journal(site.parts)
        key = site.parts.keys.signing.public_key()
        assert [one.entry.number for one in journal_file.read(file, [key])] == [1, 2, 3]
        file.write_bytes(file.read_bytes().replace(b'"dpo"', b'"admin"'))
        with pytest.raises(ConfigError, match="erasure journal"):
            await steps.replay_journal(site.parts)

    async def whole() -> None:
        for work in (test, restored):
            async with told(f"sqlite:///{database}", tmp_path) as site:
                await work(site)

    asyncio.run(whole())
