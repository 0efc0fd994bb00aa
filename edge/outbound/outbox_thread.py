"""Runs the outbox on its own thread, so that sealing and commits never block the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import OutboxPlace
from edge.outbound.outbox import Outbox, Sealed, Waiting
from edge.outbound.outbox_caps import Caps
from shared.events.types import Lane
from shared.messages.heartbeats import OutboxState

R = TypeVar("R")
Seal = Callable[[OutgoingAlert, OutboxPlace], Sealed]
"""Makes the message of an alert at its place; raises `Corrupt` for one that cannot be sealed."""


class OutboxThread:
    """`Outbox` for coroutines. A running call is completed even if its caller is cancelled."""

    def __init__(self, outbox: Outbox, executor: ThreadPoolExecutor, seal: Seal) -> None:
        self._outbox = outbox
        self._executor = executor
        self._seal = seal

    @classmethod
    async def open(cls, path: Path, caps: Caps, seal: Seal) -> OutboxThread:
        """Open the file. Raises `ConfigError` as `Outbox` does."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        try:
            outbox = await asyncio.get_running_loop().run_in_executor(executor, Outbox, path, caps)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return cls(outbox, executor, seal)

    @property
    def outbox_id(self) -> UUID:
        return self._outbox.outbox_id

    @property
    def set_aside(self) -> int:
        """Damaged outboxes beside this one."""
        return self._outbox.set_aside

    async def add(self, outgoing: OutgoingAlert) -> int:
        """Number, seal and commit one alert. The unsealed alert never reaches the disk."""
        return await self._run(self._add, outgoing)

    async def sequences(self, lane: Lane) -> list[int]:
        return await self._run(self._outbox.sequences, lane)

    async def messages(self, lane: Lane, sequences: Sequence[int]) -> list[Waiting]:
        return await self._run(self._outbox.messages, lane, sequences)

    async def covered(self, lane: Lane, mark: int) -> int:
        return await self._run(self._outbox.covered, lane, mark)

    async def states(self) -> tuple[OutboxState, ...]:
        return await self._run(self._outbox.states)

    async def close(self) -> None:
        """Complete the running calls, then close the file."""
        await self._run(self._outbox.close)
        self._executor.shutdown(wait=True)

    def _add(self, outgoing: OutgoingAlert) -> int:
        now_utc = datetime.now(UTC)

        def numbered(sequence: int) -> Sealed:
            place = OutboxPlace(outbox_id=self._outbox.outbox_id, sequence=sequence, created_utc=now_utc)
            return self._seal(outgoing, place)

        return self._outbox.add(outgoing.lane, numbered)

    async def _run(self, call: Callable[..., R], *arguments: object) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *arguments)
