"""The outbox on a thread of its own, so that no commit ever holds the event loop up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from edge.outbound.outbox import Outbox, Sealed, Waiting
from edge.outbound.outbox_caps import Caps
from shared.events.types import Lane
from shared.messages import OutboxState

R = TypeVar("R")


class OutboxThread:
    """`Outbox` for coroutines. A call in flight when its caller is cancelled still runs to its end."""

    def __init__(self, outbox: Outbox, executor: ThreadPoolExecutor) -> None:
        self._outbox = outbox
        self._executor = executor

    @classmethod
    async def open(cls, path: Path, caps: Caps) -> OutboxThread:
        """Open the file. Raises `ConfigError` as `Outbox` does."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        try:
            outbox = await asyncio.get_running_loop().run_in_executor(executor, Outbox, path, caps)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(outbox, executor)

    @property
    def outbox_id(self) -> UUID:
        return self._outbox.outbox_id

    @property
    def set_aside(self) -> int:
        """Damaged outboxes that lie beside this one."""
        return self._outbox.set_aside

    async def add(self, lane: Lane, seal: Callable[[int], Sealed]) -> int:
        """Committed on return; `seal` runs on the outbox's thread."""
        return await self._run(self._outbox.add, lane, seal)

    async def sequences(self, lane: Lane) -> list[int]:
        return await self._run(self._outbox.sequences, lane)

    async def messages(self, lane: Lane, sequences: Sequence[int]) -> list[Waiting]:
        return await self._run(self._outbox.messages, lane, sequences)

    async def covered(self, lane: Lane, mark: int) -> int:
        return await self._run(self._outbox.covered, lane, mark)

    async def states(self) -> tuple[OutboxState, ...]:
        return await self._run(self._outbox.states)

    async def close(self) -> None:
        """Finish what was begun, then close the file."""
        await self._run(self._outbox.close)
        self._executor.shutdown(wait=True)

    async def _run(self, call: Callable[..., R], *arguments: object) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *arguments)
