"""A coordinator that dies by kill -9 and is back in a moment, on the same folders and port.

Each life is a process of its own, forked from one that has the imports behind it: a life a second.
"""

from __future__ import annotations

import socket
import time
from typing import Final

from coordinator import serving
from coordinator.config import CoordinatorConfig
from tests.support.forks import FORKS

READY_WITHIN_S: Final = 90.0


class MortalCoordinator:
    """One coordinator, of which at most one life runs."""

    def __init__(self, config: CoordinatorConfig) -> None:
        self._config = config
        self._life = FORKS.Process(target=serve, args=(config,))
        self.lives = 0

    def start(self) -> None:
        """Begin a life; returns when it takes connections."""
        self._life = FORKS.Process(target=serve, args=(self._config,), daemon=True)
        self._life.start()
        self.lives += 1
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._listens():
            if not self._life.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the coordinator did not come up: {self._life.exitcode}")
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9: no goodbye, nothing flushed."""
        self._life.kill()
        self._life.join()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self._config.web.host, self._config.web.port)) == 0


def serve(config: CoordinatorConfig) -> None:
    """One life, until it is killed."""
    serving.run(config)
