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

from cli.programs import ask, demanded_port, find_program, free_port, start
from shared.errors import ConfigError, Unavailable


def test_a_missing_program_is_named_with_the_package_to_install() -> None:
    with pytest.raises(ConfigError, match=r"no-such-server was not found.*apt-get install no-such-package"):
        find_program("no-such-server", package="no-such-package")


def test_a_setting_that_names_no_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_BIN", str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="SOME_BIN names"):
        find_program("sh", setting="SOME_BIN")


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
