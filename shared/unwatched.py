"""Defines unwatched time: how long nobody looked, for face, body and sound separately. Pure.

An instant is watched within a second after a look of its kind, or within the period that the exam sets, if
longer. What a degradation level leaves out, what the policy does not ask for and a proctor's pause are not
counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.events.looks import Look


class Kind(StrEnum):
    """What is watched."""

    FACE = "face"
    BODY = "body"
    SOUND = "sound"


LOOK_OF_KIND: Final[Mapping[Kind, Look]] = MappingProxyType(
    {Kind.FACE: Look.FACES, Kind.BODY: Look.BODY, Kind.SOUND: Look.SPEECH}
)

Unwatched = Mapping[Kind, float]
"""Seconds by kind; a kind that was not to be watched is missing."""


def added(first: Unwatched, second: Unwatched) -> dict[Kind, float]:
    """The sums of two stretches of one session."""
    return {kind: first.get(kind, 0.0) + second.get(kind, 0.0) for kind in Kind if kind in {*first, *second}}


def rounded(unwatched: Unwatched) -> dict[Kind, float]:
    """Rounded to 0.1 s, as it is reported."""
    return {kind: round(seconds, 1) for kind, seconds in unwatched.items()}


def told(unwatched: Mapping[Kind, float]) -> str:
    """The seconds in words: `face 12.4 s, sound 0.0 s`."""
    return ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in unwatched.items())
