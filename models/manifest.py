"""The networks this product may use: what each is for, where its weights come from, who may use them.

`manifest.toml` lists them, best first within a task. What differs between networks that the same code runs is
data here, so that trying another one, or doing without the one that cannot be had, changes no code.
Weights are pinned by the SHA-256 of the bytes as they come (a file, or one member of an archive); what a
conversion makes of them is proved by a known answer in the tests.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from models import converters
from shared.errors import ConfigError

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[.-][a-z0-9]+)*$", max_length=64)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=100)]
Size = Annotated[int, Field(gt=0, le=1_000_000_000)]
Knots = tuple[tuple[float, float], ...]

_STRICT = ConfigDict(extra="forbid")


class Task(StrEnum):
    """What a network may be asked. The list is closed: nothing here reads feelings or intentions.

    These are questions to single networks; `shared.events.looks.Look` says what a session looks at, for which
    several networks may work together.
    """

    FACE_DETECTION = "face-detection"
    FACE_MESH = "face-mesh"
    IRIS = "iris"
    HEAD_POSE = "head-pose"
    GAZE = "gaze"
    FACE_RECOGNITION = "face-recognition"
    BODY_DETECTION = "body-detection"
    BODY_POSE = "body-pose"
    LIVENESS = "liveness"
    OBJECTS = "objects"
    VOICE_ACTIVITY = "voice-activity"
    SOUND_CLASSES = "sound-classes"
    SPEAKER_EMBEDDING = "speaker-embedding"
    SPEAKER_SEGMENTATION = "speaker-segmentation"
    SPEECH_RECOGNITION = "speech-recognition"


class Profile(StrEnum):
    """Which licences a deployment accepts: free for commercial use only, or research licences as well."""

    OPEN = "open"
    RESEARCH = "research"


class Runtime(StrEnum):
    """Which runtime opens a file: the cheaper one by measurement, per network."""

    ONNX_CPU = "onnx-cpu"
    ONNX_OPENVINO = "onnx-openvino"
    OPENVINO = "openvino"
    LITERT = "litert"


class Colour(StrEnum):
    """The order of a picture's colour planes."""

    BGR = "bgr"
    RGB = "rgb"


@dataclass(frozen=True, slots=True)
class Levels:
    """What a recogniser sees of a picture's levels 0…255: (x - mean) · scale, the planes in this order."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    colour: Colour
    mean: tuple[float, float, float]
    """Of each plane, in the order of `colour`."""
    scale: float


@dataclass(frozen=True, slots=True)
class Input:
    """What differs between networks that the same code runs. All else that a network expects is written once,
    in its module."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    canvas_px: tuple[int, int] | None = None
    """Width and height of the only picture a detector of faces takes; None: all with sides of 32 · n px."""
    levels: Levels | None = None
    """Of recognisers."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The canary's shapes by input name, where the network leaves more than the batch open."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A path inside the mirror folder, or a member of the archive lying there."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    mirror: str
    member: str = ""
    sha256: Sha256 | None = None


@dataclass(frozen=True, slots=True)
class Url:
    """An address, or a member of the archive behind it."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    member: str = ""
    sha256: Sha256 | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A member of a wheel or source archive of the package registry: `package` is NAME==VERSION."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*$")]
    member: str
    sha256: Sha256 | None = None


Source = Mirror | Url | Package


@dataclass(frozen=True, slots=True)
class File:
    """One file of a network. `sha256` and `size_bytes` are of the bytes as they come, before any conversion.

    A source that holds an equal network in other bytes (another export) names its own hash; its size is then
    not known. No size at all means that nobody here has seen the file.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    sha256: Sha256
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    size_bytes: Size | None = None
    convert: str | None = None

    def expected(self, source: Source) -> str:
        """The hash of what `source` delivers."""
        return source.sha256 or self.sha256

    @property
    def accepted(self) -> frozenset[str]:
        """Every hash under which this file is the real one."""
        return frozenset(self.expected(source) for source in self.sources)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A recogniser's own score on the common scale of similarity, and what that rests on.

    `knots` are (native score, similarity), monotone; `alignment` names the way faces were cut out.
    `worst_group` is the group of people whose strangers set the accepted point (similarity 0.75); empty where
    strangers of any kind did. `doubt_from` is the native score from which up to that point nobody can tell
    two people from one; None where the point tells all at hand apart.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    knots: Annotated[Knots, Field(min_length=2)]
    alignment: str
    same_pairs: int
    different_pairs: int
    worst_group: str = ""
    doubt_from: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One network. `verified` names the tests that proved it with its real weights; empty means never.

    `weights_of` names the network whose files it uses instead of files of its own.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    task: Task
    name: Slug
    version: Slug
    licence: Annotated[str, StringConstraints(min_length=2)]
    profile: Profile
    input: Input = Input()
    files: tuple[File, ...] = ()
    weights_of: Slug | None = None
    runtime: Runtime | None = None
    attribution: str = ""
    verified: str = ""
    note: str = ""
    calibration: Calibration | None = None
    min_brightness: Annotated[float, Field(ge=0, le=255)] = 0.0
    """Of recognisers: mean grey of a face below which they take one person for two."""

    @property
    def file(self) -> str:
        """The name of the main file: the one to open."""
        return self.files[0].name

    @property
    def sha256(self) -> str:
        """The hash of the main file as it comes."""
        return self.files[0].sha256

    @property
    def label(self) -> str:
        """name@version, as alerts and tables write it."""
        return f"{self.name}@{self.version}"

    @property
    def in_registry(self) -> bool:
        """Whether package registries alone are enough to get it."""
        return bool(self.files) and all(any(isinstance(s, Package) for s in f.sources) for f in self.files)

    def allowed(self, profile: Profile) -> bool:
        """Whether a deployment under `profile` may use it."""
        return self.profile is Profile.OPEN or profile is Profile.RESEARCH


@dataclass(frozen=True, slots=True)
class Manifest:
    """All networks, best first within each task."""

    entries: tuple[Entry, ...]

    def candidates(self, task: Task, profile: Profile) -> tuple[Entry, ...]:
        """The networks that may serve `task` under `profile`, best first."""
        return tuple(entry for entry in self.entries if entry.task is task and entry.allowed(profile))

    def entry(self, name: str) -> Entry:
        """The network called `name`; ConfigError if there is none."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise ConfigError(f"no network is called {name}: see `proctorctl models list`")

    def holder(self, entry: Entry) -> Entry:
        """The network whose files `entry` uses: itself, unless it shares another's."""
        return self.entry(entry.weights_of) if entry.weights_of else entry


@cache
def load_manifest() -> Manifest:
    """The manifest that belongs to this version of the product."""
    return parse_manifest(files("models").joinpath("manifest.toml").read_text("utf-8"))


def parse_manifest(text: str) -> Manifest:
    """Read a manifest from TOML. Raises ConfigError naming the place that is wrong."""
    try:
        rows = tomllib.loads(text).get("network", [])
        entries = TypeAdapter(tuple[Entry, ...]).validate_python(rows)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError(f"the manifest of networks is wrong: {error}") from error
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"the manifest names these networks twice: {', '.join(twice)}")
    manifest = Manifest(entries)
    _check_conversions(entries)
    if lacking := [entry.name for entry in entries if not manifest.holder(entry).files]:
        raise ConfigError(f"the manifest names no file for {', '.join(lacking)}")
    for entry in entries:
        if (holder := manifest.holder(entry)).profile is Profile.RESEARCH and entry.profile is Profile.OPEN:
            raise ConfigError(f"the manifest's {entry.name} is open and its weights' {holder.name} is not")
    return manifest


def _check_conversions(entries: tuple[Entry, ...]) -> None:
    asked = {file.convert for entry in entries for file in entry.files if file.convert}
    if unknown := sorted(asked - converters.names()):
        raise ConfigError(f"the manifest asks for conversions that there are none of: {', '.join(unknown)}")
