"""A program's settings: one TOML file, read once into frozen sections.

    config = load(Path("edge.toml"), EdgeConfig)

A relative path in the file is relative to the file's folder. Secrets are in files of their own, which the
settings only name (`shared.secret_file` reads them). The sections define all defaults.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo

from shared.errors import ConfigError


class Section(BaseModel):
    """Frozen settings that refuse unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = info.context  # None where the settings come from a program and not from a file
    return path if folder is None else folder / path


FilePath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; a relative one is relative to the folder of the settings file."""

C = TypeVar("C", bound=Section)


def load(path: Path, kind: type[C]) -> C:
    """Load the settings from a file. Raises `ConfigError` with one line per problem."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return kind.model_validate(data, context=path.resolve().parent)
    except ValidationError as error:
        problems = "".join(
            f"\n  {_problem(kind, one['loc'], one)}" for one in error.errors(include_input=False)
        )
        raise ConfigError(f"{path} is refused:{problems}") from error


def _problem(kind: type[Section], place: tuple[int | str, ...], error: Any) -> str:
    where = ".".join(map(str, place)) or "file"
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}"
    known = _section_at(kind, place[:-1]).model_fields
    [*near] = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f"{where}: is not a setting; " + (
        f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    )


def _section_at(kind: type[Section], place: tuple[int | str, ...]) -> type[Section]:
    for step in place:
        if isinstance(step, str):
            kind = next(_sections_in(kind.model_fields[step].annotation))
    return kind


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    """The sections in a field's type, at any depth: `tuple[NodeSection, ...]`, `Section | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)
