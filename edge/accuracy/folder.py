"""Reads a folder of labelled material (layout: `edge.accuracy`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.accuracy.truth import MAX_TRUTH_BYTES, Truth, read_truth
from shared.errors import ConfigError, Corrupt

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
RECORDINGS = frozenset({".mkv", ".mp4", ".webm", ".avi", ".mov", ".mpg", ".mjpeg", ".gif"})
SOUNDS = frozenset({".flac", ".wav", ".ogg", ".oga", ".opus", ".mp3", ".m4a"})
MAX_ROWS = 100_000
ANGLES = ("pitch", "yaw", "roll", "gaze-pitch", "gaze-yaw")


@dataclass(frozen=True, slots=True)
class Exam:
    """One recording with its labels."""

    path: Path
    staged: bool
    truth: Truth
    enrollment: tuple[Path, ...]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture of one person."""

    person: str
    path: Path

    @property
    def original(self) -> str:
        """The picture that this is a shot of: the file's name without the part from `~` on."""
        return self.path.stem.split("~")[0]


@dataclass(frozen=True, slots=True)
class Counted:
    """A picture with a known number of faces."""

    path: Path
    faces: int


@dataclass(frozen=True, slots=True)
class KnownAngle:
    """An angle of the one head in a picture, or of its gaze (signs: `shared.observations`)."""

    path: Path
    angle: str
    from_deg: float
    to_deg: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one person speaks."""

    speaker: str
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound, and who speaks in it when; nobody without turns."""

    path: Path
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """Speech of one person."""

    person: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The labelled material of a folder."""

    exams: tuple[Exam, ...]
    people: tuple[LabelledPicture, ...]
    counted: tuple[Counted, ...]
    heads: tuple[KnownAngle, ...]
    sounds: tuple[Sound, ...]
    voices: tuple[Voice, ...]
    groups: Mapping[str, str]


def read_folder(folder: Path) -> Material:
    """Read the layout and tables of a folder; large files are not read yet.

    Raises `ConfigError` without material or for a wrong table, `Corrupt` for a wrong truth.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder")
    material = Material(
        exams=(*_exams(folder / "honest", staged=False), *_exams(folder / "scripted", staged=True)),
        people=tuple(
            LabelledPicture(path.parent.name, path) for path in _files(folder / "people", "*/*", PICTURES)
        ),
        counted=tuple(_counted(folder / "counted")),
        heads=tuple(_heads(folder / "heads")),
        sounds=tuple(Sound(path, _turns(path)) for path in _files(folder / "sounds", "*", SOUNDS)),
        voices=tuple(Voice(path.parent.name, path) for path in _files(folder / "voices", "*/*", SOUNDS)),
        groups={row["name"]: row["group"] for row in _rows(folder / "groups.csv", ("name", "group"))},
    )
    parts = (material.exams, material.people, material.counted, material.heads, material.sounds)
    if not any((*parts, material.voices)):
        raise ConfigError(f"{folder} has no labelled material: see `proctor-edge accuracy --help`")
    return material


def _exams(folder: Path, *, staged: bool) -> Iterator[Exam]:
    for path in _files(folder, "*", RECORDINGS):
        beside = path.with_suffix(".json")
        if staged and not beside.is_file():
            raise ConfigError(f"{path.name}: {beside.name} is missing; it holds the labels")
        truth = _truth(beside) if beside.is_file() else Truth()
        if not staged and truth.stretches:
            raise ConfigError(f"{beside.name}: it has staged behaviour; move it to scripted/")
        yield Exam(path, staged, truth, tuple(_files(path.with_suffix(""), "*", PICTURES)))


def _truth(path: Path) -> Truth:
    if path.stat().st_size > MAX_TRUTH_BYTES:
        raise Corrupt(f"{path.name}: larger than {MAX_TRUTH_BYTES} bytes")
    return read_truth(path.read_bytes(), path.name)


def _counted(folder: Path) -> Iterator[Counted]:
    for row in _rows(folder / "counts.csv", ("picture", "faces")):
        yield Counted(_beside(folder, row["picture"]), int(_number(folder / "counts.csv", row["faces"])))


def _heads(folder: Path) -> Iterator[KnownAngle]:
    table = folder / "heads.csv"
    for row in _rows(table, ("picture", "angle", "from_deg", "to_deg")):
        if row["angle"] not in ANGLES:
            raise ConfigError(f"{table.name}: {row['angle']!r} is not one of {', '.join(ANGLES)}")
        low, high = _number(table, row["from_deg"]), _number(table, row["to_deg"])
        yield KnownAngle(_beside(folder, row["picture"]), row["angle"], low, high)


def _turns(sound: Path) -> tuple[Turn, ...]:
    """The turns of an RTTM file (NIST): SPEAKER file channel begin duration <NA> <NA> name …"""
    path = sound.with_suffix(".rttm")
    if not path.is_file():
        return ()
    turns = []
    for line in path.read_text("utf-8", "replace").splitlines()[:MAX_ROWS]:
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise ConfigError(f"{path.name}: a line has {len(fields)} fields, not at least 8")
        begins_s, lasts_s = _number(path, fields[3]), _number(path, fields[4])
        turns.append(Turn(fields[7], begins_s, begins_s + lasts_s))
    return tuple(turns)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        if lacking := [column for column in columns if column not in (table.fieldnames or ())]:
            raise ConfigError(f"{path.name}: its first line lacks the column {', '.join(lacking)}")
        for number, row in enumerate(table, 2):
            if number > MAX_ROWS or any(not row[column] for column in columns):
                raise ConfigError(f"{path.name}, line {number}: needs {', '.join(columns)}")
            yield {column: row[column].strip() for column in columns}


def _beside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file() or path.resolve().parent != folder.resolve():
        raise ConfigError(f"{folder.name}: {name} is not a file in that folder")
    return path


def _number(path: Path, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ConfigError(f"{path.name}: {text!r} is not a number") from error
    if not -86_400 <= value <= 86_400:
        raise ConfigError(f"{path.name}: {text} is out of range")
    return value


def _files(folder: Path, pattern: str, kinds: frozenset[str]) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix.lower() in kinds and path.is_file())
