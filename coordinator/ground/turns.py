"""Lets one thread write at a time, in the order in which they asked.

SQLite itself does not wake who waits: it lets them look again after up to 100 ms, and meanwhile the next
transaction of a backlog may have begun. A plain lock goes to whoever is quickest, so of many writers some
wait several times as long as others.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Unavailable


class Turns:
    """One thread has its turn, the others wait for theirs in a queue."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()
        """Who waits, the first one first; an event that is set has its turn."""

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, and keep it for the block. Raises `Unavailable` after `wait_s`."""
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def _take(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(self._wait_s):
            return
        with self._guard:
            if mine in self._waiting:  # otherwise it was given the turn in the last moment
                self._waiting.remove(mine)
                raise Unavailable("the database is busy; try again")

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
