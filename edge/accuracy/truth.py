"""What really happens in a recorded exam: the JSON file beside it. Pure.

A `Truth` lists the stretches with staged behaviour; all other time is honest. Each stretch names the events
that must be raised and when their condition begins, those that may be raised, and those that must not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from shared.errors import Corrupt
from shared.events.types import EventType

MAX_TRUTH_BYTES = 4_000_000
_Instant = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
_Words = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One event that must be reported."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    event: EventType
    holds_from_s: _Instant
    """When its condition becomes true in the recording; the report follows after the rule's hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One staged stretch, from `begins_s` until just before `ends_s`."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    behaviour: _Words
    """The staged behaviour, for people: "phone at the ear"."""
    begins_s: _Instant
    ends_s: _Instant
    wanted: tuple[Wanted, ...] = ()
    allowed: tuple[EventType, ...] = ()
    """Events that are correct here too, but not required."""
    barred: tuple[EventType, ...] = ()
    """Events that must not be raised: here the behaviour of another stretch is done too briefly to be
    reported, or only something similar."""

    def __post_init__(self) -> None:
        if self.ends_s <= self.begins_s:
            raise ValueError("a stretch must end after it begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of one recording. Stretches are in order and do not overlap."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    stretches: tuple[Stretch, ...] = ()
    unique_s: _Instant | None = None
    """Seconds of distinct footage when footage is repeated; None: nothing is repeated."""
    shot: Annotated[str, Field(max_length=200)] = ""
    """How it was recorded, for people: codec, light, loss."""
    people: tuple[_Words, ...] = ()
    """The people in the picture, by their names in `groups.csv`."""
    policy: dict[str, Any] = field(default_factory=dict)
    """The exam's policy, where it differs from the default."""

    def __post_init__(self) -> None:
        for one, following in zip(self.stretches, self.stretches[1:], strict=False):
            if following.begins_s < one.ends_s:
                raise ValueError(f"{following.behaviour} begins before {one.behaviour} ends")


def read_truth(text: bytes, name: str) -> Truth:
    """Read a truth file. Raises `Corrupt` with the file's name and its first problem."""
    try:
        return TypeAdapter(Truth).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Corrupt(f"{name}: {where}: {first['msg']}") from error
