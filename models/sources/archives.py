"""Reads one member of an archive: nothing else is unpacked, and none of its paths reaches the disk."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from models.sources.arrival import CHUNK_BYTES, LARGEST_BYTES
from shared.errors import Corrupt, Unavailable

# RuntimeError reports an encrypted member.
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError)


def member_chunks(archive: Path, member: str) -> Iterator[bytes]:
    """The bytes of one regular file in a zip (wheel, .task) or tar archive.

    Raises Corrupt if the archive is damaged or has no such file, Unavailable if it cannot be read.
    """
    try:
        with _opened(archive, member) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except _DAMAGE as error:
        raise Corrupt(f"{archive.name} is a damaged archive: {error}") from error
    except OSError as error:
        # Disk errors have a number; bzip2 raises the same class for wrong bytes, without a number.
        if error.errno is None:
            raise Corrupt(f"{archive.name} is a damaged archive: {error}") from error
        raise Unavailable(f"cannot read {archive}: {error.strerror}") from error
    except KeyError as error:
        raise Corrupt(f"{archive.name} holds no file {member}") from error


@contextmanager
def _opened(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped, zipped.open(member) as stream:
            yield stream
        return
    # Read from the front: a compressed tar cannot be searched, and what follows the member is never read.
    with tarfile.open(archive, "r|*") as tarred:
        for row in tarred:
            if row.name == member and row.isreg() and (stream_or_none := tarred.extractfile(row)):
                yield stream_or_none
                return
            if row.offset_data + row.size > LARGEST_BYTES:
                raise Corrupt(f"{archive.name} holds more than {LARGEST_BYTES:,} bytes before {member}")
    raise KeyError(member)
