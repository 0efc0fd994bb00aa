"""`proctor-edge`: the command line of an edge node.

Exit codes: 0 done, 1 a part of the daemon failed (the supervisor starts it again), 2 a problem that a person
must fix, described on standard error, 3 a recording was analysed only in part. Each command imports its own
libraries: the daemon's take seconds to import, and other programs call `identity` and `check-config`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from edge.config import EdgeConfig
from edge.desired.beginning import Begun, begin, give_up
from edge.node_identity import Identity, load as load_identity, load_or_make
from edge.stop_signals import when_asked_to_stop
from shared.config_file import load
from shared.dumps import no_core_dumps
from shared.errors import ConfigError, ProctorError
from shared.fields import format_utc
from shared.garbage import loading
from shared.late_commands import MANUAL, Rows, late_group
from shared.logs import configure
from shared.secret_file import read_secret
from shared.writing import writing_under

log = logging.getLogger(__name__)

END_WITHIN_S: Final = 10.0
"""From SIGTERM to the end of the process, even if something still runs."""

TOOLS: Final[Rows] = {
    "analyze": (
        "edge.tools.analyze:analyze",
        "Analyse recordings like live sessions, as fast as this machine can.",
    ),
    "replay": (
        "edge.tools.replay:command",
        "Show which events each policy would raise in a recorded exam. Nothing is analysed again.",
    ),
    "accuracy": (
        "edge.accuracy.command:accuracy",
        "Measure the accuracy of the analysis on labelled recordings, pictures and sounds.",
    ),
    "bench": (
        "edge.capacity.command:measure",
        "Measure how many sessions this host carries, and store that for the daemon.",
    ),
    "devices": (
        "edge.tools.devices:command",
        "Show what each network would run on here, its milliseconds, and why a better device refused it.",
    ),
    "join": (
        "edge.membership.command:join_fleet",
        "Join a coordinator's fleet with a token of `proctorctl nodes token`.",
    ),
    "manual": MANUAL,
}
"""Commands in modules of their own: networks take a second to import."""

cli = typer.Typer(
    cls=late_group(TOOLS),
    help="Watch exams on this host: the daemon, and tools to try it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[Path, typer.Option("--config", metavar="FILE", help="The daemon's settings, TOML.")]


@cli.command()
def run(config: ConfigOption) -> None:
    """Watch the sessions that the coordinator assigns, until SIGTERM.

    It also ends, with code 0, when settings that the coordinator gave need a restart and it has no session:
    whoever supervises it starts it again.

    Example:

        proctor-edge run --config /etc/proctor/edge.toml
    """
    no_core_dumps()
    with _refusals():
        settings, identity = _found(config)
        configure("proctor-edge")
        code = asyncio.run(_until_stopped(begin(settings), identity))
    _exit_now(code)


@cli.command()
def check_config(config: ConfigOption) -> None:
    """Check the settings as `run` does. Prints what is wrong; prints nothing when all is right.

    Example:

        proctor-edge check-config --config /etc/proctor/edge.toml
    """
    with _refusals():
        _found(config)


def _found(config: Path) -> tuple[EdgeConfig, Identity]:
    """Load settings and identity and check the secrets, before the networks, which take long to open."""
    from shared.hub_checks import hub_tls
    from shared.web_server.tls import server_tls

    settings = load(config, EdgeConfig)
    if settings.nats.password_file is not None:
        read_secret(settings.nats.password_file)
    if settings.coordinator.url is not None:
        from edge.membership import address, files

        address.usable(settings.coordinator.url)
        files.load(settings.data_folder)
    hub_tls(settings.nats.url, settings.nats.ca_file)
    server_tls(settings.web.tls)
    settings.media.read_ice_servers()
    return settings, load_identity(settings.data_folder)


@cli.command()
def identity(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The node's data folder.")],
) -> None:
    """Print the node's identity as JSON; created on first use. Give these public keys to the coordinator.

    Example:

        proctor-edge identity --data /var/lib/proctor/edge
    """
    with _refusals():
        made = load_or_make(data)
    public = {
        "node_id": str(made.node_id),
        "signing_key": made.signing_public,
        "sealing_key": made.sealing_public,
    }
    typer.echo(json.dumps(public))


@cli.command()
def rehearse(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another recording.")] = 1,
) -> None:
    """Make the demo's recording, enrollment pictures and script. Takes half a minute.

    Example:

        proctor-edge rehearse --out build/rehearsal
    """
    from edge.rehearsal.make import make_rehearsal

    with _refusals(), writing_under(out):
        made = make_rehearsal(out, seed)
    files = {
        "recording": str(made.recording),
        "enrollment": [str(path) for path in made.enrollment],
        "expected": str(made.expected),
    }
    typer.echo(json.dumps(files))


@cli.command()
def simulate_candidate(
    recording: Annotated[
        Path, typer.Argument(metavar="RECORDING", help="Recording to send as camera and microphone.")
    ],
    signaling_url: Annotated[str, typer.Option(help="ws://…/signal/… from `session/start`.")],
    token_file: Annotated[Path, typer.Option(metavar="FILE", help="The session's token, mode 0600.")],
) -> None:
    """Stream a recording over WebRTC in real time, as a candidate's browser would.

    Prints one line of JSON when the stream begins and one when it ends. Exits with 1 if the connection to the
    node breaks off, with 2 if the node refuses.

    Example:

        proctor-edge simulate-candidate exam.mkv --signaling-url ws://host/signal/… --token-file token
    """
    with _refusals():
        broken_off = asyncio.run(_simulated(recording, signaling_url, read_secret(token_file)))
    if broken_off:
        typer.echo("error: the connection to the node broke off before the end of the recording", err=True)
    _exit_now(1 if broken_off else 0)


def main() -> None:
    """Entry point of the script `proctor-edge`."""
    cli()


async def _until_stopped(begun: Begun, identity: Identity) -> int:
    with loading():
        from edge import app

    stop = asyncio.Event()

    def ask_to_stop() -> None:
        stop.set()
        _exit_later(1)

    when_asked_to_stop(ask_to_stop)
    try:
        await app.run(begun, identity, stop)
    except ConfigError as error:
        if not give_up(begun.own, str(error)):
            raise
        log.error("settings of the coordinator are taken back", extra={"reason": str(error)})
        return 1  # the supervisor starts it again, with those of before
    except ProctorError:
        raise
    except Exception:
        log.exception("a part of the daemon failed")
        return 1
    return 0


async def _simulated(recording: Path, signaling_url: str, token: str) -> bool:
    """Whether the connection broke off."""
    from edge.media.simulate import Simulation, stream_recording

    stop = asyncio.Event()
    when_asked_to_stop(stop.set)

    def began() -> None:
        typer.echo(json.dumps({"streaming_since_utc": format_utc(datetime.now(UTC))}))

    streamed = await stream_recording(Simulation(recording, signaling_url, token), stop, began)
    typer.echo(json.dumps({"streamed_s": round(streamed.duration_s, 3), "by_node": streamed.ended_by_node}))
    return streamed.broken_off


@contextmanager
def _refusals() -> Iterator[None]:
    """Print a problem that a person must fix as one sentence, and exit with code 2."""
    try:
        yield
    except ProctorError as error:
        typer.echo(f"error: {error}", err=True)
        _exit_now(2)


def _exit_later(code: int) -> None:
    timer = threading.Timer(END_WITHIN_S, os._exit, (code,))
    timer.daemon = True
    timer.start()


def _exit_now(code: int) -> NoReturn:
    # Decoder threads are not daemon threads: a normal exit would wait for one that hangs.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
