"""Two coordinators on one database, each on a machine of its own: what each has in its own data folder."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from coordinator.app import create_app
from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.config import PrivacySection
from coordinator.ground.database import Database
from coordinator.ground.own_keys import make_own_keys
from coordinator.privacy import erasing_service as erasing, journal_file, steps
from coordinator.privacy.erasing_service import ErasureOrder
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.web_api.parts import Parts
from shared.erasures import Cause
from shared.errors import ConfigError
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import Site, exam_site, hub, site_config
from tests.support.nats import RunningServer

__all__ = ["hub"]

JOURNAL = "erasures"


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A database of this test alone."""
    return Path(shutil.copyfile(migrated_sqlite, tmp_path / "coordinator.db"))


@asynccontextmanager
async def on_machine(database: Path, hub: RunningServer, folder: Path) -> AsyncIterator[Parts]:
    """A coordinator with this data folder, whose journal is there too."""
    config = site_config(f"sqlite:///{database}", hub, folder.parent)
    own = {"data_folder": folder, "privacy": PrivacySection(erasure_journal=folder / JOURNAL)}
    app = create_app(config.model_copy(update=own))
    async with app.router.lifespan_context(app):
        yield app.state.parts


def known(database: Path) -> list[str]:
    """The candidates in the database."""
    opened = Database(f"sqlite:///{database}")
    try:
        with opened.read() as db:
            return [one for one in db.exec(select(Candidate.reference)) if not one.startswith("~")]
    finally:
        opened.close()


async def erase(parts: Parts, reference: str) -> None:
    """Erase a person; the coordinator that leads takes every step by itself."""

    def decide(db: Session) -> None:
        candidate = candidates.known(db, DEFAULT_TENANT_ID, reference)
        wish = ErasureOrder(candidate=candidate, decided_by=Role.DPO, cause=Cause.OFFICER, end_running=True)
        erasing.decide(db, parts.keys, wish, datetime.now(UTC))

    def finished() -> bool:
        with parts.database.read() as db:
            return not erasing.unfinished(db)

    await parts.writing(decide)
    await until(finished, "the erasure is complete")


def copied(database: Path, copy: Path) -> None:
    """A copy of the database as it is now, also while it is written."""
    with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)


def bring_back(copy: Path, database: Path) -> None:
    """Let the database be as it was, as a disk's snapshot does."""
    for part in database.parent.glob(f"{database.name}*"):
        part.unlink()
    shutil.copyfile(copy, database)


def test_who_was_erased_at_one_does_not_come_back_with_the_database_at_the_other(
    database: Path, hub: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "INTERVAL_S", 0.05)
    copy, second = tmp_path / "copy.db", tmp_path / "second"

    async def erased_at_the_first(site: Site) -> None:
        signers = site.parts.keys.signers
        shutil.copytree(tmp_path / "coordinator", second)
        await site.started("SESS-1", "CAND-1")
        await site.started("SESS-2", "CAND-2")
        async with on_machine(database, hub, second) as other:
            assert (site.parts.lead.leads, other.lead.leads) == (True, False)
            copied(database, copy)
            await erase(site.parts, "CAND-1")
            await until(lambda: journal_file.read(second / JOURNAL, signers), "the other writes it down")

    async def story() -> None:
        async with asyncio.timeout(120), exam_site(f"sqlite:///{database}", hub, tmp_path) as site:
            await erased_at_the_first(site)
        assert known(database) == ["CAND-2"]
        bring_back(copy, database)
        assert known(database) == ["CAND-1", "CAND-2"]
        async with on_machine(database, hub, second):
            assert known(database) == ["CAND-2"]

    asyncio.run(story())


def test_one_that_made_itself_another_master_key_does_not_start(
    database: Path, hub: RunningServer, tmp_path: Path
) -> None:
    make_own_keys(tmp_path / "second", None)

    async def story() -> None:
        async with asyncio.timeout(120), exam_site(f"sqlite:///{database}", hub, tmp_path) as site:
            async with on_machine(database, hub, tmp_path / "second"):
                pass  # nothing is wrapped yet: this is how a first one starts
            await site.started("SESS-1", "CAND-1")
            with pytest.raises(ConfigError, match="another master key"):
                async with on_machine(database, hub, tmp_path / "second"):
                    pass

    asyncio.run(story())
