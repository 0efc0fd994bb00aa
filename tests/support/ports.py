"""Ports for programs that listen only a while after their port was chosen, or are dead for a moment.

What the system hands out as free it may hand out again meanwhile, and several tests run at once. These lie
below all that; each process of a run has ports of its own and gives none again soon, and runs on the same
machine hardly ever meet.
"""

from __future__ import annotations

import json
import os
import random
import socket
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FIRST: Final = 10_000
_EACH: Final = 2_000
_PROCESSES: Final = 11
_GIVEN: Final = deque[int](maxlen=_EACH // 2)
_PROGRAM_PORTS: Final = ("nats", "coordinator", "edge", "coordinator_status", "edge_status")


def reserved_port() -> int:
    """A port on which nothing listens, and which the system gives to nobody by itself."""
    for _ in range(100):
        port = random.SystemRandom().choice(own_ports(os.environ))
        if port not in _GIVEN and _free(port):
            _GIVEN.append(port)
            return port
    raise RuntimeError("no port is free")


def own_ports(environment: Mapping[str, str]) -> range:
    """Those of this process of the run; all of them where one process runs everything."""
    worker = environment.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return range(_FIRST, _FIRST + _PROCESSES * _EACH)
    first = _FIRST + int(worker.removeprefix("gw")) % _PROCESSES * _EACH
    return range(first, first + _EACH)


def remember_ports(data_folder: Path) -> None:
    """Let an installation in this folder take reserved ports, as if those of its last run."""
    ports = {name: reserved_port() for name in _PROGRAM_PORTS}
    (data_folder / "ports.json").write_text(json.dumps(ports))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
