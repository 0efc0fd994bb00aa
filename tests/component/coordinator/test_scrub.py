"""No file of the database keeps a destroyed key, whatever stood in the way of wiping it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import text
from sqlmodel import col, select, update

from coordinator.ground.database import Database
from coordinator.keys.tables import Key, RetentionClass
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site, enroll_body

ASKED = {"features": {"speech_transcription": True}, "phrases": ["what is the answer"]}


async def begun(site: Site) -> Key:
    """The transcript key of a session that has begun."""
    path = "/api/v1/consents/CAND-1/speech-transcription"
    yes = {"given": True, "text_version": "1", "allow_unregistered": True}
    assert (await site.http.put(path, json=yes, headers=site.bearer())).status_code == 200
    await site.started(policy=ASKED)
    with site.parts.database.read() as db:
        return db.exec(select(Key).where(Key.retention_class == RetentionClass.TRANSCRIPT)).one()


def lies_there(key: Key, folder: Path) -> bool:
    """Whether the wrapped key stands in any of the database's files."""
    assert key.wrapped is not None
    return any(key.wrapped in content for content in _files(folder))


def log_bytes(folder: Path) -> int:
    """Length of the write-ahead log."""
    return (folder / "coordinator.db-wal").stat().st_size


def _files(folder: Path) -> Iterator[bytes]:
    return (path.read_bytes() for path in folder.glob("coordinator.db*"))


def test_a_key_that_a_reader_kept_from_being_wiped_is_wiped_afterwards(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        key = await begun(site)
        with sqlite3.connect(tmp_path / "coordinator.db") as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM keys").fetchone()
            ending = asyncio.create_task(site.post("/session/SESS-1/end"))
            await until(lambda: bool(site.node.obeyed.ended), "the node is told")
            assert not ending.done()  # the node does not wait for the reader
            assert (await ending).status_code == 200
            assert lies_there(key, tmp_path)
            reader.rollback()
        site.parts.database.scrub_owed()
        assert not lies_there(key, tmp_path)

    on_sqlite(test)


async def another_policy(site: Site) -> Response:
    body = {"policy": {}, "reason": "The exam's board decided.", "based_on": 1}
    return await site.http.put("/api/v1/session/SESS-1/policy", json=body, headers=site.bearer())


async def a_withdrawal(site: Site) -> Response:
    no = {"given": False, "text_version": "1", "confirm": True}
    path = "/api/v1/consents/CAND-1/speech-transcription"
    return await site.http.put(path, json=no, headers=site.bearer())


@pytest.mark.parametrize("act", [another_policy, a_withdrawal])
def test_a_key_that_a_change_destroys_is_wiped_when_the_answer_comes(
    on_sqlite: OnSite, tmp_path: Path, act: Callable[[Site], Awaitable[Response]]
) -> None:
    async def test(site: Site) -> None:
        key = await begun(site)
        site.parts.database.scrub_owed()
        assert lies_there(key, tmp_path)
        answer = await act(site)
        assert answer.status_code == 200, answer.text
        assert not lies_there(key, tmp_path)

    on_sqlite(test)


def test_the_key_of_a_face_is_wiped_when_its_erasure_is_answered(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        assert (await site.post("/enroll", enroll_body(candidate="CAND-9"))).status_code == 201
        with site.parts.database.read() as db:
            wanted = select(Key).where(Key.retention_class == RetentionClass.TEMPLATE)
            faces = db.exec(wanted).all()
        assert [lies_there(one, tmp_path) for one in faces] == [True, True]
        answer = await site.http.delete("/api/v1/enrollments/CAND-9", headers=site.bearer())
        assert answer.status_code == 204, answer.text
        assert [lies_there(one, tmp_path) for one in faces] == [False, False]

    on_sqlite(test)


def test_a_former_name_is_wiped_when_its_correction_is_answered(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await site.started("SESS-1", "ZQ-former")
        await site.post("/session/SESS-1/end")
        assert any(b"ZQ-former" in content for content in _files(tmp_path))
        named = {"candidate_id": "ZQ-former", "new_candidate_id": "CAND-9"}
        answer = await site.post("/privacy/correct", named, headers=site.bearer(Role.DPO, "officer"))
        assert answer.status_code == 200, answer.text
        assert not any(b"ZQ-former" in content for content in _files(tmp_path))

    on_sqlite(test)


def test_a_coordinator_that_died_between_destroying_and_wiping_wipes_when_it_starts_again(
    on_sqlite: OnSite, tmp_path: Path
) -> None:
    async def test(site: Site) -> None:
        key = await begun(site)
        with site.parts.database.write() as db:  # and here it dies
            db.exec(update(Key).where(col(Key.id) == key.id).values(wrapped=None))
        assert lies_there(key, tmp_path)
        again = Database(f"sqlite:///{tmp_path / 'coordinator.db'}")
        again.scrub_owed()
        again.close()
        assert not lies_there(key, tmp_path)

    on_sqlite(test)


def test_what_is_deleted_leaves_zeros_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "coordinator.db"
    database = Database(f"sqlite:///{file}")
    try:
        with database.write() as db:
            db.connection().execute(text("CREATE TABLE said (words TEXT)"))
            many = [{"words": f"ZQ-said-{number}" * 20} for number in range(500)]
            db.connection().execute(text("INSERT INTO said VALUES (:words)"), many)
        assert database.scrub()
        assert b"ZQ-said" in file.read_bytes()
        with database.write() as db:
            db.connection().execute(text("DELETE FROM said"))
        assert database.scrub()
        assert b"ZQ-said" not in file.read_bytes()
    finally:
        database.close()


def test_what_was_wiped_is_not_wiped_again(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        site.parts.database.scrub_owed()
        await site.post("/session/SESS-1/flag", {"reason": "so that something is written"})
        written = log_bytes(tmp_path)
        assert written > 0
        site.parts.database.scrub_owed()
        assert log_bytes(tmp_path) >= written

    on_sqlite(test)


def test_a_database_that_is_away_does_not_undo_an_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Database(f"sqlite:///{tmp_path / 'no such folder' / 'coordinator.db'}")
    gone.scrub()
    gone.close()
    assert [record.message for record in caplog.records] == ["a destroyed key is not scrubbed yet"]
