"""Files of SQLite as they are found on a disk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import Corrupt
from shared.sqlite_file import make_private, require_whole, tables_in


def made(path: Path, rows: int = 1_000) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE thing (name TEXT)")
        db.execute("CREATE INDEX thing_name ON thing (name)")
        db.executemany("INSERT INTO thing VALUES (?)", [(f"{n:060}",) for n in range(rows)])
        db.commit()
    return path


def traces(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())}


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_a_look_finds_the_tables_and_leaves_no_trace(tmp_path: Path) -> None:
    path = made(tmp_path / "a ?b%.db")
    before = traces(tmp_path)
    require_whole(path)
    assert tables_in(path) == {"thing"}
    assert traces(tmp_path) == before


def test_what_a_crash_left_in_the_log_is_seen(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    crash = (
        f"import os, sqlite3; sqlite3.connect({str(path)!r}).execute('CREATE TABLE another (n)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", crash], check=True)
    assert (tmp_path / "a.db-wal").stat().st_size > 0
    assert "another" in tables_in(path)


def test_an_empty_file_has_no_tables_and_a_missing_one_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert tables_in(tmp_path / "empty.db") == frozenset()
    with pytest.raises(FileNotFoundError):
        tables_in(tmp_path / "missing.db")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]


@pytest.mark.parametrize("damage", ["no database", "cut", "overwritten"])
def test_damage_is_found_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    path = made(tmp_path / "a.db")
    whole = path.read_bytes()
    match damage:
        case "no database":
            path.write_bytes(b"this is not a database" * 500)
        case "cut":
            path.write_bytes(whole[: len(whole) // 2])
        case _:
            path.write_bytes(whole[:20_000] + b"\xff" * 4_096 + whole[24_096:])
    before = traces(tmp_path)
    with pytest.raises(Corrupt):
        require_whole(path)
    assert traces(tmp_path) == before


def test_a_file_is_made_for_its_owner_alone_and_so_is_what_comes_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    before = os.umask(0)
    try:
        make_private(path)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE thing (name TEXT)")
            assert len(list(tmp_path.iterdir())) == 3
            assert modes(tmp_path) == {0o600}
    finally:
        os.umask(before)


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        part.touch()
        part.chmod(0o644)
    make_private(path)
    assert modes(tmp_path) == {0o600}
