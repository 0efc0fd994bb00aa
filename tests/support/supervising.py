"""What a daemon tells systemd, heard on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 60.0


class Heard:
    """The socket that systemd would have opened."""

    def __init__(self, socket_: socket.socket, address: str) -> None:
        self._socket = socket_
        self.address = address

    async def next(self) -> str:
        """What is told next."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_S):
            return (await loop.sock_recv(self._socket, 4_096)).decode()

    async def until(self, state: str) -> list[str]:
        """All that is told up to this."""
        told = [await self.next()]
        while told[-1] != state:
            told.append(await self.next())
        return told

    def nothing(self) -> bool:
        """Whether nothing was told since."""
        try:
            self._socket.recv(4_096)
        except BlockingIOError:
            return True
        return False

    def forget(self) -> None:
        """Let go of all that was told."""
        while not self.nothing():
            pass


@contextmanager
def hearing(folder: Path) -> Iterator[Heard]:
    """Hear what is told to a socket in this folder."""
    address = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        opened.bind(address)
        yield Heard(opened, address)
