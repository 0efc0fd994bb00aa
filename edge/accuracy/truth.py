"""What really happens in a recorded exam: the JSON file beside it. Pure.

A `Truth` names the stretches in which something was staged; all other time is honest. Each stretch says which
events must come of it, from when their condition holds, which may come as well, and which must not.
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
    """What is staged, for people: "phone at the ear"."""
    begins_s: _Instant
    ends_s: _Instant
    wanted: tuple[Wanted, ...] = ()
    allowed: tuple[EventType, ...] = ()
    """Events that are right here too, but need not come."""
    barred: tuple[EventType, ...] = ()
    """Events that must not come: the twin of another stretch, in which the same is done too briefly to be
    reported, or not quite."""

    def __post_init__(self) -> None:
        if self.ends_s <= self.begins_s:
            raise ValueError("a stretch must end after it begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One recording. Stretches are in order and do not overlap."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    stretches: tuple[Stretch, ...] = ()
    unique_s: _Instant | None = None
    """Seconds of different footage in it, where footage is repeated; None: all of it is different."""
    shot: Annotated[str, Field(max_length=200)] = ""
    """How it was recorded, for people: codec, light, loss."""
    people: tuple[_Words, ...] = ()
    """Who sits in the picture, as `groups.csv` names them."""
    policy: dict[str, Any] = field(default_factory=dict)
    """What the exam's policy says other than the default."""

    def __post_init__(self) -> None:
        for one, following in zip(self.stretches, self.stretches[1:], strict=False):
            if following.begins_s < one.ends_s:
                raise ValueError(f"{following.behaviour} begins before {one.behaviour} ends")


def truth_json(truth: Truth) -> bytes:
    """The file beside a recording."""
    return TypeAdapter(Truth).dump_json(truth, indent=2, exclude_defaults=True) + b"\n"


def read_truth(text: bytes, name: str) -> Truth:
    """Reads such a file. Raises `Corrupt` naming the file and the first thing that is wrong with it."""
    try:
        return TypeAdapter(Truth).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Corrupt(f"{name}: {where}: {first['msg']}") from error
