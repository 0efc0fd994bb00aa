"""A program that dies by kill -9, is frozen, and is back in a moment: each life a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from shared.logs import configure
from tests.support.forks import FORKS

READY_WITHIN_S: Final = 120.0
AGAIN_AFTER_S: Final = 0.5


class Mortal:
    """One program, of which at most one life runs."""

    def __init__(self, port: int, log: Path, run: Callable[..., None], *settings: Any) -> None:
        """`run` serves on `port` until it is killed; what it says goes to `log`."""
        self._port = port
        self._target = (run, log, settings)
        self._life = self._new()
        self.lives = 0

    @property
    def pid(self) -> int | None:
        """Of its present life."""
        pid: int | None = self._life.pid
        return pid

    def start(self) -> None:
        """Begin a life; returns when it takes connections. One that ends by itself before, because what it
        needs is away, is begun again as a supervisor would."""
        self._begin()
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._listens():
            if time.monotonic() > deadline:
                raise RuntimeError(f"a program did not come up: see {self._target[1]}")
            if not self._life.is_alive():
                time.sleep(AGAIN_AFTER_S)
                self._begin()
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9: no goodbye, nothing flushed."""
        if self._life.pid is not None:
            self._life.kill()
            self._life.join()

    def tend(self) -> None:
        """Begin it again if it has ended by itself, as a supervisor would: one that finds its database away
        when it begins ends."""
        if self._life.pid is not None and not self._life.is_alive():
            self.start()

    def freeze(self) -> None:
        self.tend()
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _begin(self) -> None:
        self._life = self._new()
        self._life.start()
        self.lives += 1

    def _new(self) -> Any:
        return FORKS.Process(target=_live, args=self._target, daemon=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._life.pid is not None:
            os.kill(self._life.pid, number)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


def _live(run: Callable[..., None], log: Path, settings: tuple[Any, ...]) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    configure(log.stem)
    run(*settings)
