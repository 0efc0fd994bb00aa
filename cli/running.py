"""Start a prepared installation in order, restart programs that end, stop them in reverse order."""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

import httpx

from cli.client import Client
from cli.installation import Installation, admin_token, join
from cli.programs import Program, start
from cli.restarts import restart_after_s
from shared.errors import Unavailable

READY_WITHIN_S = 120.0
_WATCH_S = 0.1


@contextmanager
def programs_running(installation: Installation) -> Iterator[tuple[Client, list[Program]]]:
    """The three programs, ready for sessions, and an administrator's client; stopped on exit.

    Raises `Unavailable` that names the program that did not start, with the end of its log.
    """
    programs: list[Program] = []
    try:
        programs.append(start_nats(installation))
        programs.append(start_coordinator(installation))
        join(installation)
        programs.append(start_edge(installation))
        client = Client(installation.coordinator_url, admin_token(installation))
        with client:
            programs[-1].wait_until(lambda: _node_online(client), within_s=READY_WITHIN_S)
            yield client, programs
    finally:
        for program in reversed(programs):
            program.stop()


def supervise(programs: list[Program], say: Callable[[str], None]) -> NoReturn:
    """Start each program again that ends, in its place in the list; `say` tells a person.

    Raises `Unavailable`, with the end of the log, when a program needs a person or keeps ending.
    """
    ends: defaultdict[int, list[float]] = defaultdict(list)
    due: dict[int, float] = {}
    while True:
        now = time.monotonic()
        for place, program in enumerate(programs):
            if place in due:
                if now >= due[place]:
                    programs[place] = program.again()
                    del due[place]
            elif (status := program.process.poll()) is not None:
                ends[place].append(now)
                pause_s = restart_after_s(ends[place], status)
                if pause_s is None:
                    raise Unavailable(program.failure() or f"{program.name} ended")
                say(f"{program.name} ended with status {status}; it is started again, see {program.log}")
                due[place] = now + pause_s
        time.sleep(_WATCH_S)


def start_nats(installation: Installation) -> Program:
    """nats-server, accepting clients. Raises `Unavailable` if it does not start."""
    config: Path = installation.folder / "nats.conf"
    command: list[str | Path] = [installation.binaries.nats_server, "-c", config]
    program = start("nats-server", command, installation.log("nats-server"), grace_s=10)
    program.wait_until(lambda: _accepts(installation.ports.nats), within_s=READY_WITHIN_S)
    return program


def start_coordinator(installation: Installation) -> Program:
    """The coordinator, ready to serve. Raises `Unavailable` if it does not start."""
    command = installation.coordinator("serve")
    program = start("proctor-coordinator", command, installation.log("coordinator"), grace_s=15)
    program.wait_until(lambda: _answers(installation.coordinator_url + "/readyz"), within_s=READY_WITHIN_S)
    return program


def start_edge(installation: Installation) -> Program:
    """The edge node, with its networks open. Raises `Unavailable` if it does not start."""
    program = start("proctor-edge", installation.edge("run"), installation.log("edge"), grace_s=15)
    program.wait_until(lambda: _answers(installation.edge_url + "/healthz"), within_s=READY_WITHIN_S)
    return program


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@cache
def _http() -> httpx.Client:
    # Making one reads all certificates of this machine: too much work for each of many questions.
    return httpx.Client(timeout=2.0, limits=httpx.Limits(max_keepalive_connections=0))


def _answers(url: str) -> bool:
    try:
        return _http().get(url).is_success
    except httpx.TransportError:
        return False


def _node_online(client: Client) -> bool:
    try:
        return any(node.status == "online" for node in client.fleet.nodes())
    except Unavailable:
        return False
