"""Tells systemd that a daemon is ready, alive or stopping; does nothing without systemd.

    supervisor = of_environment()
    supervisor.ready()                    once it serves
    await supervisor.beat()               a task of the loop that must turn, until cancelled
    supervisor.stopping()

systemd names its socket in NOTIFY_SOCKET, and in WATCHDOG_USEC after how long a silent daemon counts as dead.
The beat comes from the loop that serves, so a loop that hangs is found, although its process still runs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

BEATS: Final = 3
"""Beats within the time after which systemd gives up, so that one that comes late does no harm."""


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Sends a daemon's state to systemd, as far as systemd wants it."""

    address: str | None = None
    """Where it is told; None: nowhere."""
    patience_s: float | None = None
    """After how long without a beat the daemon is killed; None: never."""

    def ready(self) -> None:
        """Tell that the daemon serves."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """Tell that the daemon is shutting down."""
        self._tell("STOPPING=1")

    async def beat(self) -> None:
        """Tell again and again that the event loop runs. Returns at once where no watchdog is set."""
        while self.address is not None and self.patience_s is not None:
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.patience_s / BEATS)

    def _tell(self, state: str) -> None:
        if self.address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
                teller.setblocking(False)
                teller.sendto(state.encode("ascii"), self.address)
        except OSError as error:
            log.warning("the supervisor cannot be told", extra={"error": str(error)})


def of_environment(environment: Mapping[str, str] = os.environ, own_id: int | None = None) -> Supervisor:
    """The supervisor that systemd has named for this process; settings for another process are ignored."""
    own_id = os.getpid() if own_id is None else own_id
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return Supervisor()
    if address.startswith("@"):  # a name without a file, which the kernel writes with a zero byte
        address = "\0" + address[1:]
    asked = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", str(own_id)) == str(own_id)
    patience_s = int(asked) / 1e6 if asked.isdecimal() and int(asked) > 0 and ours else None
    return Supervisor(address, patience_s)
