"""`proctorctl up` as a person has it: started, asked, refused with a reason, stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from cli.restarts import MAX_RESTARTS
from tests.support.edge_daemon import need_weights
from tests.support.ports import remember_ports

pytestmark = [
    pytest.mark.weights,
    pytest.mark.realtime,
]
PROGRAM = Path(sys.executable).with_name("proctorctl")
READY_S = 90.0


def eventually(holds: Callable[[], object], said: Callable[[], str]) -> None:
    """Return as soon as `holds()`; fail with what was said when it never does."""
    deadline = time.monotonic() + READY_S
    while not holds():
        assert time.monotonic() < deadline, said()
        time.sleep(0.1)


class Up:
    """One `proctorctl up` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        remember_ports(self.data)
        self._output = folder / "output"
        with self._output.open("wb") as output:
            command: list[str | Path] = [PROGRAM, "up", "--data", self.data]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            eventually(lambda: "Ready" in self.said or self.process.poll() is not None, lambda: self.said)
            assert self.process.poll() is None, self.said
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    @property
    def said(self) -> str:
        return self._output.read_text()

    def row(self, name: str) -> str:
        """What stands in the printed table beside a name."""
        found = re.search(rf"^\s*{re.escape(name)}\s+(\S+)\s*$", self.said, re.MULTILINE)
        assert found is not None, self.said
        return found[1]

    def children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, name: str) -> psutil.Process | None:
        """The running program of this name."""
        for each in self.children():
            with suppress(psutil.Error):  # it has just ended
                if name in " ".join(each.cmdline()[:2]):
                    return each
        return None

    def ended(self, within_s: float) -> int:
        return self.process.wait(within_s)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    need_weights()
    running = Up(tmp_path)
    try:
        yield running
    finally:
        running.stop()


def tried(*options: str | Path, **environment: str) -> tuple[int, str]:
    """The exit code of a short `up` and all it said."""
    done = subprocess.run(
        [PROGRAM, "up", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_it_serves_keeps_its_secrets_and_stops_on_ctrl_c(up: Up) -> None:
    headers = {"Authorization": f"Bearer {token_of(up)}"}
    assert httpx.get(up.row("API") + "/nodes", headers=headers).json()[0]["status"] == "online"
    for page in ("candidate page", "proctor console", "API description", "edge health", "edge metrics"):
        assert httpx.get(up.row(page), follow_redirects=True).status_code == 200
    code, said = tried("--data", up.data)
    assert (code, str(up.data) in said) == (2, True), said
    children = up.children()
    assert len(children) >= 3
    told = " ".join(
        part for process in [*children, psutil.Process(up.process.pid)] for part in process.cmdline()
    )
    environments = " ".join(value for process in children for value in process.environ().values())
    for secret in secrets_of(up.data):
        assert secret not in told
        assert secret not in environments
    began = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.ended(within_s=20) == 0, up.said
    assert time.monotonic() - began < 20
    assert not any(process.is_running() for process in children)


def token_of(up: Up) -> str:
    """The administrator's token, from the file whose path is printed; the token itself is not."""
    path = Path(up.row("admin token (1 day)"))
    assert path.stat().st_mode & 0o777 == 0o600
    token = path.read_text().strip()
    assert token not in up.said
    return token


def secrets_of(data: Path) -> list[str]:
    """Every line of a secret file in the data folder; all of them closed to other users."""
    kept = [
        data / "secrets" / "admin.token",
        data / "hub" / "tls" / "hub.key",
        data / "edge" / "identity.json",
    ]
    kept += [data / "edge" / "membership" / name for name in ("node.pem", "hub.creds")]
    files = [*kept, *(data / "secrets").iterdir(), *(data / "coordinator").glob("*key*"), data / "nats.conf"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    return [file.read_text(errors="ignore").strip() for file in kept]


def test_a_part_that_dies_is_started_again_and_one_that_keeps_dying_ends_it(up: Up) -> None:
    headers = {"Authorization": f"Bearer {token_of(up)}"}
    for name in ("nats-server", "proctor-coordinator", "proctor-edge"):
        victim = up.child(name)
        assert victim is not None
        victim.kill()
    eventually(lambda: online(up, headers), lambda: up.said)
    assert up.said.count("ended with status -9; it is started again") == 3
    children = up.children()
    for _ in range(MAX_RESTARTS + 1):  # its first end may be too long ago to count
        eventually(lambda: up.child("nats-server") or up.process.poll() is not None, lambda: up.said)
        if victim := up.child("nats-server"):
            victim.kill()
            eventually(lambda: not victim.is_running() or up.process.poll() is not None, lambda: up.said)
    assert up.ended(within_s=READY_S) == 1
    assert "nats-server ended with status -9; the end of" in up.said
    assert not any(process.is_running() for process in children)


def online(up: Up, headers: dict[str, str]) -> bool:
    """Whether the coordinator answers and its node is there."""
    try:
        nodes = httpx.get(up.row("API") + "/nodes", headers=headers).json()
    except httpx.TransportError:
        return False
    return bool(nodes) and nodes[0]["status"] == "online"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option, owner in (("--port", "coordinator"), ("--edge-port", "edge")):
            code, said = tried("--data", tmp_path, option, str(port))
            assert code == 2
            assert f"port {port} for the {owner}" in said


def test_a_missing_nats_server_is_named_with_what_to_install(tmp_path: Path) -> None:
    code, said = tried("--data", tmp_path, NATS_SERVER_BIN="/nowhere/nats-server")
    assert code == 2
    assert "/nowhere/nats-server" in said


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = tried("--data", tmp_path / "file" / "data")
    assert code == 2
    assert str(tmp_path / "file" / "data") in said
