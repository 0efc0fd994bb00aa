"""Another master key takes over while coordinators run, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import Session, col, select, update
from typer.testing import CliRunner, Result

from coordinator.audit.tables import AuditEntry
from coordinator.ground import master_following
from coordinator.ground.columns import Row
from coordinator.ground.database import Database
from coordinator.ground.key_files import is_wrapped_now, unwrapped
from coordinator.ground.keyring import Keyring
from coordinator.ground.master_following import Following
from coordinator.ground.master_keys import LocalMaster, MasterKeys, masters_in, text_of
from coordinator.ground.master_users import MasterUsers
from coordinator.ground.own_keys import load_own_keys, wrapped_files
from coordinator.keys import masters_service as masters
from coordinator.keys.tables import FormerMaster, Key
from coordinator.main import app
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt
from tests.support.eventually import cancelled, until
from tests.support.masters import keyring_of
from tests.support.retained import stopped_parts
from tests.support.wrapped import plant, read

NOW = datetime(2026, 11, 30, tzinfo=UTC)
B = bytes([2] * 32)
"""A master key that follows."""


@pytest.fixture
def parts(migrated_url: str, tmp_path: Path) -> Iterator[Parts]:
    """A coordinator's parts; nothing runs."""
    made = stopped_parts(migrated_url, tmp_path)
    yield made
    made.database.close()


def ordered(parts: Parts, *words: str | Path) -> Result:
    """The command as an administrator types it."""
    config = parts.config.data_folder.parent / "coordinator.toml"
    config.write_text(
        f'data_folder = "{parts.config.data_folder}"\ndatabase_url = "{parts.config.database_url}"\n'
    )
    return CliRunner().invoke(app, ["rotate-master", *map(str, words), "--config", str(config)])


def done(parts: Parts, *words: str | Path) -> str:
    """What a step says that succeeds."""
    result = ordered(parts, *words)
    assert result.exit_code == 0, result.exception
    return result.output


def key_file(parts: Parts) -> Path:
    return parts.config.master_key_path


def alone(master: LocalMaster, parts: Parts) -> Parts:
    """The same coordinator with one master key only."""
    parts.keys.keyring.masters.take([master])
    return parts


def test_all_that_is_wrapped_opens_under_the_following_key_alone(parts: Parts, tmp_path: Path) -> None:
    sealed = plant(parts)
    [former] = masters_in(key_file(parts))
    with parts.database.read() as db:
        before = read(db, parts, sealed)
    files = {path: unwrapped(path, parts.keys.keyring) for path in wrapped_files(parts.config.data_folder)}

    done(parts, "prepare")
    done(parts, "switch")
    assert "keys: 4 to wrap again" in done(parts, "status")
    told = done(parts, "rewrap")
    assert all(f"{one.name}: " in told for one in masters.WRAPPED)
    assert f"files: {len(files)} wrapped again" in told
    assert "to wrap again" not in done(parts, "status")
    (tmp_path / "another").write_text("a former key of before")
    assert "is there already" in str(ordered(parts, "finish", "--keep", tmp_path / "another").exception)
    done(parts, "finish", "--keep", tmp_path / "former")

    [following] = masters_in(key_file(parts))
    assert following.key_id != former.key_id
    assert masters_in(tmp_path / "former") == [former]
    assert key_file(parts).stat().st_mode & 0o777 == 0o600
    with parts.database.read() as db:
        assert set(before) == {one.name for one in masters.WRAPPED}
        assert read(db, alone(following, parts), sealed) == before
        with pytest.raises(Corrupt, match=f"needs the master key {following.key_id.hex()}"):
            read(db, alone(former, parts), sealed)
    again = load_own_keys(parts.config.data_folder, key_file(parts), None)
    assert {path: unwrapped(path, again.keyring) for path in files} == files
    with pytest.raises(ConfigError, match="not created with this master key"):
        load_own_keys(parts.config.data_folder, key_file(parts), text_of([former]))


STEPS = ("prepare", "switch", "rewrap")


@pytest.mark.parametrize("taken", range(len(STEPS) + 1))
def test_what_was_broken_off_goes_on_with_the_next_step(parts: Parts, tmp_path: Path, taken: int) -> None:
    sealed = plant(parts)
    [former] = masters_in(key_file(parts))
    before = key_file(parts).read_bytes()
    with parts.database.read() as db:
        was = read(db, parts, sealed)
    for step in STEPS[:taken]:
        done(parts, step)
    told = ""
    for _ in range(max(len(STEPS) - taken, 1)):
        assert "is replaced" not in told
        told = done(parts, "next", "--former", former.key_id.hex(), "--keep", tmp_path / "former")

    assert f"{former.key_id.hex()} is replaced" in told
    [following] = masters_in(key_file(parts))
    assert following.key_id != former.key_id
    assert (tmp_path / "former").read_bytes() == before
    with parts.database.read() as db:
        assert read(db, alone(following, parts), sealed) == was
    after = key_file(parts).read_bytes()
    assert "is replaced" in done(parts, "next", "--former", former.key_id.hex())
    assert key_file(parts).read_bytes() == after


def test_a_key_that_never_was_is_not_called_replaced(parts: Parts) -> None:
    for other in ("", "no id", B[:8].hex()):
        assert "there is no master key" in str(ordered(parts, "next", "--former", other).exception)


def test_no_file_of_sqlite_keeps_what_the_former_key_wrapped(migrated_sqlite: Path, tmp_path: Path) -> None:
    """PostgreSQL keeps former rows until its vacuum, and their bytes for longer."""
    file = tmp_path / "coordinator.db"
    shutil.copyfile(migrated_sqlite, file)
    parts = stopped_parts(f"sqlite:///{file}", tmp_path)
    plant(parts)
    with parts.database.read() as db:
        former = [
            value
            for one in masters.WRAPPED
            for value in db.exec(select(one.table.__table__.c[one.column]))  # type: ignore[attr-defined]
            if value is not None
        ]

    def kept() -> int:
        contents = [path.read_bytes() for path in tmp_path.glob("coordinator.db*")]
        return sum(any(value in content for content in contents) for value in former)

    assert kept() == len(former) == 10
    for step in ("prepare", "switch", "rewrap"):
        done(parts, step)
    assert kept() == 0
    parts.database.close()


def test_rewrapping_goes_on_where_it_was_ended(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = plant(parts)
    done(parts, "prepare")
    done(parts, "switch")
    keyring = keyring_of(*(one.secret for one in masters_in(key_file(parts))))
    monkeypatch.setattr(masters, "BATCH", 2)
    with parts.database.write() as db:
        first = masters.rewrap(db, keyring, masters.WRAPPED[0])
    with Session(parts.database.engine) as killed:
        masters.rewrap(killed, keyring, masters.WRAPPED[0], first.last)  # and no commit
    assert "keys: 2 to wrap again" in done(parts, "status")
    assert "keys: 2 wrapped again" in done(parts, "rewrap")
    assert "keys: 0 wrapped again" in done(parts, "rewrap")
    done(parts, "finish")
    with parts.database.read() as db:
        read(db, alone(masters_in(key_file(parts))[0], parts), sealed)


def test_a_key_that_is_destroyed_meanwhile_does_not_come_back(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(parts)
    keyring = keyring_of(B, masters_in(key_file(parts))[0].secret)

    def destroy(db: Session) -> None:
        db.exec(update(Key).values(wrapped=None, destroyed_utc=NOW))

    change = masters._change

    def late(keyring: Keyring, where: Any, row: Any) -> Any:
        """Another coordinator destroys the keys between the reading and the writing of this one."""
        if parts.database.dialect == "postgresql":
            with parts.database.write() as other:
                destroy(other)
        else:
            destroy(db)  # on SQLite nobody else can write now
        return change(keyring, where, row)

    monkeypatch.setattr(masters, "_change", late)
    with parts.database.write() as db:
        assert masters.rewrap(db, keyring, masters.WRAPPED[0]).rewrapped == 4
    with parts.database.read() as db:
        assert set(db.exec(select(Key.wrapped))) == {None}


def test_a_value_that_no_key_opens_is_told_and_stays(parts: Parts) -> None:
    plant(parts)
    with parts.database.write() as db:
        spoiled = db.exec(select(Key.id).order_by(col(Key.id)).limit(1)).one()
        db.exec(update(Key).where(col(Key.id) == spoiled).values(wrapped=b"spoiled"))
    done(parts, "prepare")
    done(parts, "switch")
    assert "keys: 1 that no master key opens stay as they are" in done(parts, "rewrap")
    done(parts, "finish")
    with parts.database.read() as db:
        assert db.get_one(Key, spoiled).wrapped == b"spoiled"


def test_a_step_out_of_turn_changes_nothing(parts: Parts) -> None:
    for step, why in (
        ("switch", "no second master key; prepare makes one"),
        ("rewrap", "only one master key; prepare makes another"),
        ("finish", "only one master key; there is nothing to finish"),
    ):
        before = key_file(parts).read_bytes()
        assert why in str(ordered(parts, step).exception)
        assert key_file(parts).read_bytes() == before
    done(parts, "prepare")
    before = key_file(parts).read_bytes()
    assert "several master keys already" in str(ordered(parts, "prepare").exception)
    assert key_file(parts).read_bytes() == before


def test_keys_of_the_environment_are_changed_where_they_are(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = plant(parts)
    [former] = masters_in(key_file(parts))
    following = LocalMaster(B)
    monkeypatch.setenv("PROCTOR_MASTER_KEY", text_of([former]))
    key_file(parts).unlink()
    assert "put the other key behind it where it is given" in str(ordered(parts, "prepare").exception)
    monkeypatch.setenv("PROCTOR_MASTER_KEY", text_of([following, former]).replace("\n", " "))
    done(parts, "rewrap")
    assert "take the former key away" in done(parts, "finish")
    monkeypatch.setenv("PROCTOR_MASTER_KEY", text_of([following]))
    assert "to wrap again" not in done(parts, "status")
    with parts.database.read() as db:
        read(db, alone(following, parts), sealed)
        assert masters.is_refused(db, former.key_id)
        wanted = select(AuditEntry.act, AuditEntry.role).where(AuditEntry.tenant_id == INSTALLATION_ID)
        assert db.exec(wanted).all() == [("replace_master_key", "coordinator")]
        assert db.get_one(FormerMaster, former.key_id).tenant_id == INSTALLATION_ID


class Running:
    """What a running coordinator does about its master keys, without its clock."""

    def __init__(self, database: Database, file: Path) -> None:
        self._now = 0.0
        self.keyring = Keyring(MasterKeys(masters_in(file)))
        self.following = Following(self.keyring, file, MasterUsers(database), self._refused)
        self._database = database
        self.following.begin()

    def _refused(self, key_id: bytes) -> bool:
        with self._database.read() as db:
            return masters.is_refused(db, key_id)

    def after(self, seconds: float) -> list[bytes]:
        """The ids of the keys that it uses, so much later."""
        self._now += seconds
        self.following.look(self._now)
        return [one.key_id for one in self.keyring.masters.held]


def test_no_step_overtakes_a_coordinator_that_does_not_follow_yet(parts: Parts, tmp_path: Path) -> None:
    """Two coordinators on one database, each with a file of its own."""
    here, there = key_file(parts), tmp_path / "master.key"
    there.touch(mode=0o600)
    there.write_bytes(here.read_bytes())
    one, other = Running(parts.database, here), Running(parts.database, there)
    sealed = plant(parts)

    def copied() -> None:
        there.write_bytes(here.read_bytes())

    done(parts, "prepare")
    assert len(one.after(2)) == 2
    assert "still uses" in str(ordered(parts, "switch").exception), "the other one has the former key only"
    copied()
    former, following = other.after(2)
    done(parts, "switch")
    assert one.after(2) == [following, former]
    assert other.after(2) == [former, following]
    done(parts, "rewrap")
    assert "still uses" in str(ordered(parts, "finish").exception)
    late = other.keyring.wrap(masters.WRAPPED[0].place(INSTALLATION_ID), b"late")
    assert late.startswith(b"\x02" + former)
    copied()
    assert other.after(2) == [following, former]
    assert "still uses" in str(ordered(parts, "finish").exception), "its requests may still store something"
    assert one.after(master_following.USED_FOR_S) == [following, former]
    assert other.after(master_following.USED_FOR_S) == [following, former]
    done(parts, "finish")
    assert one.after(2) == [following]
    with parts.database.read() as db:
        read(db, alone(LocalMaster(masters_in(here)[0].secret), parts), sealed)
    for running in (one, other):
        running.following.close()


def test_a_coordinator_with_a_key_that_was_replaced_does_not_start_and_does_not_follow_back(
    parts: Parts, tmp_path: Path
) -> None:
    former = key_file(parts).read_bytes()
    for step in ("prepare", "switch", "rewrap", "finish"):
        done(parts, step)
    running = Running(parts.database, key_file(parts))
    held = running.after(2)
    key_file(parts).write_bytes(former)
    assert running.after(2) == held
    with pytest.raises(ConfigError, match="was replaced by another one"):
        Running(parts.database, key_file(parts))
    key_file(parts).write_bytes(b"no key\n")
    assert running.after(2) == held
    running.following.close()


def test_a_coordinator_that_begins_while_finish_asks_is_seen(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "master.key"
    shutil.copy(key_file(parts), there)
    for step in ("prepare", "switch", "rewrap"):
        done(parts, step)
    late: list[Running] = []
    refuse = masters.refuse

    def begins(db: Session, key_ids: Sequence[bytes], now_utc: datetime) -> None:
        """Another machine's coordinator starts with the former key, just before it is refused."""
        late.append(Running(parts.database, there))
        refuse(db, key_ids, now_utc)

    with monkeypatch.context() as here:
        here.setattr(masters, "refuse", begins)
        assert "still uses" in str(ordered(parts, "finish").exception)
    assert len(masters_in(key_file(parts))) == 2
    late[0].following.close()
    with pytest.raises(ConfigError, match="was replaced by another one"):
        Running(parts.database, there)
    done(parts, "finish")


def test_a_file_that_becomes_readable_is_followed(parts: Parts) -> None:
    """Copied with a mode that is refused, and then given the right one."""
    running, following = Running(parts.database, key_file(parts)), LocalMaster(B)
    held = running.after(2)
    key_file(parts).write_text(text_of([*masters_in(key_file(parts)), following]))
    key_file(parts).chmod(0o644)
    assert running.after(2) == held
    key_file(parts).chmod(0o600)
    assert running.after(2) == [*held, following.key_id]
    running.following.close()


def test_who_uses_keys_is_known_until_it_ends(database: Database) -> None:
    users, asking = MasterUsers(database), MasterUsers(database)
    users.share((b"one",))
    users.share((b"one", b"two"))
    users.share((b"one",))
    assert [asking.used(use) for use in ((b"one",), (b"one", b"two"), (b"two", b"one"))] == [
        True,
        True,
        False,
    ]
    users.let_go((b"one",))
    assert not asking.used((b"one",))
    assert asking.used((b"one", b"two"))
    users.close()
    assert not asking.used((b"one", b"two"))
    users.share((b"one",))
    assert asking.used((b"one",))
    users.close()


def test_a_lost_connection_is_noticed_and_its_locks_are_taken_again(database: Database) -> None:
    users, asking = MasterUsers(database), MasterUsers(database)
    users.share((b"one",))
    if users._connection is not None:
        users._connection.invalidate()
    users.share((b"one",))
    assert asking.used((b"one",))
    users.close()


def test_files_of_an_installation_are_all_known(parts: Parts) -> None:
    folder, keyring = parts.config.data_folder, parts.keys.keyring
    named = {path.name for path in wrapped_files(folder)}
    assert {path.name for path in folder.glob("*.key")} == named | {"master.key"}
    assert all(is_wrapped_now(path, keyring) for path in wrapped_files(folder))


def test_a_running_coordinator_follows_its_file(parts: Parts) -> None:
    running = Running(parts.database, key_file(parts))

    async def test() -> None:
        following = asyncio.create_task(running.following.run(lambda: 0.0))
        await asyncio.to_thread(done, parts, "prepare")
        await until(lambda: len(running.keyring.masters.held) == 2, "it holds both keys")
        await cancelled(following)

    asyncio.run(test())
    running.following.close()


HASHES = {
    "audit_checkpoints.chain", "audit_entries.chain", "audit_entries.leaf", "audit_heads.archived_chain",
    "audit_heads.chain", "destination_certificates.der", "destination_certificates.fingerprint",
    "erasures.chain", "former_masters.key_id", "former_references.reference_hash", "join_codes.code_hash",
    "kept_answers.body_hash", "kept_answers.request_hash", "parked_messages.message",
}  # fmt: skip
"""Columns of bytes that no key of the coordinator wraps: hashes, certificates, and what nodes have sealed."""
UNDER_DATA_KEYS = {
    "accommodations.terms_sealed", "alerts.body_sealed", "audit_entries.actor_sealed",
    "enrollment_pictures.measures_sealed", "enrollments.details_sealed", "enrollments.review_sealed",
    "evidence.body_sealed", "face_pairs.details_sealed", "feature_batches.body_sealed",
    "review_acts.text_sealed", "session_policies.reason_sealed", "sessions.details_sealed",
    "templates.vector_sealed",
}  # fmt: skip
"""Those that a data key of a person or of a year seals."""


def test_no_column_of_bytes_is_forgotten() -> None:
    """A new one goes into a list; what the master key wraps also has a reader in `wrapped`."""
    found = {
        f"{table.name}.{column.name}"
        for table in Row.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    wrapped = {f"{one.name}.{one.column}" for one in masters.WRAPPED}
    assert found == HASHES | UNDER_DATA_KEYS | wrapped
    assert not wrapped & (HASHES | UNDER_DATA_KEYS)
