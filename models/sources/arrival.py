"""Writes incoming bytes to a file: hashed and counted on the way, complete and correct or not kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import Corrupt, Unavailable

CHUNK_BYTES = 1 << 18
LARGEST_BYTES = 1_000_000_000

Progress = Callable[[str, int, int | None], None]
"""Called with a label, the number of bytes so far and the total, if known."""


def silent(label: str, done_bytes: int, total_bytes: int | None) -> None:
    """A progress function that does nothing."""


def write_checked(
    chunks: Iterable[bytes], part: Path, *, sha256: str, limit_bytes: int | None, where: str
) -> None:
    """Write `chunks` to `part` and check their hash. On any failure `part` is removed.

    Raises Corrupt if there are more than `limit_bytes` or their hash is not `sha256`, Unavailable if they
    cannot be written.
    """
    seen = hashlib.sha256()
    count = 0
    limit = limit_bytes or LARGEST_BYTES
    try:
        # Created anew: an existing file may be a link to something else.
        part.unlink(missing_ok=True)
        with writing_to(part), part.open("xb") as out:
            for chunk in chunks:
                count += len(chunk)
                if count > limit:
                    raise Corrupt(f"{where} is larger than the {limit:,} bytes the manifest allows: refused")
                seen.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        check_hash(seen.hexdigest(), sha256, count, where)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def check_hash(found: str, expected: str, count_bytes: int, where: str) -> None:
    """Raises Corrupt with both hashes if they differ."""
    if found != expected:
        raise Corrupt(
            f"{where} is not the file in the manifest: its {count_bytes:,} bytes have SHA-256 {found}, "
            f"expected {expected}. Nothing was changed; replace it there or fetch from another place"
        )


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turns an operating system error in writing `path` (disk full, no permission) into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"cannot write {path}: {error.strerror or error}. Make room there, or name another "
            "folder in PROCTOR_WEIGHTS, and run the command again"
        ) from error
