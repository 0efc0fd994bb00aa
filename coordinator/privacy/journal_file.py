"""The journal of erasures as a file beside the database: what a restored database replays.

Lines are only ever appended, each with an fsync. A line whose writing was interrupted is cut off and written
again. Processes on one machine take turns.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.erasures import JournalEntry, read_journal
from shared.errors import ConfigError, Corrupt


def read(path: Path, keys: Collection[Ed25519PublicKey]) -> list[JournalEntry]:
    """The file's entries; none if there is no file yet. Raises `ConfigError` if it cannot be believed."""
    try:
        with path.open("rb") as lines:
            return read_journal(lines, keys)
    except FileNotFoundError:
        return []
    except Corrupt as error:
        raise ConfigError(f"{path}: {error}; bring back the file as it was") from error
    except OSError as error:
        raise ConfigError(f"the erasure journal {path} cannot be read: {error.strerror}") from error


def write(
    path: Path, keys: Collection[Ed25519PublicKey], following: Callable[[int], Sequence[JournalEntry]]
) -> int:
    """Append the entries that the file lacks; `following` gives those after a number. Returns how many.

    Raises `ConfigError` if the file cannot be believed, `OSError` if it cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            known = read_journal(file, keys)
        except Corrupt as error:
            raise ConfigError(f"{path}: {error}; bring back the file as it was") from error
        new = following(len(known))
        file.seek(0)
        whole = sum(len(line) for line in file if line.endswith(b"\n"))
        file.seek(whole)
        file.truncate()
        file.write("".join(one.line() for one in new).encode())
        file.flush()
        os.fsync(file.fileno())
        return len(new)
