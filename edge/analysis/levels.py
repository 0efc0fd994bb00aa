"""What is looked at how often on each degradation level (SPEC 2 and 5): one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Task(StrEnum):
    """Kinds of looking and listening; named like the fields of an observation."""

    FACES = "faces"
    HEAD = "head"
    GAZE = "gaze"
    IDENTITY = "identity"
    LIVENESS = "liveness"
    BODY = "body"
    """Shoulders, and with them hands."""
    OBJECTS = "objects"
    """Things, and with them persons."""
    SPEECH = "speech"
    SPEAKERS = "speakers"
    SOUNDS = "sounds"
    PHRASES = "phrases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One rung of the ladder."""

    rates_hz: Mapping[Task, float]
    """Looks a second per task; what is not named is not done. Every look at faces sees the picture too."""
    hears: frozenset[Task]
    """What sound is listened to for."""
    light: bool = False
    """Whether the tier without a network does the listening."""


_ALL_SOUND = frozenset({Task.SPEECH, Task.SPEAKERS, Task.SOUNDS, Task.PHRASES})
_SPEECH = frozenset({Task.SPEECH, Task.PHRASES})


def _level(*, hears: frozenset[Task], light: bool = False, **rates_hz: float) -> Level:
    rates = MappingProxyType({Task(name): rate_hz for name, rate_hz in rates_hz.items()})
    return Level(rates_hz=rates, hears=hears, light=light)


LEVELS: tuple[Level, ...] = (
    _level(hears=_ALL_SOUND, faces=10, head=6, gaze=6, identity=1, liveness=1, body=3, objects=2),
    _level(hears=_ALL_SOUND, faces=5, head=3, gaze=3, identity=1, liveness=1, body=1.5, objects=1),
    _level(hears=_SPEECH, faces=5, head=3, gaze=3, identity=1, liveness=1, objects=1),
    _level(hears=_SPEECH, light=True, faces=2, head=1, gaze=1, identity=1),
    _level(hears=frozenset(), faces=1, identity=1),
)
"""L0 full on GPU · L1 full on CPU · L2 no body · L3 light, 2 Hz · L4 presence and identity only, 1 Hz.

Verification stays at 1 Hz everywhere: identity is the last thing to give up. The network of the gaze stays
the same on all levels: each sees directions a little differently, and the zone was calibrated with one.
"""

FULL = 1
"""The last level on which nothing is left out."""


@dataclass(slots=True)
class LevelInForce:
    """The one holder of the level that a process analyses at: all its sessions read it with every frame."""

    number: int
    """An index of `LEVELS`; may be set at any time."""
