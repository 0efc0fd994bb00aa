"""Reserves disk space for a full disk, because deleting alerts first needs to write.

SQLite's log grows before anything is freed. So on a disk filled by the outbox itself the coordinator's marks
could free nothing: the node would keep every alert and accept no new one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 2**20
"""Twice the log's size between two checkpoints, plus the pages of the largest alert."""


class Reserve:
    """A file that only occupies disk space."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.hold()

    def hold(self) -> bool:
        """Reserve the space if it is not reserved; False if the disk has none."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            return False
        finally:
            os.close(descriptor)
        return True

    def give(self) -> bool:
        """Release the space; False if none was reserved."""
        try:
            held = self._path.stat().st_size > 0
            self._path.unlink()
        except OSError:
            return False
        return held
