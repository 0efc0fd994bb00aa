"""Ports for programs that listen only a while after their port was chosen, or are dead for a moment.

What the system hands out as free it may hand out again meanwhile, and several tests run at once. These lie
below all that, spread so far that two tests hardly ever meet.
"""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path
from typing import Final

_RANGE: Final = (10_000, 32_000)
_PROGRAM_PORTS: Final = ("nats", "coordinator", "edge", "coordinator_status", "edge_status")


def reserved_port() -> int:
    """A port on which nothing listens, and which the system gives to nobody by itself."""
    for _ in range(100):
        port = random.SystemRandom().randrange(*_RANGE)
        if _free(port):
            return port
    raise RuntimeError("no port is free")


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
