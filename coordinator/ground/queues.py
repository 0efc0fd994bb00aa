"""Lets tasks do what concerns one thing one after another, in the order in which they asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary


class Queues:
    """One queue for each id. Use on one event loop."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        """Of the ids for which somebody is in the queue."""

    @asynccontextmanager
    async def turn(self, one: UUID) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the block. Whoever has it must not ask for it again."""
        lock = self._locks.get(one)
        if lock is None:
            lock = self._locks[one] = asyncio.Lock()
        async with lock:
            yield
