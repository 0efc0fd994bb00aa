"""What the coordinator does with a SQLite file it finds: nothing, unless it is whole and its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coordinator import schema
from coordinator.ground.database import Database
from shared.errors import ConfigError

Use = Callable[[Database], None]
USES = pytest.mark.parametrize("use", [schema.require_newest, schema.upgrade])


@pytest.fixture
def file(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A migrated database."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "coordinator.db"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    """The coordinator's view of it."""
    database = Database(f"sqlite:///{tmp_path / 'coordinator.db'}")
    yield database
    database.close()


def refused_untouched(use: Use, database: Database) -> str:
    """Why a file is refused; it stays as it is, and nothing comes beside it."""
    assert database.file is not None
    folder = database.file.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ConfigError) as error:
        use(database)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return str(error.value)


@USES
@pytest.mark.parametrize("damage", ["no database", "cut", "overwritten"])
def test_a_damaged_database_is_refused(file: Path, opened: Database, use: Use, damage: str) -> None:
    whole = file.read_bytes()
    damaged = {
        "no database": b"not a database" * 1_000,
        "cut": whole[: len(whole) // 2],
        "overwritten": whole[:8_192] + b"\xff" * 8_192 + whole[16_384:],
    }
    file.write_bytes(damaged[damage])
    assert "restore it from a backup" in refused_untouched(use, opened)


@USES
@pytest.mark.parametrize("migrated_as_ours_is", [True, False])
def test_another_programs_database_is_refused(
    tmp_path: Path, opened: Database, use: Use, migrated_as_ours_is: bool
) -> None:
    with closing(sqlite3.connect(tmp_path / "coordinator.db")) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        if migrated_as_ours_is:
            other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    assert "another program's database" in refused_untouched(use, opened)


@USES
def test_a_database_of_a_later_version_is_refused(file: Path, opened: Database, use: Use) -> None:
    with closing(sqlite3.connect(file)) as later:
        later.execute("UPDATE alembic_version SET version_num = 'beefbeefbeef'")
        later.commit()
    with pytest.raises(ConfigError):
        use(opened)


def test_where_there_is_no_database_none_is_made_by_serving(opened: Database) -> None:
    assert "run `proctor-coordinator migrate`" in refused_untouched(schema.require_newest, opened)


def test_a_database_that_was_open_to_others_is_closed_to_them(file: Path, opened: Database) -> None:
    file.chmod(0o644)
    schema.require_newest(opened)
    with opened.write() as db:
        db.connection().exec_driver_sql("DELETE FROM lane_marks")
        assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}
