"""Where backups lie: named files that are whole or not there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from shared.errors import Corrupt, Unavailable

READ_BYTES: Final = 1_048_576
_UNFINISHED: Final = ".part"


class Target(Protocol):
    """A place for backups. Its methods block, and raise `Unavailable` if it does not answer."""

    def sizes(self) -> dict[str, int]:
        """The bytes of each file, by its name; names have one slash."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file; if anything fails, also in the pieces, there is none of this name."""

    def read(self, name: str) -> Iterator[bytes]:
        """A file, piece by piece. Raises `Corrupt` if there is none."""

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens if there is none."""


class Folder:
    """A folder of this machine, or one that is mounted. Only its owner may read what is in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sizes(self) -> dict[str, int]:
        try:
            found = [one for one in self._path.glob("*/*") if one.is_file()]
            return {f"{one.parent.name}/{one.name}": one.stat().st_size for one in found}
        except OSError as error:
            raise _unavailable(self._path, error) from error

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self._path / name
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _unavailable(self._path, error) from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            settle(path.parent)
            settle(self._path)
        except OSError as error:
            raise _unavailable(self._path, error) from error
        finally:
            draft.unlink(missing_ok=True)

    def read(self, name: str) -> Iterator[bytes]:
        try:
            with (self._path / name).open("rb") as file:
                while piece := file.read(READ_BYTES):
                    yield piece
        except FileNotFoundError as error:
            raise Corrupt(f"{name} is missing") from error
        except OSError as error:
            raise _unavailable(self._path, error) from error

    def remove(self, name: str) -> None:
        path = self._path / name
        try:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty yet
                path.parent.rmdir()
        except OSError as error:
            raise _unavailable(self._path, error) from error


def settle(folder: Path) -> None:
    """Let new names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(place: Path, error: OSError) -> Unavailable:
    return Unavailable(f"the backup folder {place} cannot be used: {error.strerror or error}")
