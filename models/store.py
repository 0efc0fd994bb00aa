"""The weights folder: which networks are present and verified, and which one serves a task.

    <weights>/<name>/<version>/<file>          weights, ready to open
    <weights>/<name>/<version>/fetched.json    what was verified: hash, size, time of change of each file
    <weights>/<name>/<version>/*.compiled      what OpenVINO made of a file, so that it opens sooner

The folder is PROCTOR_WEIGHTS, else `proctor/weights` under the user's cache folder. A file counts as present
if it is the verified one (same size and time of change) or, if the record is missing or does not match, if
its hash is right. A converted file counts only with a record of its revision. Reading changes nothing;
`models.fetch` is the only writer of weights, `models.compiled` of the rest; `models.holding` removes what was
superseded.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import file_digest
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from models import converters
from models.manifest import Entry, File, Manifest, Profile, load_manifest
from models.tasks import Task
from shared.errors import Unavailable

RECORD = "fetched.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """One verified file: its original hash, its present hash, its size and its time of change."""

    source_sha256: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    origin: str
    conversion: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a candidate of a task cannot serve; an empty reason means that it can."""

    entry: Entry
    reason: str


def weights_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of weights on this machine."""
    if given := environment.get("PROCTOR_WEIGHTS"):
        return Path(given).expanduser()
    cache = environment.get("XDG_CACHE_HOME") or str(
        Path(environment.get("HOME", "~")).expanduser() / ".cache"
    )
    return Path(cache) / "proctor" / "weights"


@dataclass(frozen=True, slots=True)
class Store:
    """The weights folder as the manifest describes it."""

    root: Path
    manifest: Manifest

    @classmethod
    def here(cls) -> Store:
        """The weights folder of this machine and the manifest of this version."""
        return cls(weights_folder(), load_manifest())

    def folder(self, entry: Entry) -> Path:
        """The folder for the files of `entry`."""
        holder = self.manifest.holder(entry)
        return self.root / holder.name / holder.version

    def path(self, entry: Entry) -> Path:
        """The path of its main file, present or not."""
        return self.paths(entry)[0]

    def paths(self, entry: Entry) -> tuple[Path, ...]:
        """The paths of all its files in the manifest's order, present or not."""
        return tuple(self.folder(entry) / file.name for file in self.manifest.holder(entry).files)

    def has(self, entry: Entry) -> bool:
        """Whether every file is present and verified."""
        return not self.flaw(entry)

    def flaw(self, entry: Entry) -> str:
        """What is wrong with its files; empty if nothing."""
        stamps = read_record(self.folder(entry))
        for file in self.manifest.holder(entry).files:
            if flaw := _flaw(self.folder(entry) / file.name, file, stamps.get(file.name), trusting=True):
                return flaw
        return ""

    def verify(self, entry: Entry) -> str:
        """Like `flaw`, but every byte is read and hashed again."""
        stamps = read_record(self.folder(entry))
        for file in self.manifest.holder(entry).files:
            if flaw := _flaw(self.folder(entry) / file.name, file, stamps.get(file.name), trusting=False):
                return flaw
        return ""

    def choices(self, task: Task, profile: Profile) -> tuple[Choice, ...]:
        """Every network of the task, best first, with the reason why it cannot serve."""
        return tuple(
            Choice(entry, self._reason(entry, profile))
            for entry in self.manifest.entries
            if entry.task is task
        )

    def serving(self, task: Task, profile: Profile) -> Entry:
        """The best present network of the task. Raises Unavailable with the network to fetch if there is
        none."""
        choices = self.choices(task, profile)
        for choice in choices:
            if not choice.reason:
                return choice.entry
        reasons = "; ".join(f"{s.entry.name}: {s.reason}" for s in choices)
        raise Unavailable(
            f"no network for {task} under {self.root} ({reasons}): "
            f"run `proctorctl models fetch --task {task}`"
        )

    def _reason(self, entry: Entry, profile: Profile) -> str:
        if not entry.allowed(profile):
            return f"refused under profile {profile}"
        if flaw := self.flaw(entry):
            return flaw
        if entry.task is Task.FACE_RECOGNITION and not entry.calibration:
            return "no calibration: its similarity would have no meaning (python -m models.calibrate)"
        return ""


def stamp_of(path: Path, *, source_sha256: str, origin: str, conversion: str | None) -> Stamp:
    """The record of a file that was just verified."""
    state = path.stat()
    sha256 = digest(path) if conversion else source_sha256
    named = converters.revision(conversion) if conversion else ""
    return Stamp(source_sha256, sha256, state.st_size, state.st_mtime_ns, origin, named)


def read_record(folder: Path) -> dict[str, Stamp]:
    """The stamps in a network's folder by file name; empty if the record is missing or damaged."""
    try:
        return _records().validate_json((folder / RECORD).read_bytes(), strict=True)
    except (OSError, ValidationError):
        return {}


def write_record(folder: Path, stamps: Mapping[str, Stamp]) -> None:
    """Replace the record of a network's folder in one step. Raises OSError and then keeps the old record."""
    temporary = folder / f".{RECORD}.part"
    temporary.unlink(missing_ok=True)
    rows = {name: asdict(stamp) for name, stamp in sorted(stamps.items())}
    try:
        temporary.write_text(json.dumps(rows, indent=1), "utf-8")
        temporary.replace(folder / RECORD)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@cache
def _records() -> TypeAdapter[dict[str, Stamp]]:
    return TypeAdapter(dict[str, Stamp])


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _flaw(path: Path, file: File, stamp: Stamp | None, *, trusting: bool) -> str:
    """What is wrong with one file; `trusting` accepts its record if size and time of change match."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            return f"{file.name} is no file"
        return _content_flaw(path, file, stamp, state if trusting else None)
    except (FileNotFoundError, NotADirectoryError):
        return f"{file.name} not fetched"
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}"


def _content_flaw(path: Path, file: File, stamp: Stamp | None, state: os.stat_result | None) -> str:
    if stamp and state and (stamp.size_bytes, stamp.mtime_ns) == (state.st_size, state.st_mtime_ns):
        return _record_flaw(file, stamp)
    return _hash_flaw(path, file, stamp)


def _record_flaw(file: File, stamp: Stamp) -> str:
    if stamp.source_sha256 not in file.accepted:
        return f"{file.name} is of another version of the manifest"
    if file.convert and stamp.conversion != converters.revision(file.convert):
        return f"{file.name} was converted by an older version"
    return ""


def _hash_flaw(path: Path, file: File, stamp: Stamp | None) -> str:
    if file.convert and not stamp:
        return f"{file.name} has no record of its conversion"
    right = {stamp.sha256} if file.convert and stamp else file.accepted
    if digest(path) not in right:
        return f"{file.name} is damaged: its hash is wrong"
    return _record_flaw(file, stamp) if file.convert and stamp else ""
