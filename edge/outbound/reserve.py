"""Disk space set aside for the moment when there is none: forgetting, too, has to write first.

SQLite's log grows before anything is freed. On a disk that the outbox itself has filled, the coordinator's
marks could therefore free nothing, and the node would keep every alert and take no new one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 2**20
"""Twice what the log holds between two checkpoints, and the largest alert's pages."""


class Reserve:
    """A file that only takes room."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.hold()

    def hold(self) -> bool:
        """Take the room where it is not held; False while there is none."""
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
        """Let the room go; False when none was held."""
        try:
            held = self._path.stat().st_size > 0
            self._path.unlink()
        except OSError:
            return False
        return held
