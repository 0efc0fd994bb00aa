"""How long a backup, an erasure's new keyring and a restore take, on SQLite and on PostgreSQL.

`[PERSONS]` have one exam each with what is kept of it, 5,000 if not given; half a kilobyte of noise is
added to each alert, as sealed content would be. Memory is what the process needed more at its highest.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from sqlmodel import Session, select

from coordinator import schema
from coordinator.alerts.tables import StoredAlert
from coordinator.backups.creating import create, write_keyring
from coordinator.backups.lists import target_of
from coordinator.backups.manifest import Kind
from coordinator.backups.opening import check
from coordinator.ground.database import Database
from coordinator.keys.tables import Key
from coordinator.restoring import restore
from tests.benchmarks._figures import Figure
from tests.support.backups import OPENER, empty_place, maker_for
from tests.support.postgres import database_url, postgres_server, run_sql
from tests.support.retained import Rows, sat, stopped_parts

PERSONS: Final = 5_000
AT_ONCE: Final = 500
NOISE_BYTES: Final = 512
T = TypeVar("T")


def run(arguments: Sequence[str]) -> list[Figure]:
    """The figures of both databases."""
    persons = int(arguments[0]) if arguments else PERSONS
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        figures += _measured(f"sqlite:///{folder}/filled.db", Path(folder), None, persons)
    with postgres_server() as server, tempfile.TemporaryDirectory() as folder:
        run_sql(server, "CREATE DATABASE filled")
        figures += _measured(database_url(server, "filled"), Path(folder), server, persons)
    return figures


def _measured(url: str, folder: Path, server: Path | None, persons: int) -> list[Figure]:
    database = Database(url)
    schema.upgrade(database)
    _fill(database, persons)
    database.close()
    parts = stopped_parts(url, folder)
    maker = maker_for(parts, str(folder / "backups"))
    now, kind = datetime.now(UTC), "SQLite" if server is None else "PostgreSQL"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made, create_took = _timed(lambda: create(maker, now))
    size = sum(file.size_bytes for file in made.files) / 1e6
    _, keyring_took = _timed(lambda: write_keyring(maker, now))
    _, verify_took = _timed(lambda: check(target_of(maker.settings, Kind.DATABASE), made, OPENER))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with empty_place(maker, folder, server) as place:
        _, restore_took = _timed(lambda: restore(place.wish(), now))
    parts.database.close()
    on = f"{kind}, {persons} persons, {size:.1f} MB sealed"
    return [
        Figure(f"backup {kind}: make", create_took, measured_on=on),
        Figure(f"backup {kind}: the keyring at an erasure", keyring_took, measured_on=on),
        Figure(f"backup {kind}: open to its end", verify_took, measured_on=on),
        Figure(f"backup {kind}: restore", restore_took, measured_on=on),
        Figure(f"backup {kind}: more memory to make it", f"{more:.0f} MiB", measured_on=on),
    ]


def _timed(work: Callable[[], T]) -> tuple[T, str]:
    """What came of it, and how long it took: with other programs beside it the wall clock tells of them."""
    began, used = time.perf_counter(), _used_s()
    done = work()
    return done, f"{time.perf_counter() - began:.2f} s ({_used_s() - used:.2f} s of a processor)"


def _used_s() -> float:
    """Processor time of this process and of the programs that it has run to their end."""
    return sum(os.times()[:4])


def _fill(database: Database, persons: int) -> None:
    over = datetime.now(UTC) - timedelta(days=2)
    for begin in range(0, persons, AT_ONCE):
        rows = Rows()
        for number in range(begin, min(begin + AT_ONCE, persons)):
            sat(rows, number, over)
        with database.write() as db:
            rows.store(db)
            _add_noise(db)


def _add_noise(db: Session) -> None:
    """What is sealed cannot be compressed."""
    for alert in db.exec(select(StoredAlert).where(StoredAlert.body_sealed == b"sealed")).all():
        alert.body_sealed = os.urandom(NOISE_BYTES)
        db.add(alert)
    for key in db.exec(select(Key).where(Key.wrapped == b"wrapped")).all():
        key.wrapped = os.urandom(61)
        db.add(key)
