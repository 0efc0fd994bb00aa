from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import psycopg
import pytest
from sqlalchemy import QueuePool
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session, select

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.ground.database import Database, insert_once
from coordinator.ground.ids import uuid7
from coordinator.ground.turns import Turns
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Unavailable

NOW = datetime(2026, 11, 22, 14, 0, 0, 123456, tzinfo=UTC)


def candidate(reference: str, at: datetime = NOW) -> Candidate:
    return Candidate(tenant_id=DEFAULT_TENANT_ID, reference=reference, created_utc=at)


def names(db: Session) -> list[str]:
    return sorted(row.reference for row in db.exec(select(Candidate)))


def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    def half() -> None:
        with database.write() as db:
            db.add(candidate("a"))
            db.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with database.read() as db:
        assert names(db) == []


def test_a_reading_block_keeps_nothing(database: Database) -> None:
    with database.read() as db:
        db.add(candidate("a"))
        if database.dialect == "sqlite":
            db.flush()  # PostgreSQL refuses it right here
        else:
            with pytest.raises(Exception, match="read-only transaction"):
                db.flush()
    with database.read() as db:
        assert names(db) == []


def test_a_connection_in_use_when_the_database_is_closed_is_closed_after_its_use(database: Database) -> None:
    with database.read() as db:
        assert names(db) == []
        in_use: Any = db.connection().connection.driver_connection
        database.close()
        assert in_use.execute("SELECT 1").fetchone() == (1,)  # a thread that is under way ends its work
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        in_use.execute("SELECT 1")


def test_an_instant_comes_back_in_utc_whatever_zone_it_went_in(database: Database) -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    with database.write() as db:
        db.add(candidate("a", tokyo))
    with database.read() as db:
        [row] = db.exec(select(Candidate)).all()
    assert (row.created_utc, row.created_utc.tzinfo) == (NOW, UTC)


def test_a_naive_instant_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.write() as db:
        db.add(candidate("a", NOW.replace(tzinfo=None)))


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as db:
        db.add(Candidate(tenant_id=uuid7(), reference="a", created_utc=NOW))


def test_inserting_the_same_row_twice_inserts_it_once(database: Database) -> None:
    with database.write() as db:
        assert insert_once(db, candidate("a"))
        assert not insert_once(db, candidate("a"))
    with database.read() as db:
        assert names(db) == ["a"]


def test_two_requests_that_name_a_new_candidate_at_once_get_the_same_one(database: Database) -> None:
    together = Barrier(4)

    def make() -> Candidate:
        together.wait(timeout=10)
        with database.write() as db:
            return candidates.get_or_make(db, DEFAULT_TENANT_ID, "same", NOW, may_be_new=True)

    with ThreadPoolExecutor(4) as threads:
        rows = [future.result() for future in [threads.submit(make) for _ in range(4)]]
    assert len({row.id for row in rows}) == 1


def test_writers_that_read_first_do_not_fail_on_each_other(database: Database) -> None:
    together = Barrier(8)

    def make(number: int) -> None:
        together.wait(timeout=10)
        with database.write() as db:
            names(db)  # a deferred SQLite transaction would now fail to write
            db.add(candidate(f"c{number}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(8)))
    with database.read() as db:
        assert len(names(db)) == 8


def test_threads_take_turns_to_write_to_a_file_and_who_waits_holds_no_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/turns.db", Turns(60).one)
    begun, over = Event(), Event()
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)

    def hold() -> None:
        with database.write() as db:
            db.connection()
            begun.set()
            assert over.wait(timeout=60)

    def follow() -> str:
        with database.write() as db:
            return str(db.connection().dialect.name)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(hold)
        assert begun.wait(timeout=60)
        second = threads.submit(follow)
        assert not wait([second], timeout=0.2).done
        assert pool.checkedout() == 1
        with database.read() as db:  # who only reads does not wait
            db.connection()
        over.set()
        assert second.result(timeout=60) == "sqlite"
        first.result()
    database.close()


def test_a_turn_to_write_is_waited_for_in_bounds_and_free_after_a_failure(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/turns.db", Turns(0.01).one)

    def written() -> None:
        with database.write() as db:
            db.connection()

    with ThreadPoolExecutor(1) as threads, database.write():
        with pytest.raises(Unavailable, match="busy"):
            threads.submit(written).result()
        assert "busy" in database.write_trouble(0.0)
    with pytest.raises(RuntimeError), database.write():
        raise RuntimeError
    written()
    assert database.write_trouble(0.0) == ""
    database.close()


def test_on_postgresql_nobody_waits_for_a_turn() -> None:
    turns = Turns(0.01)
    database = Database("postgresql+psycopg://nobody@/x?host=/nonexistent", turns.one)
    with (
        turns.one(),
        pytest.raises(Unavailable, match="does not answer"),
        database.write() as db,
    ):
        db.connection()
    database.close()


def test_a_database_that_is_away_is_unavailable() -> None:
    for url in ("sqlite:////nonexistent/folder/x.db", "postgresql+psycopg://nobody@/x?host=/nonexistent"):
        database = Database(url)
        with pytest.raises(Unavailable), database.read() as db:
            names(db)
        database.close()
