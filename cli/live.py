"""Stream the recording as a candidate would and listen to the session as a proctor would."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli.client import Client
from cli.installation import Installation
from cli.programs import Program, start
from shared.api.sessions import SessionStartResponse
from shared.errors import Unavailable

_LATE_ALERTS_S = 2.0
_STREAM_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One alert as it arrived here."""

    event_type: str
    at_utc: datetime


def stream_and_listen(
    console: Console,
    client: Client,
    session: SessionStartResponse,
    prepared: Installation,
    programs: list[Program],
) -> tuple[datetime, dict[str, Arrival]]:
    """Run the simulated candidate until it ends.

    Returns when the recording began on the wall clock, and each alert's first arrival by event id.
    Raises `Unavailable` if a program ends early or the candidate could not stream.
    """
    ticket = client.devices.socket_ticket(session.session_id).ticket
    url = f"{session.websocket_url}?ticket={ticket}"
    with connect(url, subprotocols=[Subprotocol("proctor.v1")], open_timeout=10) as socket:
        sender = _start_sender(prepared, session)
        try:
            arrivals = _listen(console, socket, sender, programs)
        finally:
            sender.stop()
    if sender.process.returncode:
        raise Unavailable(f"the simulated candidate failed; the end of {sender.log}:\n{sender.log_tail()}")
    return _began_utc(sender), arrivals


def _start_sender(prepared: Installation, session: SessionStartResponse) -> Program:
    """Start the sender. The token is passed in a file: everyone on the machine can read a command line."""
    token_file: Path = prepared.folder / "secrets" / "session.token"
    token_file.touch(mode=0o600)
    token_file.write_text(session.session_token)
    command: list[str | Path] = [
        prepared.binaries.edge,
        "simulate-candidate",
        prepared.folder.parent / "rehearsal" / "rehearsal.mkv",
        "--signaling-url",
        session.signaling_url,
        "--token-file",
        token_file,
    ]
    return start("simulated candidate", command, prepared.log("candidate"), grace_s=10)


def _listen(
    console: Console, socket: ClientConnection, sender: Program, programs: list[Program]
) -> dict[str, Arrival]:
    """Print alerts until the sender ends and a little longer, for alerts still in transit."""
    arrivals: dict[str, Arrival] = {}
    give_up = time.monotonic() + _STREAM_WITHIN_S
    ends: float | None = None
    while ends is None or time.monotonic() < ends:
        if ends is None and sender.process.poll() is not None:
            ends = time.monotonic() + _LATE_ALERTS_S
        for program in programs:
            if failure := program.failure():
                raise Unavailable(failure)
        if time.monotonic() > give_up:
            raise Unavailable(f"the recording had not ended after {_STREAM_WITHIN_S:.0f} s")
        if (message := _next_message(socket)) is not None:
            _note(console, message, arrivals)
    return arrivals


def _next_message(socket: ClientConnection) -> dict[str, Any] | None:
    try:
        message: dict[str, Any] = json.loads(socket.recv(timeout=0.25))
    except TimeoutError:
        return None
    except ConnectionClosed as error:
        raise Unavailable(f"the coordinator closed the live socket: {error.rcvd or 'no reason'}") from error
    return message


def _note(console: Console, message: dict[str, Any], arrivals: dict[str, Arrival]) -> None:
    now = datetime.now(UTC)
    if message.get("type") == "alert":
        arrivals.setdefault(message["event_id"], Arrival(message["event_type"], now))
        console.print(
            f"  {now:%H:%M:%S}  {message['event_type']:<20} severity {message['severity_score']:.2f}  "
            f"{message['message']}",
            highlight=False,
        )
    elif message.get("type") == "cleared":
        console.print(f"  {now:%H:%M:%S}  {message['event_type']:<20} over", highlight=False)


def _began_utc(sender: Program) -> datetime:
    """When the first frame left, from the sender's log."""
    for line in sender.log.read_text().splitlines():
        if line.startswith("{") and "streaming_since_utc" in line:
            return datetime.fromisoformat(json.loads(line)["streaming_since_utc"])
    raise Unavailable(f"the simulated candidate never started to stream; see {sender.log}")
