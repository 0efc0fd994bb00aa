"""The doctor at installations that lack something."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from cli.installation import Installation, choose_ports, prepare
from coordinator.ground.own_keys import make_own_keys
from tests.support.joining import keep_membership
from tests.support.ports import remember_ports

PROGRAM = Path(sys.executable).with_name("proctorctl")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """As `proctorctl up` leaves it: made, and not running."""
    folder = tmp_path_factory.mktemp("installation")
    folder.chmod(0o700)
    remember_ports(folder)
    made = prepare(folder, choose_ports(folder, None, None), profile="open", level="L1")
    keep_membership(folder / "edge", make_own_keys(folder / "coordinator", None))
    return made


def examined(folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the findings by what was looked at."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PROCTOR_TOKEN")}
    done = subprocess.run(
        [PROGRAM, "doctor", "--data", folder, "-o", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, {one["what"]: one for one in json.loads(done.stdout)}


def test_an_installation_that_does_not_run_is_said_to_listen_nowhere(prepared: Installation) -> None:
    code, found = examined(prepared.folder)
    assert code == 1
    for what in ("hub", "coordinator", "edge node"):
        assert "nothing listens" in found[what]["says"], found[what]
        assert "proctorctl up" in found[what]["mend"]
    for what in (
        "config of proctor-coordinator",
        "config of proctor-edge",
        "database of proctor-coordinator",
    ):
        assert found[what]["standing"] == "ok", found[what]
    assert found["permissions"]["standing"] in ("ok", "warning"), found["permissions"]
    assert found["token"]["standing"] == "unknown"


def test_a_strangers_port_open_files_and_a_lost_database_are_found(prepared: Installation) -> None:
    folder = prepared.folder
    database = folder / "coordinator" / "coordinator.db"
    away = database.rename(database.with_suffix(".away"))
    address = ("127.0.0.1", prepared.ports.coordinator_status)
    with http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        folder.chmod(0o755)
        try:
            code, found = examined(folder)
        finally:
            stranger.shutdown()
            folder.chmod(0o700)
            created = database.exists()
            away.rename(database)
    assert code == 1
    assert "another program" in found["coordinator"]["says"]
    assert found["permissions"]["mend"].startswith("run: chmod")
    assert found["database of proctor-coordinator"]["standing"] == "broken"
    assert not created  # a look makes nothing
    assert "migrate" in found["database of proctor-coordinator"]["mend"]


def test_a_wrong_setting_is_quoted_from_the_program_that_refuses_it(prepared: Installation) -> None:
    config = prepared.config("edge")
    kept = config.read_text()
    config.write_text(kept + "\n[outbox]\nbacklog_jitter_s = -1\n")
    try:
        code, found = examined(prepared.folder)
    finally:
        config.write_text(kept)
    assert (code, found["config of proctor-edge"]["standing"]) == (1, "broken")
    assert "backlog_jitter_s" in found["config of proctor-edge"]["says"]


def test_where_nothing_is_installed_nothing_is_called_broken(tmp_path: Path) -> None:
    _, found = examined(tmp_path / "none")
    assert found["installation"]["standing"] == "unknown"
    assert {"hub", "coordinator", "edge node"} & found.keys() == set()
