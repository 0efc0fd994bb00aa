"""`proctor-edge replay`: shows which events each of several policies would raise in a recorded exam.

Observations are read once, line by line, and given to one monitor per policy, exactly as in the session.
Nothing is analysed again, so a policy can only judge what was analysed then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.judging.alerts import gravity
from edge.judging.explanations import explain
from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from edge.tools.policy_files import read_policy
from shared.errors import ConfigError, Corrupt, ProctorError
from shared.events.table import event_class
from shared.events.types import EventClass, EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from shared.recorded import read_lines

MAX_POLICIES = 8
MAX_LINE_BYTES = 65_536


class Output(StrEnum):
    """The output format."""

    TABLE = "table"
    JSON = "json"


@dataclass(slots=True)
class Replay:
    """The replay under one policy. `findings` has the events that have ended; after `finish`, all events."""

    name: str
    policy: Policy
    monitor: Monitor = field(init=False)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monitor = Monitor(monitor_settings(self.policy))

    def observe(self, observation: Observation) -> None:
        """Add the next observation, after every deadline before it."""
        monitor = self.monitor
        deadline_s = monitor.deadline()
        while deadline_s is not None and deadline_s <= observation.at:
            self._take(monitor.tick(deadline_s))
            deadline_s = monitor.deadline()
        self._take(monitor.observe(observation))

    def finish(self, at: float) -> None:
        """End the recording."""
        self._take(self.monitor.finish(at))

    def _take(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            if event_class(finding.event) is EventClass.MILESTONE:
                continue
            if finding.phase is Phase.CLEARED:
                self.findings.append(_row(self.policy, finding))


def replayed(observations: Iterable[Observation], policies: Sequence[tuple[str, Policy]]) -> dict[str, Any]:
    """Judge the observations under each policy. Returns plain data, with times in seconds on the session
    clock."""
    replays = [Replay(name, policy) for name, policy in policies]
    count, last_s = 0, 0.0
    for observation in observations:
        count, last_s = count + 1, max(last_s, observation.at)
        for each in replays:
            each.observe(observation)
    for each in replays:
        each.finish(last_s)
    return {
        "observations": count,
        "duration_s": round(last_s, 3),
        "policies": [
            {
                "policy": each.name,
                "version": each.policy.version,
                "late": each.monitor.late,
                "events": _totals(each.findings),
                "findings": sorted(each.findings, key=lambda row: (row["onset_s"], row["event"])),
            }
            for each in replays
        ],
    }


def read_observations(path: Path) -> Iterator[Observation]:
    """A recording's observations, line by line.

    Raises `ConfigError` when it cannot be opened, and `Corrupt` for an invalid line (with its number) or an
    empty file: without observations nothing can be said about the exam.
    """
    empty = True
    try:
        with path.open("rb") as file:
            for observation in read_lines(_lines(file)):
                empty = False
                yield observation
    except OSError as error:
        raise ConfigError(f"the observations {path} cannot be read: {error.strerror}") from error
    if empty:
        raise Corrupt(f"{path} has no observations")


def command(
    observations: Annotated[
        Path, typer.Argument(metavar="OBSERVATIONS", help="The file observations.jsonl that `analyze` wrote.")
    ],
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", help="A policy, a JSON file; may be repeated. Default: the default policy."),
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Show which events each policy would raise in a recorded exam. Nothing is analysed again.

    Example:

        proctor-edge replay analysis/observations.jsonl --policy now.json --policy stricter.json
    """
    try:
        if len(policy or ()) > MAX_POLICIES:
            raise ConfigError(f"at most {MAX_POLICIES} policies can be compared at once")
        policies = [(path.name, read_policy(path)) for path in policy or ()] or [("default", Policy())]
        outcome = replayed(read_observations(observations), policies)
    except ProctorError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from error
    if output is Output.JSON:
        typer.echo(json.dumps(outcome, ensure_ascii=False))
        return
    Console().print(_table(outcome))
    late = outcome["policies"][0]["late"]
    if late:
        Console().print(f"{late} observations are older than an earlier line and were left out.")


def _lines(file: Any) -> Iterator[bytes]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise Corrupt(f"line {number} is longer than {MAX_LINE_BYTES} bytes; refused")
        yield line


def _row(policy: Policy, finding: Finding) -> dict[str, Any]:
    rule = policy.rule(finding.event)
    return {
        "event": finding.event.value,
        "class": event_class(finding.event).value,
        "onset_s": round(finding.onset_s, 3),
        "raised_s": round(finding.raised_s, 3),
        "ended_s": round(finding.at_s, 3),
        "severity": gravity(policy, finding),
        "action": rule.action.value,
        "together_with": None if finding.together_with is None else finding.together_with.value,
        "explanation": explain(finding),
    }


def _totals(findings: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Count and total time of each event, in the order of the closed list."""
    totals: dict[str, dict[str, float]] = {}
    for event in EventType:
        rows = [row for row in findings if row["event"] == event.value]
        if rows:
            seconds = sum(row["ended_s"] - row["onset_s"] for row in rows)
            totals[event.value] = {"count": len(rows), "seconds": round(seconds, 1)}
    return totals


def _table(outcome: dict[str, Any]) -> Table:
    columns = outcome["policies"]
    title = f"{outcome['observations']} observations, {outcome['duration_s']:.0f} s"
    table = Table("event", *(escape(each["policy"]) for each in columns), title=title, box=None)
    for event in EventType:
        totals = [each["events"].get(event.value) for each in columns]
        if any(totals):
            cells = (f"{each['count']} × ({each['seconds']:.0f} s)" if each else "–" for each in totals)
            table.add_row(event.value, *cells)
    return table
