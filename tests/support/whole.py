"""A whole installation for system tests: nats-server, coordinator, edge node, as `proctorctl up` runs them.

Its programs can be killed, frozen and started again on the same folders and ports; candidates stream into it
from processes of their own, over a network as bad as a test wants.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from cli.client import Client
from cli.installation import Installation, choose_ports, prepare
from cli.programs import Program
from cli.running import programs_running, start_coordinator, start_edge, start_nats
from edge.rehearsal.make import enrollment_pictures
from shared.api.alerts import AlertOut
from shared.api.enrollments import EnrollImage, EnrollRequest
from shared.api.exams import Acknowledged
from shared.api.sessions import SessionStartRequest, SessionStartResponse
from shared.events.types import EventType
from tests.support.asking import http
from tests.support.edge_daemon import need_weights
from tests.support.eventually import PATIENCE_S, pause_s
from tests.support.metrics import reading
from tests.support.ports import remember_ports

EXAM: Final = "EXAM-1"
ACKNOWLEDGED: Final = Acknowledged(text_version="test")
"""What the candidate has acknowledged on a page of its institution."""
_STARTERS: Final[dict[str, Callable[[Installation], Program]]] = {
    "nats-server": start_nats,
    "proctor-coordinator": start_coordinator,
    "proctor-edge": start_edge,
}
_ROOT: Final = Path(__file__).parents[2]


@dataclass
class Whole:
    """What a test works with."""

    prepared: Installation
    client: Client
    _programs: list[Program]
    _candidates: list[Program] = field(default_factory=list)
    _sessions: list[str] = field(default_factory=list)

    def kill(self, name: str) -> None:
        """kill -9: no goodbye, nothing flushed."""
        process = self._program(name).process
        process.kill()
        process.wait(10)

    def freeze(self, name: str) -> None:
        """It keeps its sockets and does nothing, until it is thawed."""
        self._program(name).process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self._program(name).process.send_signal(signal.SIGCONT)

    def restart(self, name: str) -> None:
        """Start what was killed, on its old folder and port; returns when it is ready."""
        place = next(i for i, program in enumerate(self._programs) if program.name == name)
        self._programs[place] = _STARTERS[name](self.prepared)

    def pid(self, name: str) -> int:
        """Of a program that runs now."""
        return self._program(name).process.pid

    def revive(self) -> None:
        """Thaw and restart whatever a test left frozen or dead."""
        for name in _STARTERS:
            program = self._program(name)
            if program.failure() is None:
                self.thaw(name)
            else:
                self.restart(name)
        wait_until(self.online, "the node is online")

    def online(self) -> bool:
        """Whether the coordinator hears the node, and both hold their connection to the hub."""
        try:
            reasons = [
                *http().get(f"{self.prepared.coordinator_status_url}/readyz").json()["reasons"],
                *http().get(f"{self.prepared.edge_status_url}/healthz").json()["reasons"],
            ]
        except httpx.TransportError:
            return False
        heard = any(node.status == "online" for node in self.client.fleet.nodes())
        return heard and not any("hub" in reason for reason in reasons)

    def clear(self) -> None:
        """Stop the candidates and end the sessions that were started here."""
        for candidate in self._candidates:
            candidate.stop()
        for session in self._sessions:
            self.client.sessions.end(session)
        self._candidates.clear()
        self._sessions.clear()

    def enroll(self, candidate: str, folder: Path) -> None:
        """Enroll the rehearsal's candidate under this name."""
        pictures = [base64.b64encode(path.read_bytes()).decode() for path in enrollment_pictures(folder)]
        images = [EnrollImage(image_base64=text) for text in pictures]
        answer = self.client.enrollments.add(
            EnrollRequest(candidate_id=candidate, exam_id=EXAM, images=images, acknowledged=ACKNOWLEDGED)
        )
        assert answer.status == "success", answer

    def start(self, candidate: str) -> SessionStartResponse:
        """A new session of this candidate."""
        request = SessionStartRequest(
            candidate_id=candidate, exam_id=EXAM, acknowledged=ACKNOWLEDGED, allow_unregistered=True
        )
        session = self.client.sessions.start(request)
        self._sessions.append(session.session_id)
        return session

    def stream(self, session: SessionStartResponse, recording: Path, *network: str) -> Program:
        """Begin to stream a recording; `network` are options of `tests.support.lossy_candidate`."""
        log = self.prepared.folder / "logs" / f"candidate-{session.session_uuid}.log"
        command = [sys.executable, "-m", "tests.support.lossy_candidate", str(recording)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, session.signaling_url, *network],
                cwd=_ROOT,
                env=os.environ | {"SESSION_TOKEN": session.session_token},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._candidates.append(Program("candidate", tuple(command), process, log, grace_s=5))
        return self._candidates[-1]

    def alerts(self, session: SessionStartResponse) -> list[AlertOut]:
        """What the coordinator has stored of the node's alerts, milestones left out."""
        items = self.client.alerts.timeline(session.session_id).items
        return [item for item in items if item.event_class != "milestone"]

    def seen(self, session: SessionStartResponse) -> list[EventType]:
        """The types of these alerts, sorted."""
        return sorted(alert.event_type for alert in self.alerts(session))

    def rest(self) -> httpx.Client:
        """The API as its administrator, for what `client` has no method for."""
        token = (self.prepared.folder / "secrets" / "admin.token").read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.prepared.coordinator_url}/api/v1", headers=bearer)

    def metric(self, name: str, **labels: str) -> float:
        """One value of the node's metrics; 0 when it is not there yet."""
        return reading(self.prepared.edge_status_url, name, **labels)

    def rows(self) -> dict[str, int]:
        """How many rows every table of the coordinator has."""
        path = self.prepared.folder / "coordinator" / "coordinator.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in names}

    def _program(self, name: str) -> Program:
        return next(program for program in self._programs if program.name == name)


@contextmanager
def whole(folder: Path, rating: int = 8) -> Iterator[Whole]:
    """An installation of its own, stopped at the end; skips loudly where programs or weights are missing."""
    need_weights()
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed (Debian's package espeak-ng)")
    for package in ("skimage", "matplotlib"):
        pytest.importorskip(package, reason=f"{package} (extra `demo`) is not installed")
    remember_ports(folder)
    prepared = prepare(folder, choose_ports(folder, None, None), profile="open", level="L1", steps_down=False)
    written = prepared.config("edge").read_text()
    prepared.config("edge").write_text(written.replace("[analysis]\n", f"[analysis]\nrating = {rating}\n"))
    with prepared.config("edge").open("a") as settings:
        # A fleet spreads its backlog over minutes; one node in a test need not.
        settings.write("\n[outbox]\nbacklog_jitter_s = 1\nresend_after_s = 2\n")
    with prepared.config("coordinator").open("a") as settings:
        settings.write("\n[faces]\nimpersonation_search = true\n")
    with programs_running(prepared) as (client, programs):
        yield Whole(prepared, client, programs)


def wait_until(holds: Callable[[], object], what: str, within_s: float = PATIENCE_S) -> None:
    """Return as soon as it holds; fail naming what did not happen."""
    asked_at = time.monotonic()
    deadline = asked_at + within_s
    while not holds():
        answered_at = time.monotonic()
        assert answered_at < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(pause_s(answered_at - asked_at))
        asked_at = time.monotonic()
