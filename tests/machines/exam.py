"""An exam as staff and candidates have it: made and looked at with `proctorctl`, through TLS from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from shared.events.types import EventClass, EventType
from shared.rehearsal import ObservedAlert, Report, Script, compare
from tests.machines.machine import Machine
from tests.machines.outside import Outside
from tests.machines.provisioning import REPOSITORY
from tests.machines.steps import Step, Wrong

PROCTORCTL: Final = REPOSITORY / ".venv/bin/proctorctl"
TOKEN: Final = (
    "runuser -u proctor-coordinator -- /opt/proctor/coordinator/current/bin/proctor-coordinator token"
    " --config /etc/proctor/coordinator.toml --role {} --subject {} --minutes 1440"
)
FLOWS_WITHIN_S: Final = 180.0
REPORTED_WITHIN_S: Final = 120.0
"""The recording's first scripted event begins 14 s after its start."""


@dataclass(slots=True)
class Page:
    """A candidate's page, and what it told."""

    session: dict[str, Any]
    program: subprocess.Popen[bytes]
    log: Path

    @property
    def told(self) -> list[dict[str, Any]]:
        """What happened to it, in order."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"what"')]

    @property
    def flowed(self) -> int:
        """How often its media have reached a node."""
        return sum(one["what"] == "flows" for one in self.told)

    @property
    def lost(self) -> int:
        """How often it lost them."""
        return sum(one["what"] == "lost" for one in self.told)

    def wait_until_it_flows(self, times: int = 1) -> None:
        """Wait until its media have reached a node so often."""
        deadline = time.monotonic() + FLOWS_WITHIN_S
        while self.flowed < times:
            if self.program.poll() is not None or time.monotonic() > deadline:
                raise Wrong(f"no media of {self.session['session_id']}:\n{self.log.read_text()[-3000:]}")
            time.sleep(1)

    def gaps(self) -> list[tuple[float, str]]:
        """Each time without media in seconds, and the node where they flowed again."""
        found: list[tuple[float, str]] = []
        lost_at: datetime | None = None
        for one in self.told:
            at = datetime.fromisoformat(one["at"])
            if one["what"] == "lost":
                lost_at = at
            elif one["what"] == "flows" and lost_at is not None:
                found.append(((at - lost_at).total_seconds(), one["node"]))
                lost_at = None
        return found

    def leave(self) -> None:
        """Close the page."""
        self.program.terminate()
        try:
            self.program.wait(20)
        except subprocess.TimeoutExpired:
            self.program.kill()
            self.program.wait()


@dataclass(slots=True)
class Exam:
    """An exam on an installation."""

    outside: Outside
    folder: Path
    """With the recording, the pictures and the script."""
    token: Path
    """An administrator's."""
    officer: Path
    """A data protection officer's."""
    pages: list[Page] = field(default_factory=list)

    def ask(self, *command: str | Path, as_officer: bool = False) -> Any:
        """What `proctorctl` answers to an administrator, or to a data protection officer."""
        token = self.officer if as_officer else self.token
        return json.loads(self.outside.ask(PROCTORCTL, *command, "-o", "json", token=token))

    def enroll(self, candidate: str) -> None:
        """Enroll a candidate's face."""
        pictures = sorted(self.folder.glob("enrollment-*.jpg"))
        self.ask("enroll", "add", candidate, "EXAM", *pictures, "--acknowledged", "notice-1", "--on-paper")

    def seat(self, candidate: str, recording: Path, *options: str) -> Page:
        """Start a session of a candidate, and its page. With several nodes, the coordinator chooses."""
        session = self.ask(
            "sessions", "start", candidate, "EXAM", "--force", "--acknowledged", "notice-1", "--on-paper"
        )
        answer = self.outside.folder / f"session-{candidate}.json"
        answer.write_text(json.dumps(session))
        log = self.outside.folder / f"candidate-{candidate}.log"
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "tests.machines.candidate",
            recording,
            self.outside.url,
            answer,
        ]
        with log.open("wb") as out:
            program = self.outside.start(out, *command, *options)
        page = Page(session, program, log)
        self.pages.append(page)
        return page

    def alerts(self, page: Page) -> list[dict[str, Any]]:
        """The alerts of a session that are stored, as staff see them."""
        found: list[dict[str, Any]] = self.ask("sessions", "timeline", page.session["session_id"])["items"]
        return found

    def wait_until_reported(self, page: Page) -> str:
        """Wait until an alert about its candidate is stored; gives how many are. Raises `Wrong`."""
        deadline = time.monotonic() + REPORTED_WITHIN_S
        while not (found := conduct(self.alerts(page))):
            if time.monotonic() > deadline:
                raise Wrong(f"no alert of {page.session['session_id']} is stored")
            time.sleep(2)
        return f"stored of it: {dict(found)}"

    def node_of(self, page: Page) -> str:
        """The id of the node that has the session now."""
        return str(self.ask("sessions", "show", page.session["session_id"])["edge_node"])

    def end(self, page: Page) -> None:
        """End the session."""
        self.ask("sessions", "end", page.session["session_id"], "--yes")
        page.leave()

    def end_both(self, page: Page, relayed: Page, script: Script, step: Step) -> None:
        """Note what is stored of two candidates with one recording, and end their sessions; the second one's
        media come by the relay only. Raises `Wrong` if nothing of one is stored."""
        judged = self.judged(page, script)
        step.note(
            f"{len(judged.expected) - len(judged.missing)} of {len(judged.expected)} scripted events stored, "
            f"{len(judged.unexpected)} others about the candidate"
        )
        step.note(f"by the relay: {dict(conduct(self.alerts(relayed)))}")
        if not conduct(self.alerts(page)) or not conduct(self.alerts(relayed)):
            raise Wrong("no alert of an exam is stored")
        self.end(page)
        self.end(relayed)

    def judged(self, page: Page, script: Script) -> Report:
        """What is stored of one recording against its script."""
        zero = datetime.fromisoformat(page.told[0]["at"])
        observed = [
            ObservedAlert(
                event_type=EventType(one["event_type"]),
                event_class=EventClass(one["event_class"]),
                onset_s=(datetime.fromisoformat(one["onset"]) - zero).total_seconds(),
                raised_s=(datetime.fromisoformat(one["raised"]) - zero).total_seconds(),
            )
            for one in self.alerts(page)
        ]
        return compare(script, observed)

    def close(self) -> None:
        """Close all pages."""
        for page in self.pages:
            page.leave()


def open_exam(outside: Outside, recordings: Path, centre: Machine) -> Exam:
    """Make an exam; the tokens of staff are made on the coordinator's machine."""
    tokens = {role: outside.folder / f"{role}.token" for role in ("admin", "dpo")}
    for (role, token), subject in zip(tokens.items(), ("dean", "officer"), strict=True):
        token.touch(mode=0o600)
        token.write_text(centre.run(TOKEN.format(role, subject)))
    exam = Exam(outside, recordings, tokens["admin"], tokens["dpo"])
    exam.ask("exams", "create", "EXAM", "--title", "An exam on machines")
    return exam


def conduct(alerts: list[dict[str, Any]]) -> Counter[str]:
    """How often each kind of alert about a candidate is there."""
    return Counter(one["event_type"] for one in alerts if one["event_class"] in ("conduct", "identity"))
