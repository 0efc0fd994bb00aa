"""How often each look is done on each degradation level, from the table of looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from shared.errors import ConfigError
from shared.events.looks import LOOKS, Look, Sense, looks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One degradation level."""

    name: str
    rates_hz: Mapping[Look, float]
    """Rate of each look; looks not listed are not done. Every look at faces includes the picture."""
    hears: frozenset[Look]
    """The looks of hearing."""
    light: bool = False
    """Whether the quick detectors look for faces and listen."""


def _level(number: int, name: str, *, light: bool = False) -> Level:
    rates = {look: row.rates_hz[number] for look, row in LOOKS.items() if row.rates_hz[number] > 0}
    seen = {look: rates[look] for look in looks_of(Sense.SIGHT) if look in rates}
    heard = frozenset(look for look in looks_of(Sense.HEARING) if look in rates)
    return Level(name=name, rates_hz=MappingProxyType(seen), hears=heard, light=light)


# The gaze network is the same on all levels: each network measures directions a little differently, and the
# zone was calibrated with this one. That by the irises would save 0.6 of 3.6 ms.
LEVELS: Final = (
    _level(0, "full on a GPU"),
    _level(1, "full on a CPU"),
    _level(2, "no body"),
    _level(3, "light: 2 Hz, the quickest face detector, listening without a network", light=True),
    _level(4, "presence and identity only, 1 Hz, the quickest face detector", light=True),
)

FULL = 1
"""The last level that leaves nothing out."""


def check_level(level: int, device: str) -> None:
    """Check that the device allows this level. Raises `ConfigError` if not. `device`: the one verified in
    use."""
    if level < FULL and not any(gpu in device for gpu in ("cuda", "tensorrt")):
        raise ConfigError(
            f"L{level} ({LEVELS[level].name}) cannot be used here: the networks run on {device}; "
            f"use L{FULL} ({LEVELS[FULL].name})"
        )


@dataclass(slots=True)
class LevelInForce:
    """The level that a process analyses at. All its sessions read it with every frame."""

    number: int
    """An index of `LEVELS`; may be set at any time."""
    best: int = field(init=False)
    """The one that it began with."""

    def __post_init__(self) -> None:
        self.best = self.number

    @property
    def lowered(self) -> bool:
        """Whether the node is overloaded."""
        return self.number > self.best
