"""The nightly dump of a provisioned installation: what an erasure destroys is in none of the former ones."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from coordinator.candidates.tables import Candidate
from coordinator.enrollments.tables import Enrollment
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import KeyKind
from coordinator.idempotency.tables import KeptAnswer
from coordinator.keys.tables import Key, RetentionClass
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from tests.support.postgres import OWNER, copy_database, database_url, run_sql

SCRIPT = Path(__file__).parents[3] / "ansible/roles/postgres/templates/dump.sh.j2"
NOW = datetime(2026, 11, 30, 2, 15, tzinfo=UTC)
SECRET, ANSWER = b"a wrapped key".hex(), b"a kept answer".hex()

pytestmark = pytest.mark.postgres


@pytest.fixture
def name(migrated_postgres: Path) -> Iterator[str]:
    """A database of its own: dumps are read by other programs."""
    made = f"dumped_{uuid4().hex}"
    copy_database(migrated_postgres, "migrated", made)
    yield made
    run_sql(migrated_postgres, f"DROP DATABASE {made}")


class Machine:
    """Where the script runs, as its unit lets it."""

    def __init__(self, server: Path, folder: Path) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        path = os.pathsep.join([*map(str, reversed(programs)), os.environ["PATH"]])
        self._given = {"PATH": path, "PGHOST": str(server), "PGUSER": OWNER, "STATE_DIRECTORY": str(folder)}
        self.folder = folder

    def run(self, *asked: object) -> str:
        done = subprocess.run(
            [*map(str, asked)], env=self._given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def dump(self, name: str) -> Path:
        chosen = {"postgres_database": name, "postgres_dumps_kept": "7", "ansible_managed": "by a test"}
        text = re.sub(r"\{\{ (\w+) \}\}", lambda found: chosen[found[1]], SCRIPT.read_text())
        (self.folder / "dump.sh").write_text(text)
        self.run("sh", self.folder / "dump.sh")
        [made] = self.folder.glob("*.dump")
        return made


def planted(db: Session) -> None:
    person = Candidate(id=uuid7(), tenant_id=DEFAULT_TENANT_ID, reference="CAND-1", created_utc=NOW)
    key = Key(
        tenant_id=DEFAULT_TENANT_ID,
        candidate_id=person.id,
        kind=KeyKind.DATA,
        retention_class=RetentionClass.TEMPLATE,
        wrapped=bytes.fromhex(SECRET),
        master_version=1,
        created_utc=NOW,
    )
    kept = KeptAnswer(
        tenant_id=DEFAULT_TENANT_ID,
        request_hash=b"1",
        body_hash=b"1",
        answer_sealed=bytes.fromhex(ANSWER),
        created_utc=NOW,
    )
    for row in (person, key, kept):
        db.add(row)
        db.flush()
    names_key = {"data_key_id": key.id, "details_sealed": b"", "exam_reference": "EXAM-1"}
    db.add(Enrollment(tenant_id=DEFAULT_TENANT_ID, candidate_id=person.id, created_utc=NOW, **names_key))


def test_a_dump_has_no_keys_and_is_whole_with_the_last_ones(
    migrated_postgres: Path, name: str, tmp_path: Path
) -> None:
    machine, database = Machine(migrated_postgres, tmp_path), Database(database_url(migrated_postgres, name))
    with database.write() as db:
        planted(db)
    dump = machine.dump(name)
    read = machine.run("pg_restore", "-f", "-", dump)
    assert "CAND-1" in read
    assert SECRET not in read
    assert ANSWER not in read
    keyring = tmp_path / "keyring"
    assert SECRET in machine.run("pg_restore", "-f", "-", keyring)

    database.close()
    run_sql(migrated_postgres, f"DROP DATABASE {name}")
    run_sql(migrated_postgres, f"CREATE DATABASE {name}")
    restore = ("pg_restore", "--exit-on-error", "-d", name)
    machine.run(*restore, "--section=pre-data", "--section=data", dump)
    machine.run(*restore, keyring)
    machine.run(*restore, "--section=post-data", dump)
    database = Database(database_url(migrated_postgres, name))
    with database.read() as db:
        [key] = db.exec(select(Key)).all()
        assert key.wrapped == bytes.fromhex(SECRET)
        assert db.exec(select(Enrollment.data_key_id)).all() == [key.id]
    database.close()
