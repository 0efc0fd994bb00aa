"""`proctorctl policies`: check, compare and simulate policy files before an exam uses them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.documents import read_document
from cli.programs import find_program
from cli.render import Format, OutputOption, write_data
from shared.errors import ConfigError, Rejected, Unavailable
from shared.plain_text import plain
from shared.policy.diff import differences, in_force
from shared.policy.rules import DEFAULT_RULES, THRESHOLD_UNITS
from shared.policy.schema import Policy, parse_policy

MAX_POLICY_BYTES: Final = 1_000_000
SIMULATION_WITHIN_S: Final = 600.0

app = typer.Typer(no_args_is_help=True)


PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="A policy, JSON or YAML.")]


@app.command()
def check(
    policies: Annotated[list[Path], typer.Argument(metavar="POLICY", help="Policies, JSON or YAML.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Check whether each file is a valid policy, and if not, say what is wrong at which path. Exits with 1 if
    one is invalid or cannot be read.

    Example:

        proctorctl policies check exam.yaml
    """
    rows: list[dict[str, Any]] = [{"file": str(path), "problems": _problems(path)} for path in policies]
    if output.for_people:
        for row in rows:
            for problem in row["problems"]:
                words = f"{row['file']}: {problem['path']}: {problem['message']}"
                sys.stdout.write(plain(" ".join(words.split())) + "\n")
            if not row["problems"]:
                sys.stdout.write(plain(f"{row['file']}: a policy") + "\n")
    else:
        write_data(rows, output)
    if any(row["problems"] for row in rows):
        raise typer.Exit(1)


@app.command()
def show(
    policy: Annotated[
        Path | None,
        typer.Argument(metavar="POLICY", help="A policy, JSON or YAML; without it, the default policy."),
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show every rule in force, with presets applied.

    Example:

        proctorctl policies show exam.yaml -o yaml
    """
    read = Policy() if policy is None else read_policy(policy)
    if not output.for_people:
        write_data(in_force(read), output)
        return
    table = Table(
        Column("event", no_wrap=True), "on", "hold s", "clear s", "severity", "action", "threshold", box=None
    )
    for event in DEFAULT_RULES:
        rule, known = read.rule(event), THRESHOLD_UNITS.get(event)
        bound = "" if known is None else f"{known.side.value} {rule.threshold:g} {known.unit}"
        table.add_row(
            event.value,
            "yes" if rule.enabled else "no",
            f"{rule.hold_s:g}",
            f"{rule.clear_s:g}",
            f"{rule.severity:g}",
            rule.action.value,
            bound,
        )
    Console().print(table)


@app.command()
def diff(before: PolicyFile, after: PolicyFile, output: OutputOption = Format.TABLE) -> None:
    """Show the differences in force between two policies, however they are written.

    Example:

        proctorctl policies diff now.yaml next.yaml
    """
    changes = differences(read_policy(before), read_policy(after))
    if not output.for_people:
        write_data([{"path": c.path, "before": c.before, "after": c.after} for c in changes], output)
        return
    table = Table(Column("what", no_wrap=True), escape(before.name), escape(after.name), box=None)
    for change in changes:
        table.add_row(change.path, escape(_plain(change.before)), escape(_plain(change.after)))
    Console().print(table if changes else "The two policies are equal.")


@app.command()
def simulate(
    observations: Annotated[
        Path, typer.Argument(metavar="OBSERVATIONS", help="observations.jsonl of a recorded exam.")
    ],
    policy: Annotated[
        list[Path], typer.Option("--policy", help="A policy, JSON or YAML; may be repeated, up to eight.")
    ],
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what each policy would have reported in a recorded exam (`proctor-edge replay`).

    Example:

        proctorctl policies simulate observations.jsonl --policy now.yaml --policy next.yaml
    """
    outcome = _replayed(observations, policy)
    if not output.for_people:
        write_data(outcome, output)
        return
    columns = outcome["policies"]
    table = Table(Column("event", no_wrap=True), *(escape(each["policy"]) for each in columns), box=None)
    events = dict.fromkeys(event for each in columns for event in each["events"])
    for event in events:
        totals = [each["events"].get(event) for each in columns]
        table.add_row(event, *(f"{t['count']} × ({t['seconds']:.0f} s)" if t else "–" for t in totals))
    Console().print(table)
    late = outcome["policies"][0]["late"]
    Console().print(
        f"{outcome['observations']} observations of {outcome['duration_s']:.0f} s"
        + (f", {late} of them out of order and left out" if late else "")
        + ". Only what was analysed then can be judged now.",
        soft_wrap=True,
    )


def read_policy(path: Path) -> Policy:
    """The policy of a JSON or YAML file.

    Raises `ConfigError` if it cannot be read, `Rejected` with each wrong path if it is not valid; both
    name the file.
    """
    value = read_document(path, "policy", MAX_POLICY_BYTES)
    try:
        return parse_policy(value)
    except Rejected as error:
        raise Rejected(
            f"{path}: {error}", code=error.code, status=error.status, errors=error.errors
        ) from error


def policy_data(policy: Policy) -> dict[str, Any]:
    """A complete policy for the API: a bound of None means "not required" and must not be left out."""
    return policy.model_dump(mode="json", exclude={"candidate"})


def _problems(path: Path) -> list[dict[str, str]]:
    try:
        read_policy(path)
    except Rejected as error:
        return [{"path": str(each["path"]), "message": str(each["message"])} for each in error.errors]
    except ConfigError as error:
        return [{"path": "policy", "message": str(error)}]
    return []


def _replayed(observations: Path, policies: Sequence[Path]) -> dict[str, Any]:
    """The output of `proctor-edge replay`; each policy is named by its file name."""
    read = [(path, read_policy(path)) for path in policies]
    with tempfile.TemporaryDirectory(prefix="proctor-simulate-") as folder:
        command = [str(find_program("proctor-edge")), "replay", str(observations), "-o", "json"]
        for number, (_, policy) in enumerate(read):
            written = Path(folder) / f"{number}.json"
            written.write_text(policy.model_dump_json(exclude={"candidate"}))
            command += ["--policy", str(written)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SIMULATION_WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"proctor-edge replay took over {SIMULATION_WITHIN_S:.0f} s") from error
    if done.returncode:
        words = " ".join(done.stderr.split()) or f"it ended with status {done.returncode}"
        raise ConfigError(f"proctor-edge replay: {words.removeprefix('error: ')}")
    outcome: dict[str, Any] = json.loads(done.stdout)
    for row, (path, _) in zip(outcome["policies"], read, strict=True):
        row["policy"] = path.name
    return outcome


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"  # as many digits as needed to distinguish them
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "–" if value is None else str(value)
