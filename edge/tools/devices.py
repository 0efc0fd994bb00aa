"""`proctor-edge devices`: what each network runs on here, how long a call takes, and why not on a better
device."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.analysis.networks import open_networks
from models.chain import BestDevice
from models.manifest import Profile
from models.references import fixed_input
from models.runtime import Network
from models.serving import Serving
from models.store import Store
from models.trial import sizes_of
from shared.errors import ProctorError

CALLS = 5
ENDLESS = 10_000
"""The width of a table that does not go to a terminal."""


def command(
    profile: Annotated[Profile, typer.Option(help="Licences to accept.")] = Profile.OPEN,
    best_device: Annotated[BestDevice, typer.Option(help="The best device to try.")] = BestDevice.CUDA,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what each network would run on here, its milliseconds, and why a better device refused it.

    Opens every network that a node with these settings would use; takes some seconds. Exits with 2 if it
    could not start.

    Examples:

        proctor-edge devices

        proctor-edge devices --best-device cpu --json
    """
    try:
        rows = list(opened_rows(profile, best_device))
    except ProctorError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print(rows)


def opened_rows(
    profile: Profile, best_device: BestDevice, store: Store | None = None
) -> Iterator[dict[str, Any]]:
    """One row per file of a network, then one per look that nothing serves."""
    found = store or Store.here()
    serving = Serving(found, profile, best=best_device)
    missing = open_networks(serving).missing
    for name, networks in sorted(serving.networks.items()):
        entry = found.manifest.entry(name)
        for network in networks:
            took_ms = measured_ms(network, entry.input.shapes)
            yield {"task": entry.task.value, "network": entry.label, **_row(network, took_ms)}
    for look, reason in sorted(missing.items()):
        yield {"task": look.value, "network": None, "problem": reason}


def measured_ms(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> float:
    """The quickest of some calls, with nothing else running."""
    given = fixed_input(network.inputs, sizes_of(network.inputs, shapes))
    took_s = []
    for _ in range(CALLS):
        begun_s = time.perf_counter()
        network.run(given)
        took_s.append(time.perf_counter() - begun_s)
    return min(took_s) * 1000


def _row(network: Network, took_ms: float) -> dict[str, Any]:
    return {
        "file": network.name,
        "device": network.device,
        "runtime": network.runtime.value,
        "milliseconds": round(took_ms, 2),
        "refused": [{"runtime": one.runtime.value, "reason": one.reason} for one in network.refused],
    }


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("task", "network", "runs on", "ms", "better devices", box=None)
    for row in rows:
        if row["network"] is None:
            table.add_row(row["task"], "-", "nothing", "", escape(row["problem"]))
            continue
        refused = "; ".join(f"{one['runtime']}: {one['reason']}" for one in row["refused"])
        cells = (row["task"], row["network"], row["device"], f"{row['milliseconds']:.1f}", refused)
        table.add_row(*map(escape, cells))
    console = Console()
    if not console.is_terminal:
        console.width = ENDLESS
    console.print(table, highlight=False)
