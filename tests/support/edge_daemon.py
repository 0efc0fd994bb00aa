"""The real `proctor-edge run` as a child process, with its configuration in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from edge.node_identity import Identity, load_or_make
from models.manifest import Profile
from models.store import Store
from models.tasks import Task
from shared.errors import Unavailable
from tests.support.asking import http
from tests.support.metrics import reading
from tests.support.nats import RunningServer, node_password
from tests.support.ports import reserved_port

PROGRAM: Final = Path(sys.executable).with_name("proctor-edge")
READY_S: Final = 180.0
"""On a machine that does much else: a worker's process imports its libraries after the daemon did."""


class EdgeDaemon:
    """One node in one folder; started, killed, started again."""

    def __init__(
        self,
        folder: Path,
        hub: RunningServer,
        identity: Identity,
        coordinator_key: str,
        *,
        workers: int = 0,
        rating: int = 2,
        traces_url: str | None = None,
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.port = reserved_port()
        self.status_port = reserved_port()
        self.config = folder / "edge.toml"
        self._process: subprocess.Popen[bytes] | None = None
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(node_password(identity.node_id))
        settings: dict[str, dict[str, Any]] = {
            "": {"region": "test", "data_folder": "."},
            "coordinator": {"public_key": coordinator_key},
            "nats": {"url": hub.url, "user": str(identity.node_id), "password_file": "password"},
            "web": {"port": self.port, "public_url": self.url},
            "status": {"port": self.status_port},
            "outbox": {"backlog_jitter_s": 0, "resend_after_s": 2},
            "analysis": {"rating": rating, "steps_down": False},
            "workers": {"count": workers},
            "traces": {} if traces_url is None else {"url": traces_url},
        }
        self.config.write_text("".join(_section(name, values) for name, values in settings.items()))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def status_url(self) -> str:
        return f"http://127.0.0.1:{self.status_port}"

    @property
    def log(self) -> str:
        return (self.folder / "edge.log").read_text(errors="replace")

    def start(self, **environment: str) -> None:
        """Start and wait until it answers; fails with its log when it does not."""
        with (self.folder / "edge.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "run", "--config", self.config],
                stdout=log,
                stderr=log,
                env=os.environ | environment,
            )
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.health()
                return
            except httpx.TransportError:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"the daemon did not start:\n{self.log}")

    def worker_pids(self) -> list[int]:
        """Its workers' processes, the one that was spawned first before the others."""
        if self._process is None:
            return []
        children = psutil.Process(self._process.pid).children()
        return [child.pid for child in sorted(children, key=lambda child: child.create_time())]

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of the full health."""
        answer = http().get(f"{self.status_url}/healthz")
        return answer.status_code, answer.json()

    def metric(self, name: str, **labels: str) -> float:
        """One value of /metrics; 0 when it is not there yet."""
        return reading(self.status_url, name, **labels)

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how long it took, seconds."""
        began = time.monotonic()
        return self._signal(signal.SIGTERM), time.monotonic() - began

    def _signal(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        return process.wait(timeout=20)


def made_identity(folder: Path) -> Identity:
    folder.mkdir(exist_ok=True)
    return load_or_make(folder)


def need_weights() -> None:
    """Skip loudly where a network the daemon needs is missing."""
    for task in (Task.FACE_DETECTION, Task.FACE_RECOGNITION, Task.BODY_POSE):
        try:
            Store.here().serving(task, Profile.OPEN)
        except Unavailable as error:
            pytest.skip(f"no weights for {task}: {error}")


def _section(name: str, values: dict[str, Any]) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    return f"[{name}]\n{lines}" if name else lines
