"""A link between two programs that can be cut: then nothing passes, and neither side is told.

What was on its way passes when the link is whole again, if both ends have waited, as on a real network.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.eventually import cancelled

_CHUNK_BYTES: Final = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CutLink:
    """Passes bytes on while it is whole."""

    def __init__(self, reach: Callable[[], Awaitable[Streams]]) -> None:
        """`reach` connects to the program behind."""
        self._reach = reach
        self._whole = asyncio.Event()
        self._whole.set()
        self._passing: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection of the program in front."""
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        with suppress(OSError):
            try:
                await self._whole.wait()
                to_reader, to_writer = await self._reach()
                try:
                    await self._both_ways((reader, to_writer), (to_reader, writer))
                finally:
                    to_writer.close()
            finally:
                writer.close()
                self._passing.discard(task)

    async def close(self) -> None:
        await cancelled(*self._passing)

    async def _both_ways(self, *ways: Streams) -> None:
        """Until one side closes; the other is told then."""
        passing = [asyncio.create_task(self._pass(*way)) for way in ways]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(*passing)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
            await self._whole.wait()


@asynccontextmanager
async def tcp_link(front: int, behind: int) -> AsyncIterator[CutLink]:
    """From one port of this machine to another."""
    link = CutLink(lambda: asyncio.open_connection("127.0.0.1", behind))
    async with await asyncio.start_server(link.take, "127.0.0.1", front):
        yield link
        await link.close()


@asynccontextmanager
async def socket_link(front: Path, behind: Path) -> AsyncIterator[CutLink]:
    """From one socket of the file system to another."""
    link = CutLink(lambda: asyncio.open_unix_connection(behind))
    async with await asyncio.start_unix_server(link.take, front):
        yield link
        await link.close()
