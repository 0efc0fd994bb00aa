"""Work that messages bring: each in a task of its own, so many at once and no more.

Each asker has its share of them, so that whoever floods waits for itself and nobody else does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

MAX_AT_ONCE: Final = 64
"""What comes on top is dropped and counted, and its sender asks again."""
MAX_OF_ONE: Final = 2
"""Of them from one asker: a node, told by the subject, which no other may publish under."""


class Handling:
    """Owns the tasks it starts."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._askers: Counter[str] = Counter()

    def start(self, asker: str, work: Callable[[], Coroutine[Any, Any, None]]) -> str:
        """Begin, and return ""; else begin nothing and say why. `work` deals with its own errors."""
        if self._askers[asker] >= MAX_OF_ONE:
            return "asker-busy"
        if len(self._tasks) >= MAX_AT_ONCE:
            return "busy"
        task = asyncio.create_task(work())
        self._tasks.add(task)
        self._askers[asker] += 1
        task.add_done_callback(lambda done: self._ended(asker, done))
        return ""

    async def stop(self) -> None:
        """Cancel what runs and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, asker: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._askers[asker] -= 1
        if not self._askers[asker]:
            del self._askers[asker]
