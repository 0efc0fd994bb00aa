"""Provides a small mailbox that keeps the newest items: the writer never waits, the reader gets fresh items.

A new live picture is worth more than one that waited. So an item not taken in time is replaced and counted,
not queued.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Holds the newest `depth` items. Used on the event loop only; one reader at a time."""

    def __init__(self, depth: int = 1) -> None:
        self._items: deque[T] = deque(maxlen=depth)
        self._changed = asyncio.Event()
        self.received = 0
        """Items put so far."""
        self.dropped = 0
        """Items replaced before they were taken."""
        self.cleared = 0
        """Items dropped because nobody wanted them any more. Every item received is taken, dropped, cleared
        or still here."""
        self.closed = False

    def put(self, item: T) -> None:
        """Put the newest item; above the depth the oldest one is dropped and counted."""
        if self.closed:
            return
        self.received += 1
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._changed.set()

    def take(self) -> T | None:
        """Return the oldest of the items held; `None` when there is none."""
        item = self._items.popleft() if self._items else None
        if not self._items and not self.closed:
            self._changed.clear()
        return item

    @property
    def waiting(self) -> int:
        """Items that are here."""
        return len(self._items)

    def clear(self) -> int:
        """Drop the waiting items, and return how many they were; they are not counted as `dropped`."""
        waiting = len(self._items)
        self.cleared += waiting
        while self.take() is not None:
            pass
        return waiting

    async def get(self) -> T | None:
        """Wait for the next item; `None` once the box is closed and empty."""
        while not self._items and not self.closed:
            await self._changed.wait()
        return self.take()

    async def filled(self) -> bool:
        """Wait until an item is there, and leave it. False once the box is closed."""
        while not self._items and not self.closed:
            await self._changed.wait()
        return not self.closed

    def close(self) -> None:
        """Accept no more items; a waiting reader wakes up."""
        self.closed = True
        self._changed.set()
