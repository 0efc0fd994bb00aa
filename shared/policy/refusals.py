"""Errors of a policy or an accommodation, with the path of every wrong part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from shared.errors import Rejected

MAX_PROBLEMS: Final = 50
"""The most problems listed; the error tells how many more there are."""
_OF_A_NAME: Final = "[key]"
"""How pydantic ends the path of a wrong name in a mapping."""
Problem = tuple[str, str]
"""A path and its problem."""


class Contradictions(ValueError):
    """Fields that do not go together; paths are relative to the place where it is raised."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{path}: {message}" for path, message in self.problems))


def refused(kind: str, problems: Iterable[Problem]) -> Rejected:
    """The refusal (`{kind}-invalid`, 422) of a policy or an accommodation."""
    found = list(problems)
    more = len(found) - MAX_PROBLEMS
    words = [f"{path}: {message}" for path, message in found[:MAX_PROBLEMS]]
    if more > 0:
        words.append(f"and {more} more")
    return Rejected(
        f"the {kind} is refused: {'; '.join(words)}",
        code=f"{kind}-invalid",
        status=422,
        errors=[{"path": path, "message": message} for path, message in found[:MAX_PROBLEMS]],
    )


def problems_of(kind: str, error: ValidationError) -> list[Problem]:
    """The problems that pydantic found, with the paths of contradictions; `kind` is the path of the whole."""
    return [problem for each in error.errors() for problem in _problems(kind, each)]


def _problems(kind: str, error: Mapping[str, Any]) -> list[Problem]:
    place = [str(step) for step in error["loc"]]
    if place and place[-1] == _OF_A_NAME:
        return [(".".join(place[:-1]), "is no name known here")]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Contradictions):
        return [(".".join([*place, path]), message) for path, message in cause.problems]
    message = str(cause) if isinstance(cause, ValueError) else str(error["msg"])
    return [(".".join(place) or kind, message)]
