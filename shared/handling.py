"""Handles messages in tasks, with a total and a per-sender limit.

A sender that floods delays only itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any


class Handling:
    """Owns the tasks it starts. Messages above a limit are dropped; their sender must repeat them."""

    def __init__(self, *, at_once: int, of_one: int) -> None:
        """The most tasks at a time, in total and per sender."""
        self._at_once = at_once
        self._of_one = of_one
        self._tasks: set[asyncio.Task[None]] = set()
        self._askers: Counter[str] = Counter()

    def start(self, asker: str, work: Callable[[], Coroutine[Any, Any, None]]) -> str:
        """Start a task and return ""; or start nothing and return why. `work` handles its own errors."""
        if len(self._tasks) >= self._at_once:
            return "busy"
        if self._askers[asker] >= self._of_one:
            return "asker-busy"
        task = asyncio.create_task(work())
        self._tasks.add(task)
        self._askers[asker] += 1
        task.add_done_callback(lambda done: self._ended(asker, done))
        return ""

    async def stop(self) -> None:
        """Cancel the running tasks and wait for their end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, asker: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._askers[asker] -= 1
        if not self._askers[asker]:
            del self._askers[asker]
