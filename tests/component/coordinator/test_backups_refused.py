"""What becomes of backups when something is wrong, or when they are made by themselves; on SQLite alone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlmodel import Session, update
from typer.testing import CliRunner

from coordinator import schema
from coordinator.app import create_app
from coordinator.arriving import parked_service as parked
from coordinator.backups import creating, running
from coordinator.backups.creating import Maker, create, maker_of, prune, write_keyring
from coordinator.backups.manifest import NAME, Kind, Manifest
from coordinator.backups.target import Folder
from coordinator.backups.unfinished import MARK, require_restored
from coordinator.config import NatsSection
from coordinator.ground.database import Database
from coordinator.ground.leadership import Held, alone
from coordinator.ground.master_keys import LocalMaster, masters_in, text_of
from coordinator.holds.tables import LegalHold
from coordinator.main import app
from coordinator.privacy import steps
from coordinator.privacy.tables import Erasure
from coordinator.restoring import restore
from coordinator.web_api.health import create_status
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable
from shared.holds import HeldThing
from tests.support.backups import (
    NOW,
    Place,
    backed_up,
    erase,
    found,
    good,
    hold_on,
    maker_for,
)
from tests.support.eventually import until
from tests.support.ports import reserved_port

OTHER = LocalMaster(bytes([2] * 32))
"""A master key that follows."""


@pytest.fixture
def migrated_url(sqlite_url: str) -> str:
    """For what is the same on every database."""
    return sqlite_url


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


SPOILED: dict[str, tuple[Callable[[Path], None], str]] = {
    "the database is changed": (lambda at: flip(next(at.glob("database/*/database"))), "changed"),
    "the database is cut off": (lambda at: cut(next(at.glob("database/*/database"))), "good backup"),
    "the database is gone": (lambda at: next(at.glob("database/*/database")).unlink(), "good backup"),
    "the manifest is changed": (lambda at: flip(next(at.glob(f"database/*/{NAME}"))), "good backup"),
    "the keyring is changed": (lambda at: flip(next(at.glob("keyring/*/keyring"))), "changed"),
    "the keyring is gone": (lambda at: next(at.glob(f"keyring/*/{NAME}")).unlink(), "keyring"),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_backup_is_refused_and_nothing_is_written(
    maker: Maker, place: Place, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    create(maker, NOW)
    spoil(tmp_path / "backups")
    with pytest.raises(ProctorError, match=words):
        restore(place.wish(), NOW)
    data = place.config.data_folder
    assert not data.exists() or list(data.iterdir()) == []


def test_what_cannot_be_restored_here_says_what_to_do(
    maker: Maker, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(maker, NOW)
    with pytest.raises(Corrupt, match="not sealed to this key"):
        restore(place.wish(opener=X25519PrivateKey.generate()), NOW)
    with pytest.raises(ConfigError, match="`backup list`"):
        restore(place.wish("2020-01-01T000000Z-00000000"), NOW)
    with monkeypatch.context() as here:
        here.setattr(schema, "knows", lambda revision: False)
        with pytest.raises(ConfigError, match="newer than this one; install that release"):
            restore(place.wish(), NOW)
    data = place.config.data_folder
    data.mkdir(exist_ok=True)
    database = data / "coordinator.db"
    database.touch()
    with pytest.raises(ConfigError, match="never replaces one"):
        restore(place.wish(), NOW)
    database.unlink()
    (data / "signing.key").touch()
    with pytest.raises(ConfigError, match="only into an empty folder"):
        restore(place.wish(), NOW)
    (data / "signing.key").unlink()
    (data / "master.key").touch(mode=0o600)
    (data / "master.key").write_text(text_of([LocalMaster(bytes(32))]))
    with pytest.raises(ConfigError, match="lacks the master key of the backup"):
        restore(place.wish(), NOW)
    (data / "master.key").unlink()
    assert restore(place.wish(made.backup_id), NOW).manifest == made
    with pytest.raises(ConfigError, match="only into an empty folder"):
        restore(place.wish(), NOW)


def test_a_restore_that_was_interrupted_is_never_served(
    maker: Maker, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(maker, NOW)

    def dies(database: Database) -> None:
        raise Unavailable("it died here")

    with monkeypatch.context() as here:
        here.setattr(schema, "upgrade", dies)
        with pytest.raises(Unavailable):
            restore(place.wish(), NOW)
    data = place.config.data_folder
    assert (data / MARK).exists()
    for again in (lambda: require_restored(data), lambda: restore(place.wish(), NOW)):
        with pytest.raises(ConfigError, match="empty that folder and the database"):
            again()
    for file in data.iterdir():
        file.unlink()
    restore(place.wish(), NOW)


KILLED = ("database/*/database", "keyring/*/keyring", f"keyring/*/{NAME}", f"database/*/{NAME}")


@pytest.mark.parametrize("at", range(len(KILLED)))
@pytest.mark.parametrize("part", [True, False], ids=["in its middle", "before it begins"])
def test_kill_9_leaves_nothing_that_is_called_good(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, part: bool
) -> None:
    first = create(maker, NOW - timedelta(days=2))
    write = Folder.write
    written = 0

    def killed(self: Folder, name: str, pieces: Any) -> None:
        nonlocal written
        written += 1
        if written - 1 == at:
            pieces = half_of(pieces) if part else killing()
        write(self, name, pieces)

    monkeypatch.setattr(Folder, "write", killed)
    child = os.fork()
    if child == 0:
        try:
            create(maker, NOW)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    monkeypatch.setattr(Folder, "write", write)
    assert good(maker) == [first.backup_id]
    assert good(maker, Kind.KEYRING)
    # The next one is made as if nothing had been, and a day later nothing is left of what was not finished.
    second = create(maker, NOW + timedelta(minutes=1))
    assert good(maker) == [second.backup_id, first.backup_id]
    assert len(found(maker, Kind.KEYRING)) == 1
    prune(maker, NOW + timedelta(days=1, minutes=2))
    assert [one.backup_id for one in found(maker)] == [second.backup_id, first.backup_id]
    assert list((tmp_path / "coordinator").glob(".backup-*")) == []


def half_of(pieces: Any) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[: len(piece) // 2]
        os.kill(os.getpid(), signal.SIGKILL)


def killing() -> Iterator[bytes]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield b""


def test_it_runs_by_itself_when_it_is_due(maker: Maker, installation: Parts) -> None:
    latest = running.Latest({})
    running.look(maker, latest, NOW)
    assert latest.times == {("database",): NOW.timestamp(), ("keyring",): NOW.timestamp()}
    running.look(maker, latest, NOW + timedelta(hours=5))
    assert len(good(maker)) == 1
    running.look(maker, latest, NOW + timedelta(hours=6))
    assert len(good(maker)) == 2
    [keyring] = good(maker, Kind.KEYRING)
    erase(installation, "CAND-2")
    assert running.keyring_is_old(maker, NOW)
    running.look(maker, latest, NOW + timedelta(hours=7))
    assert len(good(maker)) == 2
    assert good(maker, Kind.KEYRING) != [keyring]
    assert not running.keyring_is_old(maker, NOW)
    running.look(maker, latest, NOW + timedelta(days=90))
    assert len(good(maker)) == 1


def test_the_keyring_is_written_again_when_a_hold_or_an_own_key_has_changed(
    maker: Maker, installation: Parts
) -> None:
    def change_hold(db: Session) -> None:
        db.exec(update(LegalHold).values(released_utc=NOW, released_by="dora"))

    def change_file(db: Session) -> None:
        (maker.config.data_folder / "signing.key").write_text("another one")

    changes: list[Callable[[Session], object]] = [
        lambda db: db.add(hold_on(HeldThing.EXAM, exam_reference="LATIN")),
        change_hold,
        change_file,
    ]
    running.look(maker, running.Latest({}), NOW)
    for number, change in enumerate(changes, 1):
        assert not running.keyring_is_old(maker, NOW)
        [before] = good(maker, Kind.KEYRING)
        with installation.database.write() as db:
            change(db)
        running.look(maker, running.Latest({}), NOW + timedelta(minutes=number))
        assert good(maker, Kind.KEYRING) != [before]
    assert len(good(maker)) == 1


def test_what_was_destroyed_leaves_the_keyring_although_no_copy_can_be_made(
    maker: Maker, installation: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(maker: Maker, now_utc: datetime) -> Manifest:
        raise ConfigError("the program pg_dump is missing")

    latest = running.Latest({})
    running.look(maker, latest, NOW)
    [before] = good(maker, Kind.KEYRING)
    erase(installation, "CAND-2")
    monkeypatch.setattr(running, "create", fails)
    with pytest.raises(ConfigError, match="pg_dump"):
        running.look(maker, latest, NOW + timedelta(hours=7))
    assert good(maker, Kind.KEYRING) != [before]
    assert not running.keyring_is_old(maker, NOW)
    assert latest.times["database",] == NOW.timestamp()
    assert latest.times["keyring",] > NOW.timestamp()


def test_another_master_key_lets_a_backup_be_made_at_once(maker: Maker) -> None:
    """What is restored last needs the key under which the copy was made."""
    running.look(maker, running.Latest({}), NOW)
    held = maker.keys.keyring.masters.held
    create(maker, NOW + timedelta(hours=1))  # with a clock that was ahead
    for minutes, masters, count in ((5, held, 2), (10, (*held, OTHER), 3), (15, (*held, OTHER), 3)):
        maker.keys.keyring.masters.take(masters)
        running.look(maker, running.Latest({}), NOW + timedelta(minutes=minutes))
        assert len(good(maker)) == count


def test_a_copy_under_a_master_key_that_is_gone_is_refused_before_anything_is_written(
    maker: Maker, place: Place
) -> None:
    create(maker, NOW)
    path, data = maker.config.master_key_path, place.config.data_folder
    [former] = masters_in(path)
    path.write_text(text_of([OTHER]))
    maker.keys.keyring.masters.take([OTHER])
    write_keyring(maker, NOW)
    with pytest.raises(ConfigError, match=f"under the master key {former.key_id.hex()}, which was replaced"):
        restore(place.wish(), NOW)
    assert not data.exists() or list(data.iterdir()) == []
    data.mkdir(exist_ok=True)
    (data / "master.key").touch(mode=0o600)
    (data / "master.key").write_text(text_of([OTHER, former]))
    restore(place.wish(), NOW)


def test_one_at_a_time_and_what_fails_is_no_backup(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "KEYRING_WAIT_S", 0.0)
    with alone(maker.database, Held.BACKUP, within_s=0.0), pytest.raises(Unavailable, match="try again"):
        create(maker, NOW)
    with alone(maker.database, Held.KEYRING, within_s=0.0), pytest.raises(Unavailable, match="try again"):
        create(maker, NOW)
    assert good(maker) == []
    create(maker, NOW)
    assert len(good(maker)) == 1


def test_who_stops_leading_gives_the_backup_up(maker: Maker) -> None:
    maker.stopping.set()
    with pytest.raises(Unavailable, match="no longer leads"):
        create(maker, NOW)
    assert good(maker) == []
    maker.stopping.clear()
    create(maker, NOW)
    assert len(good(maker)) == 1


def test_a_target_that_never_answered_is_told_as_no_good_backup(installation: Parts, tmp_path: Path) -> None:
    """Its alert would be silent else, since nothing was ever seen there."""
    key = tmp_path / "bucket"
    key.touch(mode=0o600)
    key.write_text("id:secret")
    away = {"endpoint_url": f"http://127.0.0.1:{reserved_port()}", "credentials_file": str(key)}
    maker, latest = maker_for(installation, "s3://backups/exams", bucket=away), running.Latest({})

    async def test() -> None:
        ran = asyncio.create_task(running.run(installation, maker, latest))
        await until(lambda: bool(latest.times), "what is known of it is told")
        assert latest.times == {("database",): 0.0, ("keyring",): 0.0}
        ran.cancel()
        await asyncio.gather(ran, return_exceptions=True)

    asyncio.run(test())
    latest.saw(Kind.DATABASE, NOW)
    latest.saw_nothing()
    assert latest.times == {("database",): NOW.timestamp(), ("keyring",): 0.0}


def test_a_coordinator_that_serves_makes_them_and_tells_when(
    installation: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = backed_up(installation.config, str(tmp_path / "backups"))
    config = config.model_copy(update={"nats": NatsSection(url=f"nats://127.0.0.1:{reserved_port()}")})
    maker = maker_of(config, installation.database, installation.keys)
    monkeypatch.setattr(steps, "INTERVAL_S", 86_400.0)  # the test goes on with the erasure, nobody else

    async def test() -> None:
        app = create_app(config)
        async with app.router.lifespan_context(app):
            parts: Parts = app.state.parts
            await until(lambda: bool(good(maker)), "the first backup is made")
            status = httpx.ASGITransport(create_status(app, parked.notes))
            async with httpx.AsyncClient(transport=status, base_url="http://status") as http:

                async def told() -> bool:
                    text = (await http.get("/metrics")).text
                    found = [line for line in text.splitlines() if line.startswith("coordinator_backup_time")]
                    return len(found) == 2 and all(float(line.split()[-1]) > 0 for line in found)

                await until(told, "both kinds are told")
            [before] = good(maker, Kind.KEYRING)
            row = await asyncio.to_thread(erase, parts, "CAND-0")
            with monkeypatch.context() as here:
                here.setattr(Folder, "write", away)
                with pytest.raises(Unavailable, match="away"):
                    await steps.carry_on(parts, row.id)
                assert (await parts.reading(lambda db: db.get_one(Erasure, row.id))).receipt is None
            done = await steps.carry_on(parts, row.id)
            assert done.receipt is not None
            [after] = good(maker, Kind.KEYRING)
            assert after != before

    asyncio.run(test())


def away(folder: Folder, name: str, pieces: object) -> None:
    raise Unavailable("the target is away")


def test_the_commands_do_all_of_it(maker: Maker, tmp_path: Path) -> None:
    def run(*asked: str, code: int = 0) -> list[dict[str, Any]]:
        done = CliRunner().invoke(app, ["backup", *asked])
        assert done.exit_code == code, (done.output, done.exception)
        return [json.loads(line) for line in done.output.splitlines()]

    key = tmp_path / "backup.key"
    [made] = run("recipient", "--out", str(key))
    assert key.stat().st_mode & 0o777 == 0o600

    def settings(data: Path) -> str:
        file = tmp_path / f"{data.name}.toml"
        file.write_text(
            f'data_folder = "{data}"\ndatabase_url = "sqlite:///{data}.db"\n'
            f'[backup]\ntarget = "{tmp_path / "backups"}"\nrecipient = "{made["recipient"]}"\n'
        )
        return str(file)

    ours = settings(tmp_path / "coordinator")
    [created] = run("create", "--config", ours)
    assert [(one["kind"], one["good"]) for one in run("list", "--config", ours)] == [
        ("database", True),
        ("keyring", True),
    ]
    assert [one["is"] for one in run("verify", "--config", ours)] == ["whole"] * 2
    opened = run("verify", "--config", ours, "--private-key", str(key))
    assert [one["is"] for one in opened] == ["whole, and opens"] * 2
    given = ("--private-key", str(key), "--signing-key", maker.keys.signing_text)
    new = settings(tmp_path / "new")
    [restored] = run("restore", "--config", new, *given)
    assert restored["restored"] == created["backup"]
    run("restore", "--config", new, *given, code=1)
    [*_, listed] = run("list", "--config", new)
    assert listed["good"]
