"""One end of the socket between the control side and a worker's process: frames in, frames out."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from typing import Final

from edge.workers.wire import HEADER_BYTES, Frame, header_of, packed

MAX_UNSENT_BYTES: Final = 64 * 2**20
"""The other side has not read for so long that it will not."""


class Link:
    """Sends without waiting and reads one frame at a time. Use on one event loop."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Link:
        """A link over a connected socket, which it closes."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, frame: Frame) -> None:
        """Send a frame. If the other side is gone, or has not read for long, the link ends: `next` says so.

        Raises `Corrupt` for a frame that is too large.
        """
        data = packed(frame)
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._writer.transport.abort()
        if not self._writer.is_closing():
            self._writer.write(data)

    async def next(self) -> Frame | None:
        """The next frame; None when the other side is gone. Raises `Corrupt` for what is no frame."""
        try:
            header = header_of(await self._reader.readexactly(HEADER_BYTES))
            body = await self._reader.readexactly(header.body_bytes)
            blob = await self._reader.readexactly(header.blob_bytes)
        except (asyncio.IncompleteReadError, OSError):
            return None
        return Frame(header.kind, body, blob, header.number)

    async def close(self) -> None:
        """End the link; the other side reads what was sent, and then its end."""
        self._writer.close()
        with suppress(OSError):  # it was broken before
            await self._writer.wait_closed()

    def end(self) -> None:
        """Send no more, and go on reading until the other side ends too."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()
