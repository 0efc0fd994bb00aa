"""Locks of the weights folder: one program at a time writes to it, and what nodes have at hand stays.

Both are locks of files and folders that the operating system releases when their holder ends, even if it is
killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from models.kept import OnDisk, superseded
from models.sources.arrival import writing_to
from models.store import RECORD, Store
from shared.errors import Unavailable

LOCK_WAIT_S: Final = 600.0
_LOCK_POLL_S: Final = 0.2


class Holding:
    """Folders of weights that a running node could open; none of them is removed while they are held."""

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}

    def hold(self, folders: Collection[Path]) -> None:
        """Hold these that exist, and no others."""
        for folder in self._held.keys() - {*folders}:
            os.close(self._held.pop(folder))
        for folder in {*folders} - self._held.keys():
            with suppress(OSError):
                self._held[folder] = _locked(folder, fcntl.LOCK_SH)

    def close(self) -> None:
        """Hold none any more."""
        self.hold(())


def remove_superseded(store: Store) -> tuple[str, ...]:
    """Remove the versions of networks that nobody goes back to and no running node has at hand; their labels.

    Raises Unavailable if they cannot be removed, or another program writes to the folder without end.
    """
    if not superseded(_on_disk(store.root), _of_manifest(store)):
        return ()
    with alone(store.root):
        old = superseded(_on_disk(store.root), _of_manifest(store))
        return tuple(one.label for one in old if _removed(store.root / one.name / one.version))


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only program that writes to a weights folder. Raises Unavailable after `LOCK_WAIT_S`."""
    with writing_to(root):
        root.mkdir(parents=True, exist_ok=True)
        # Append mode: if the lock is a link, its target is not emptied.
        stream = (root / ".lock").open("a")
    with stream:
        give_up_at = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise Unavailable(f"another fetch has locked {root} for {LOCK_WAIT_S:.0f} s") from None
                time.sleep(_LOCK_POLL_S)
        yield


def _on_disk(root: Path) -> list[OnDisk]:
    folders = (folder for folder in root.glob("[!.]*/[!.]*") if folder.is_dir() and not folder.is_symlink())
    return [OnDisk(folder.parent.name, folder.name, _fetched_ns(folder)) for folder in folders]


def _of_manifest(store: Store) -> frozenset[str]:
    holders = (store.manifest.holder(entry) for entry in store.manifest.entries)
    return frozenset(one.label for one in holders)


def _fetched_ns(folder: Path) -> int:
    try:
        return (folder / RECORD).stat().st_mtime_ns
    except OSError:
        return 0


def _removed(folder: Path) -> bool:
    """Whether the folder is gone; False: a node holds it."""
    try:
        lock = _locked(folder, fcntl.LOCK_EX)
    except BlockingIOError:
        return False
    try:
        with writing_to(folder):
            shutil.rmtree(folder)
    finally:
        os.close(lock)
    return True


def _locked(folder: Path, kind: int) -> int:
    """The open folder, locked. Raises OSError: BlockingIOError if another program holds it."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, kind | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        raise
    return opened
