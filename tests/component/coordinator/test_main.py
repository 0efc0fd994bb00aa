from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.own_keys import load_own_keys
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared import tokens
from shared.sealing import parse_signing_public


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The program as a shell would start it."""
    environment = {name: value for name, value in os.environ.items() if name != "PROCTOR_MASTER_KEY"}
    command = [sys.executable, "-c", "from coordinator.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "coordinator.toml"
    file.write_text(f'data_folder = "{tmp_path / "data"}"\n')
    return file


def test_an_installation_is_made_migrated_checked_and_gives_a_token(tmp_path: Path, config: Path) -> None:
    made = run("init", "--data", tmp_path / "data")
    parse_signing_public(json.loads(made.stdout)["signing_key"])
    assert run("check-config", "--config", config).returncode == 0
    assert run("migrate", "--config", config).returncode == 0
    issued = run("token", "--config", config, "--role", "proctor", "--subject", "alice")
    keys = load_own_keys(tmp_path / "data", tmp_path / "data" / "master.key", None)
    claims = tokens.verify(
        issued.stdout.strip(), keys.token.public_key(), audience=tokens.Audience.COORDINATOR
    )
    assert (claims.subject, claims.role, claims.tenant_id) == ("alice", "proctor", DEFAULT_TENANT_ID)


def test_wrong_configurations_are_named_and_end_with_2(tmp_path: Path, config: Path) -> None:
    config.write_text('data_folder = "here"\nport = 1\n')
    refused = run("check-config", "--config", config)
    assert refused.returncode == 2
    assert "data_folder: " in refused.stderr
    assert "port: " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_missing_keys_end_with_2_and_what_to_do(config: Path) -> None:
    refused = run("check-config", "--config", config)
    assert (refused.returncode, refused.stderr.count("proctor-coordinator init")) == (2, 1)


def test_a_database_that_is_away_ends_with_1(tmp_path: Path, config: Path) -> None:
    config.write_text(config.read_text() + 'database_url = "postgresql+psycopg://x@/x?host=/nonexistent"\n')
    run("init", "--data", tmp_path / "data")
    refused = run("migrate", "--config", config)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)


def install(tmp_path: Path, config: Path) -> Path:
    """A migrated installation; its database."""
    assert run("init", "--data", tmp_path / "data").returncode == 0
    assert run("migrate", "--config", config).returncode == 0
    return tmp_path / "data" / "coordinator.db"


def refused_untouched(database: Path, *arguments: str | Path) -> str:
    """The one sentence of a refusal that wrote nothing."""
    folder = database.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    refused = run(*arguments)
    assert refused.returncode == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    [sentence] = refused.stderr.splitlines()
    return sentence


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_damaged_database_is_refused_in_one_sentence_and_left_as_it_is(
    tmp_path: Path, config: Path, command: str
) -> None:
    database = install(tmp_path, config)
    whole = database.read_bytes()
    for damaged in (b"not a database" * 1_000, whole[: len(whole) // 2], whole[:8_192] + b"\xff" * 8_192):
        database.write_bytes(damaged)
        sentence = refused_untouched(database, command, "--config", config)
        assert str(database) in sentence
        assert "restore it from its backup" in sentence


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_another_programs_database_is_refused_and_left_as_it_is(
    tmp_path: Path, config: Path, command: str
) -> None:
    database = install(tmp_path, config)
    database.unlink()
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "another program's database" in refused_untouched(database, command, "--config", config)
    with closing(sqlite3.connect(database)) as other:  # one that is migrated as ours is
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    assert "another program's database" in refused_untouched(database, command, "--config", config)


def test_a_database_of_a_later_version_is_refused(tmp_path: Path, config: Path) -> None:
    database = install(tmp_path, config)
    with closing(sqlite3.connect(database)) as later:
        later.execute("UPDATE alembic_version SET version_num = 'beefbeefbeef'")
        later.commit()
    for command in ("serve", "migrate"):
        refused = run(command, "--config", config)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)


def test_serving_without_a_database_makes_none(tmp_path: Path, config: Path) -> None:
    database = install(tmp_path, config)
    database.unlink()
    assert "run `proctor-coordinator migrate`" in refused_untouched(database, "serve", "--config", config)


def test_the_database_and_the_keys_are_for_their_owner_alone(tmp_path: Path, config: Path) -> None:
    database = install(tmp_path, config)
    assert {path.stat().st_mode & 0o777 for path in database.parent.iterdir()} == {0o600}
    database.chmod(0o644)  # as one that was made before
    assert run("token", "--config", config, "--role", "dpo", "--subject", "x").returncode == 0
    assert {path.stat().st_mode & 0o777 for path in database.parent.iterdir()} == {0o600}


def test_the_contract_command_tells_what_breaks_callers(tmp_path: Path) -> None:
    promised = tmp_path / "promised.json"
    assert run("contract", promised, "--promise").returncode == 0
    assert run("contract", promised).returncode == 0
    description = json.loads(promised.read_text())
    description["paths"]["/api/v1/former"] = {"get": {"responses": {}}}
    promised.write_text(json.dumps(description))
    broken = run("contract", promised)
    assert (broken.returncode, broken.stdout) == (1, "breaks callers: GET /api/v1/former: is gone\n")
    assert run("contract", tmp_path / "none.json").returncode == 2
