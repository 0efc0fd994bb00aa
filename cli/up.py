"""`proctorctl up`: a whole installation on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from cli import installation as installing
from cli.running import programs_running, supervise


def default_data_folder() -> Path:
    """The default data folder of `up` (XDG data folder)."""
    return Path(typer.get_app_dir("proctor")) / "up"


def up(
    data: Annotated[Path | None, typer.Option(help="Folder for keys, databases and logs.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the coordinator; default: a free one.")] = None,
    edge_port: Annotated[int | None, typer.Option(help="Port of the edge node; default: a free one.")] = None,
    profile: Annotated[str, typer.Option(help="Networks: open, or research (non-commercial).")] = "open",
    level: Annotated[str, typer.Option(help="Best level to run at, L0 (GPU) to L4.")] = "L1",
    nats_server: Annotated[
        Path | None, typer.Option(help="Program of the hub; default: NATS_SERVER_BIN, or the installed one.")
    ] = None,
) -> None:
    """Start nats-server, coordinator and one edge node on this machine, and stop them on Ctrl-C.

    Everything listens on loopback only. Keys are created on the first start and kept in the data folder. A
    program that dies is started again; when it keeps dying, everything stops, with the end of its log.

    Examples:

        proctorctl up

        proctorctl up --data ./exam-day --port 8000
    """
    console = Console()
    folder = (data or default_data_folder()).absolute()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with installing.lock(folder):
            ports = installing.choose_ports(folder, port, edge_port)
            console.print(f"starting nats-server, coordinator and edge node in {folder}")
            prepared = installing.prepare(
                folder, ports, profile=profile, level=level, nats_server=nats_server
            )
            with programs_running(prepared) as (_, programs):
                console.print(_lines(prepared), soft_wrap=True, markup=False, highlight=False)
                console.print("Ready. Ctrl-C stops everything.")
                supervise(programs, lambda line: console.print(line, soft_wrap=True, markup=False))
    except KeyboardInterrupt:
        console.print("stopped")


def _interrupt(signal_number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _lines(prepared: installing.Installation) -> str:
    """Plain lines: a table would cut long addresses to the terminal's width."""
    rows = {
        "API": prepared.coordinator_url + "/api/v1",
        "API description": prepared.coordinator_url + "/api/v1/openapi.json",
        "candidate page": prepared.coordinator_url + "/join",
        "proctor console": prepared.coordinator_url + "/console",
        "metrics": prepared.coordinator_status_url + "/metrics",
        "edge health": prepared.edge_status_url + "/healthz",
        "edge metrics": prepared.edge_status_url + "/metrics",
        "logs": str(prepared.folder / "logs"),
        "admin token (1 day)": str(prepared.folder / "secrets" / "admin.token"),
    }
    return "\n".join(f"{name:<21}{value}" for name, value in rows.items())
