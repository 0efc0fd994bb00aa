from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from coordinator.ground.database import Database
from coordinator.ground.own_keys import load_own_keys, make_own_keys
from coordinator.tenants import service as tenants
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared import tokens
from shared.nats_keys import KeyKind, public_text, seed_text
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
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()} == {0o600}
    issued = run("token", "--config", config, "--role", "proctor", "--subject", "alice")
    keys = load_own_keys(tmp_path / "data", tmp_path / "data" / "master.key", None)
    claims = tokens.verify(
        issued.stdout.strip(), keys.token.public_key(), audience=tokens.Audience.COORDINATOR
    )
    assert (claims.subject, claims.role, claims.tenant_id) == ("alice", "proctor", DEFAULT_TENANT_ID)


def test_tokens_are_given_to_an_institution_by_name_and_to_operators_of_none(
    tmp_path: Path, config: Path
) -> None:
    run("init", "--data", tmp_path / "data")
    run("migrate", "--config", config)
    database = Database(f"sqlite:///{tmp_path / 'data' / 'coordinator.db'}")
    with database.write() as db:
        north = tenants.create(db, "North", datetime.now(UTC)).id
    keys = load_own_keys(tmp_path / "data", tmp_path / "data" / "master.key", None)

    def asked(*options: str) -> subprocess.CompletedProcess[str]:
        return run("token", "--config", config, "--subject", "alice", *options)

    def tenant_of(*options: str) -> UUID:
        token, public = asked(*options).stdout.strip(), keys.token.public_key()
        return tokens.verify(token, public, audience=tokens.Audience.COORDINATOR).tenant_id

    assert tenant_of("--role", "admin", "--tenant", "North") == north
    assert tenant_of("--role", "operator") == INSTALLATION_ID
    for options, code, words in (
        (("--role", "admin", "--tenant", "Nowhere"), 1, "there is no institution with this id or name"),
        (("--role", "operator", "--tenant", "North"), 2, "belongs to no institution"),
    ):
        refused = asked(*options)
        assert (refused.returncode, refused.stdout, words in refused.stderr) == (code, "", True)
    with database.write() as db:
        tenants.disable(db, north, "ops", datetime.now(UTC))
    assert "is disabled" in asked("--role", "admin", "--tenant", "North").stderr
    database.close()


def test_wrong_configurations_are_named_and_end_with_2(tmp_path: Path, config: Path) -> None:
    config.write_text("data_folder = 1\nport = 1\n")
    refused = run("check-config", "--config", config)
    assert refused.returncode == 2
    assert "data_folder: " in refused.stderr
    assert "port: " in refused.stderr
    assert "Traceback" not in refused.stderr


def test_relative_paths_lie_beside_the_configuration(tmp_path: Path, config: Path) -> None:
    run("init", "--data", tmp_path / "data")
    config.write_text('data_folder = "data"\n[nats]\npassword_file = "password"\n')
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("of the hub\n")
    assert run("check-config", "--config", config).returncode == 0


def test_a_password_that_others_can_read_ends_with_2_and_what_to_do(tmp_path: Path, config: Path) -> None:
    run("init", "--data", tmp_path / "data")
    password = tmp_path / "password"
    password.write_text("of the hub\n")
    password.chmod(0o640)
    config.write_text(config.read_text() + f'[nats]\npassword_file = "{password}"\n')
    refused = run("check-config", "--config", config)
    assert (refused.returncode, f"chmod 600 {password}" in refused.stderr) == (2, True)


def test_a_turn_password_comes_from_a_file_and_never_from_the_settings(tmp_path: Path, config: Path) -> None:
    run("init", "--data", tmp_path / "data")
    server = '[[ice.servers]]\nurls = ["turn:turn.example.org"]\nusername = "exam"\n'
    settings = config.read_text()
    config.write_text(settings + server + 'credential = "sesame"\n')
    refused = run("check-config", "--config", config)
    assert (refused.returncode, "credential_file" in refused.stderr) == (2, True)
    assert "sesame" not in refused.stderr
    config.write_text(settings + server + 'credential_file = "turn-password"\n')
    assert run("check-config", "--config", config).returncode == 2
    (tmp_path / "turn-password").touch(mode=0o600)
    (tmp_path / "turn-password").write_text("sesame\n")
    assert run("check-config", "--config", config).returncode == 0


def test_what_the_hub_needs_to_know_is_printed_without_secrets(tmp_path: Path, config: Path) -> None:
    run("init", "--data", tmp_path / "data")
    said = run("hub-settings", "--config", config, "--folder", "/var/lib/nats/accounts").stdout
    fleet = load_own_keys(tmp_path / "data", tmp_path / "data" / "master.key", None).fleet
    for key, kind in ((fleet.account, KeyKind.ACCOUNT), (fleet.system, KeyKind.ACCOUNT)):
        assert f'"{public_text(kind, key.public_key())}": "' in said
        assert seed_text(kind, key) not in said
    assert [line.partition(":")[0] for line in said.splitlines() if line[0].isalpha()] == [
        "operator",
        "system_account",
        "resolver",
        "resolver_preload",
    ]
    assert '"dir": "/var/lib/nats/accounts"' in said


def test_missing_keys_end_with_2_and_what_to_do(config: Path) -> None:
    refused = run("check-config", "--config", config)
    assert (refused.returncode, refused.stderr.count("proctor-coordinator init")) == (2, 1)


def test_a_database_that_is_away_ends_with_1(tmp_path: Path, config: Path) -> None:
    config.write_text(config.read_text() + 'database_url = "postgresql+psycopg://x@/x?host=/nonexistent"\n')
    run("init", "--data", tmp_path / "data")
    refused = run("migrate", "--config", config)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)


def test_a_damaged_database_is_refused_in_one_sentence_and_left_as_it_is(
    tmp_path: Path, config: Path, migrated_sqlite: Path
) -> None:
    make_own_keys(tmp_path / "data", None)
    database = tmp_path / "data" / "coordinator.db"
    database.write_bytes(migrated_sqlite.read_bytes()[:50_000])
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    for command in ("serve", "migrate"):
        refused = run(command, "--config", config)
        assert refused.returncode == 2
        [sentence] = refused.stderr.splitlines()
        assert str(database) in sentence
        assert "restore it from a backup" in sentence
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before
