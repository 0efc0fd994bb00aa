"""The kinds of looking and listening: what each fills, when it is done, and its rate on each level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.events.types import Feature

Rates = tuple[float, float, float, float, float]
"""Looks per second on the degradation levels L0 to L4; 0: not done."""
EVERY_WINDOW: Final = 2.0
"""Sound arrives in windows of about half a second. No look at sound is more frequent."""


class Sense(StrEnum):
    SIGHT = "sight"
    HEARING = "hearing"


class Look(StrEnum):
    """One kind of looking or listening, named like its field of an observation."""

    FACES = "faces"
    HEAD = "head"
    GAZE = "gaze"
    IDENTITY = "identity"
    LIVENESS = "liveness"
    BODY = "body"
    OBJECTS = "objects"
    SPEECH = "speech"
    SPEAKERS = "speakers"
    SOUNDS = "sounds"
    PHRASES = "phrases"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """The properties of one look."""

    sense: Sense
    fields: tuple[str, ...]
    """The fields of an observation that it fills."""
    rates_hz: Rates
    feature: Feature | None = None
    """It is done in exams with this feature; None: in every exam."""
    on_demand: bool = False
    """It is done only when an enabled event needs it; `feature` is then ignored."""
    paced: bool = True
    """Whether a policy may set its rate."""


# Verification stays at 1 Hz on every level: identity is the last thing to give up.
LOOKS: Mapping[Look, LookRow] = MappingProxyType(
    {
        Look.FACES: LookRow(sense=Sense.SIGHT, fields=("picture", "faces"), rates_hz=(10, 5, 5, 2, 1)),
        Look.HEAD: LookRow(
            sense=Sense.SIGHT, fields=("head",), rates_hz=(6, 3, 3, 1, 0), feature=Feature.GAZE_TRACKING
        ),
        Look.GAZE: LookRow(sense=Sense.SIGHT, fields=("gaze",), rates_hz=(6, 3, 3, 1, 0), on_demand=True),
        Look.IDENTITY: LookRow(
            sense=Sense.SIGHT,
            fields=("identity",),
            rates_hz=(1, 1, 1, 1, 1),
            feature=Feature.FACE_VERIFICATION,
        ),
        Look.LIVENESS: LookRow(
            sense=Sense.SIGHT, fields=("liveness",), rates_hz=(1, 1, 1, 0, 0), on_demand=True
        ),
        Look.BODY: LookRow(
            sense=Sense.SIGHT,
            fields=("body", "hands"),
            rates_hz=(3, 1.5, 0, 0, 0),
            feature=Feature.POSE_ANALYSIS,
        ),
        Look.OBJECTS: LookRow(
            sense=Sense.SIGHT, fields=("persons", "objects"), rates_hz=(2, 1, 1, 0, 0), on_demand=True
        ),
        Look.SPEECH: LookRow(
            sense=Sense.HEARING,
            fields=("speech", "microphone_silent"),
            rates_hz=(EVERY_WINDOW, EVERY_WINDOW, EVERY_WINDOW, EVERY_WINDOW, 0),
            feature=Feature.AUDIO_MONITORING,
            paced=False,
        ),
        Look.SPEAKERS: LookRow(
            sense=Sense.HEARING,
            fields=("speakers",),
            rates_hz=(EVERY_WINDOW, EVERY_WINDOW, 0, 0, 0),
            on_demand=True,
        ),
        Look.SOUNDS: LookRow(
            sense=Sense.HEARING,
            fields=("sounds",),
            rates_hz=(EVERY_WINDOW, EVERY_WINDOW, 0, 0, 0),
            on_demand=True,
        ),
        Look.PHRASES: LookRow(
            sense=Sense.HEARING,
            fields=("phrases",),
            rates_hz=(EVERY_WINDOW, EVERY_WINDOW, EVERY_WINDOW, EVERY_WINDOW, 0),
            on_demand=True,
            paced=False,
        ),
    }
)

LOWEST_LEVEL = len(LOOKS[Look.FACES].rates_hz) - 1
"""The last degradation level."""

LOOK_OF: Mapping[str, Look] = MappingProxyType(
    {field: look for look, row in LOOKS.items() for field in row.fields}
)
"""The look that fills a field of an observation."""


def looks_of(sense: Sense) -> tuple[Look, ...]:
    """The looks of one sense."""
    return tuple(look for look, row in LOOKS.items() if row.sense is sense)


def fields_of(sense: Sense) -> tuple[str, ...]:
    """The fields of an observation that the looks of one sense fill."""
    return tuple(field for look in looks_of(sense) for field in LOOKS[look].fields)
