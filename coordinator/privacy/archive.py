"""A zip that is made piece by piece: nothing of it lies on a disk, and only a piece of it in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Pieces(io.RawIOBase):
    """Collects the bytes that a zip writes; `taken` returns them."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(data)  # type: ignore[call-overload]
        self._waiting += content
        return len(content)

    def taken(self) -> bytes:
        """What was written since the last call."""
        content = bytes(self._waiting)
        self._waiting.clear()
        return content


class Archive:
    """A zip under way."""

    def __init__(self) -> None:
        self._pieces = Pieces()
        self._zip = zipfile.ZipFile(self._pieces, "w", zipfile.ZIP_DEFLATED)

    def add(self, path: str, content: bytes) -> bytes:
        """Add a file; returns the piece of the zip that is ready."""
        entry = zipfile.ZipInfo(path, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, content)
        return self._pieces.taken()

    def end(self) -> bytes:
        """The last piece."""
        self._zip.close()
        return self._pieces.taken()


Files = AsyncIterator[tuple[str, bytes]]
"""Paths and contents, in order."""


async def zipped(files: Files) -> AsyncIterator[bytes]:
    """The pieces of a zip of these files, as they come."""
    archive = Archive()
    async for path, content in files:
        yield archive.add(path, content)
    yield archive.end()
