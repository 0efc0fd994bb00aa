"""The networks this product may use: their purpose, the source of their weights, and who may use them.

`manifest.toml` lists them, best first within a task. Differences between networks that the same code runs are
data here, so that trying another network, or working without a missing one, changes no code. Weights are
pinned by the SHA-256 of the original bytes (a file, or one member of an archive); the tests prove a
conversion with a known answer.
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
from models.chain import ON_GPU, Runtime
from models.tasks import Task
from shared.errors import ConfigError

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[.-][a-z0-9]+)*$", max_length=64)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=100)]
Size = Annotated[int, Field(gt=0, le=1_000_000_000)]
Knots = tuple[tuple[float, float], ...]

_STRICT = ConfigDict(extra="forbid")


class Profile(StrEnum):
    """The licences that a deployment accepts: only those free for commercial use, or research licences as
    well."""

    OPEN = "open"
    RESEARCH = "research"


class Colour(StrEnum):
    """The order of a picture's colour planes."""

    BGR = "bgr"
    RGB = "rgb"


@dataclass(frozen=True, slots=True)
class Levels:
    """How a recogniser's input follows from a picture's levels 0…255: (x - mean) · scale, the planes in this
    order."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    colour: Colour
    mean: tuple[float, float, float]
    """Per plane, in the order of `colour`."""
    scale: float


@dataclass(frozen=True, slots=True)
class Input:
    """Differences between networks that the same code runs. Everything else that a network expects is in its
    module."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    canvas_px: tuple[int, int] | None = None
    """Width and height of the only picture size a face detector accepts; None: any with sides of 32 · n
    px."""
    levels: Levels | None = None
    """Only for recognisers."""
    span: tuple[float, float] | None = None
    """What a picture's levels 0 and 255 are for the network; only for those that MediaPipe opens as well."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The canary's shapes by input name, if the network leaves more than the batch open."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A path inside the mirror folder, or a member of an archive there."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    mirror: str
    member: str = ""
    sha256: Sha256 | None = None


@dataclass(frozen=True, slots=True)
class Url:
    """An address, or a member of the archive at it."""

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
    """One file of a network. `sha256` and `size_bytes` describe the original bytes, before any conversion.

    A source with the same network in other bytes (another export) names its own hash; its size is then
    unknown. No size at all means that the file was never available to us.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    name: FileName
    sha256: Sha256
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    size_bytes: Size | None = None
    convert: str | None = None

    def expected(self, source: Source) -> str:
        """The hash of the bytes from `source`."""
        return source.sha256 or self.sha256

    @property
    def accepted(self) -> frozenset[str]:
        """Every valid hash of this file."""
        return frozenset(self.expected(source) for source in self.sources)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Maps a recogniser's own score to the common scale of similarity, and says how this was measured.

    `knots` are (native score, similarity), monotone; `alignment` names how faces were cut out. `worst_group`
    is the group of people whose strangers set the accepted point (similarity 0.75); empty if strangers of all
    groups did. From the native score `doubt_from` up to that point, two people cannot be distinguished from
    one; None if that point separates all pairs measured.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    knots: Annotated[Knots, Field(min_length=2)]
    alignment: str
    same_pairs: int
    different_pairs: int
    worst_group: str = ""
    doubt_from: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure about a network. No figure is shown without what it was measured on."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT
    what: Annotated[str, StringConstraints(min_length=5)]
    value: Annotated[str, StringConstraints(min_length=1)]
    input: Annotated[str, StringConstraints(min_length=5)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One network. `verified` names the tests that proved it with its real weights; empty: none did.

    `weights_of` names another network if this one uses its files. `then` names the runtimes that are tried in
    turn where `runtime` cannot open or run it.
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
    then: tuple[Runtime, ...] = ()
    unread: tuple[str, ...] = ()
    """Outputs that nobody reads; OpenVINO does not compute them."""
    attribution: str = ""
    verified: str = ""
    note: str = ""
    calibration: Calibration | None = None
    measured: tuple[Measured, ...] = ()
    limits: tuple[str, ...] = ()
    """What it is known not to do, or to do badly; whole sentences."""
    min_brightness: Annotated[float, Field(ge=0, le=255)] = 0.0
    """Only for recognisers: the mean grey of a face below which they take one person for two."""
    min_sharpness: Annotated[float, Field(ge=0, le=100)] = 0.0
    """The same for its sharpness, as `models.sharpness` measures it."""

    @property
    def file(self) -> str:
        """The name of the main file: the one to open."""
        return self.files[0].name

    @property
    def sha256(self) -> str:
        """The hash of the original main file."""
        return self.files[0].sha256

    @property
    def label(self) -> str:
        """name@version, as alerts and tables write it."""
        return f"{self.name}@{self.version}"

    @property
    def in_registry(self) -> bool:
        """Whether package registries alone can provide it."""
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
        """The network called `name`. Raises ConfigError if there is none."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise ConfigError(f"there is no network called {name}: see `proctorctl models list`")

    def holder(self, entry: Entry) -> Entry:
        """The network that holds the files of `entry`: itself, or the one it shares them with."""
        return self.entry(entry.weights_of) if entry.weights_of else entry


@cache
def load_manifest() -> Manifest:
    """The manifest that belongs to this version of the product."""
    return parse_manifest(files("models").joinpath("manifest.toml").read_text("utf-8"))


def parse_manifest(text: str) -> Manifest:
    """Read a manifest from TOML. Raises ConfigError that names the wrong place."""
    try:
        rows = tomllib.loads(text).get("network", [])
        entries = TypeAdapter(tuple[Entry, ...]).validate_python(rows)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError(f"the manifest of networks is invalid: {error}") from error
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"the manifest names these networks twice: {', '.join(twice)}")
    manifest = Manifest(entries)
    _check_conversions(entries)
    if on_gpu := [entry.name for entry in entries if entry.runtime in ON_GPU]:
        raise ConfigError(f"the manifest names a runtime on a GPU for {', '.join(on_gpu)}")
    if spanless := [each.name for each in entries if Runtime.MEDIAPIPE in each.then and not each.input.span]:
        raise ConfigError(f"MediaPipe needs the input's span, which {', '.join(spanless)} does not give")
    if lacking := [entry.name for entry in entries if not manifest.holder(entry).files]:
        raise ConfigError(f"the manifest names no file for {', '.join(lacking)}")
    for entry in entries:
        if (holder := manifest.holder(entry)).profile is Profile.RESEARCH and entry.profile is Profile.OPEN:
            raise ConfigError(f"the manifest's {entry.name} is open but the weights of {holder.name} are not")
    return manifest


def _check_conversions(entries: tuple[Entry, ...]) -> None:
    asked = {file.convert for entry in entries for file in entry.files if file.convert}
    if unknown := sorted(asked - converters.names()):
        raise ConfigError(f"the manifest names unknown conversions: {', '.join(unknown)}")
