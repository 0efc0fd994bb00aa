"""A candidate's page without a browser.

    python -m tests.machines.candidate RECORDING URL SESSION-FILE [--relay]

Streams a recording to the session's node. When its media are lost it asks the coordinator where to go, and
connects there. Prints a line of JSON for each thing that happens; SIGTERM ends it. SESSION-FILE is the answer
to `session/start`. With --relay it may be reached through the installation's relay only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import urllib.request
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import aioice.ice
import av
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from edge.media import simulate
from edge.media.simulate import Simulation, stream_recording
from shared.errors import Rejected, Unavailable
from shared.ice import IceServer

# Like a browser, which knows after some seconds that nobody answers; aioice waits for half a minute.
aioice.ice.CONSENT_INTERVAL, aioice.ice.CONSENT_FAILURES = 1, 6

_ENDED = (404, 410)
"""Answers when the session is no more."""


def tell(what: str, **more: object) -> None:
    """Print one thing that happened."""
    told = {"what": what, "at": datetime.now(UTC).isoformat(), **more}
    print(json.dumps(told), flush=True)  # noqa: T201


class Over(Exception):
    """The session has ended."""


def route(url: str, session: dict[str, Any], failed: int) -> str | None:
    """Where to connect now; None: the coordinator does not say. Raises `Over`."""
    path = f"{url}/api/v1/session/{session['session_id']}/route?failed={failed}"
    asked = urllib.request.Request(path, headers={"Authorization": f"Bearer {session['session_token']}"})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found: str = json.load(answer)["signaling_url"]
    except (OSError, ValueError) as error:
        if isinstance(error, HTTPError) and error.code in _ENDED:
            raise Over from error
        tell("no route", why=str(error))
        return None
    return found


async def live(recording: Path, url: str, session: dict[str, Any], stop: asyncio.Event) -> None:
    """Stream until the recording is over, the session ends or `stop` is set."""
    servers = tuple(
        IceServer((one["urls"],), one["username"], one["credential"])
        for one in session["webrtc_config"]["ice_servers"]
    )
    there, failed, whole_s = session["signaling_url"], 0, length_s(recording)
    while not stop.is_set():
        simulation = Simulation(recording, there, session["session_token"], servers)
        try:
            streamed = await stream_recording(simulation, stop, partial(tell, "flows", node=there))
            failed = 0
            # When nobody answers any more at the other end of the media, its tracks end before their time.
            if stop.is_set() or not (streamed.broken_off or streamed.duration_s < whole_s - 2):
                tell("over", by_node=streamed.ended_by_node)
                return
            # Also a node that the session has left closes as if it were over: the coordinator knows.
            tell("lost")
        except Unavailable as error:
            failed += 1
            tell("not connected", why=str(error))
            await asyncio.sleep(1)
        except Rejected as error:
            tell("refused", why=str(error))
            await asyncio.sleep(2)
        try:
            there = await asyncio.to_thread(route, url, session, failed) or there
        except Over:
            tell("ended")
            return


def length_s(recording: Path) -> float:
    """How long the recording is."""
    with av.open(str(recording)) as opened:
        return (opened.duration or 0) / av.time_base


def _relayed_only(servers: tuple[IceServer, ...]) -> RTCPeerConnection:
    known = [RTCIceServer(list(one.urls), one.username, one.credential) for one in servers]
    return RTCPeerConnection(RTCConfiguration(known, iceTransportPolicy=RTCIceTransportPolicy.RELAY))


async def main() -> None:
    """Run what the command line asks for."""
    asked = argparse.ArgumentParser()
    asked.add_argument("recording", type=Path)
    asked.add_argument("url")
    asked.add_argument("session", type=Path)
    asked.add_argument("--relay", action="store_true")
    given = asked.parse_args()
    if given.relay:
        vars(simulate)["open_connection"] = _relayed_only
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await live(given.recording, given.url, json.loads(given.session.read_text()), stop)


if __name__ == "__main__":
    asyncio.run(main())
