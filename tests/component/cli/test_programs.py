"""Children are real processes here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.programs import ask, demanded_port, find_nats_server, find_program, free_port, start
from shared.errors import ConfigError, Unavailable


def test_a_missing_program_is_named_with_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"no-such-server was not found; install this project: make setup"):
        find_program("no-such-server")


def test_a_setting_that_names_no_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_BIN", str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="SOME_BIN names"):
        find_program("sh", setting="SOME_BIN")
    with pytest.raises(ConfigError, match="--sh names"):
        find_program("sh", named=tmp_path)


def hub_program(folder: Path, version: str) -> Path:
    """A program that says it is a nats-server of this version."""
    folder.mkdir()
    path = folder / "nats-server"
    path.write_text(f"#!/bin/sh\necho 'nats-server: v{version}'\n")
    path.chmod(0o755)
    return path


def test_the_hubs_program_is_the_named_one_then_the_settings_then_the_environments_own_then_any(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named, said, own, any_other = (
        hub_program(tmp_path / name, "2.15.1") for name in ("named", "said", "own", "any")
    )
    monkeypatch.setenv("NATS_SERVER_BIN", str(said))
    monkeypatch.setenv("PATH", f"{any_other.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", str(own.with_name("python")))
    assert find_nats_server(named) == named
    assert find_nats_server() == said
    monkeypatch.delenv("NATS_SERVER_BIN")
    assert find_nats_server() == own
    own.unlink()
    assert find_nats_server() == any_other


def test_a_hub_that_is_too_old_is_refused_before_it_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = hub_program(tmp_path / "old", "2.9.10")
    monkeypatch.setenv("NATS_SERVER_BIN", str(old))
    for named in (None, old):
        with pytest.raises(
            ConfigError, match=r"nats-server cannot be used: .*2\.9\.10 is older than 2\.11\.15"
        ):
            find_nats_server(named)


def test_the_environment_brings_a_hub_that_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NATS_SERVER_BIN", raising=False)
    assert find_nats_server() == Path(sys.executable).with_name("nats-server")


def test_a_taken_port_is_refused_by_number_and_replaced_where_only_preferred() -> None:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        taken = owner.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {taken} for the edge node is in use"):
            demanded_port(taken, "the edge node")
        assert free_port(taken) != taken
    assert free_port(taken) == taken


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = start("child", ["/bin/sh", "-c", "echo last words; exit 3"], tmp_path / "log", grace_s=1)
    with pytest.raises(Unavailable, match=r"child ended with status 3(.|\n)*last words"):
        child.wait_until(lambda: False, within_s=10)


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    child = start("child", ["/bin/sleep", "30"], tmp_path / "log", grace_s=1)
    with pytest.raises(Unavailable, match="child was not ready within 0 s"):
        child.wait_until(lambda: False, within_s=0.2)
    child.stop()
    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = start("child", ["/bin/sh", "-c", script], tmp_path / "log", grace_s=0.3)
    child.wait_until(lambda: b"ready" in (tmp_path / "log").read_bytes(), within_s=10)
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    parent = (
        "import time; from pathlib import Path; from cli.programs import start;"
        f"c = start('child', ['/bin/sleep', '60'], Path({str(tmp_path / 'log')!r}), grace_s=1);"
        "print(c.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 10
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether the process exists and is not merely waiting for somebody to reap it."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_short_command_that_fails_says_its_last_words() -> None:
    with pytest.raises(ConfigError, match=r"sh -c failed with status 4: no luck"):
        ask(["/bin/sh", "-c", "echo no luck >&2; exit 4"])
