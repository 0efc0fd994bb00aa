"""Lets one thread write at a time.

SQLite itself does not wake who waits: it lets them look again after up to 100 ms, and meanwhile the next
transaction of a backlog may have begun.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Unavailable


class Turns:
    """One thread has its turn, the others wait."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, and keep it for the block. Raises `Unavailable` after `wait_s`."""
        if not self._lock.acquire(timeout=self._wait_s):
            raise Unavailable("the database is busy; try again")
        try:
            yield
        finally:
            self._lock.release()
