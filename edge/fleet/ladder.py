"""Decides which degradation level an overloaded node should have: a table and one function. Pure.

One strained moment changes nothing. When a trigger holds for `STRAINED_S`, the node first asks the pages for
fewer frames, and then goes down one level at a time; each step gets `SETTLING_S` to take effect before the
next. It goes up again the same way, after `CALM_S` in which every value stayed below its calm bound, and one
step more after each `CLIMB_S` of lasting calm; at last the pages may send all frames again. When a step up
proves too much soon after it, the next attempt waits twice as long, so that a node at its limit does not
change all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.events.looks import LOWEST_LEVEL

STRAINED_S: Final = 3.0
SETTLING_S: Final = 5.0
CALM_S: Final = 30.0
CLIMB_S: Final = 10.0
"""Between two steps up: twice the time over which lags are measured. From the lowest level a node is back at
that of a processor in 50 s."""
LONGEST_CALM_S: Final = 600.0
RELAPSE_S: Final = 60.0
"""If a node is strained again within this time after it went up, it went up too early."""


class Strain(StrEnum):
    """The kinds of load that are measured."""

    LAG = "analysis-lag"
    LOOP = "loop-lag"
    CPU = "cpu"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Above `strained` the load is too high; below `calm` there is room for a higher level."""

    strained: float
    calm: float


BOUNDS: Final[Mapping[Strain, Bounds]] = MappingProxyType(
    {
        Strain.LAG: Bounds(strained=0.5, calm=0.25),
        Strain.LOOP: Bounds(strained=0.03, calm=0.02),
        Strain.CPU: Bounds(strained=0.8, calm=0.6),
        Strain.MEMORY: Bounds(strained=0.9, calm=0.85),
    }
)
"""Lags are 95th percentiles in seconds, the others shares of what the node may use."""

Load = Mapping[Strain, float]
"""The values of one moment; a value that is not known is missing."""


@dataclass(frozen=True, slots=True)
class Rung:
    """The node's place on the ladder, and since when each condition has held."""

    level: int
    fewer_frames: bool = False
    """Whether pages are asked for fewer frames: always below the best level, and on the step before it."""
    changed_s: float = float("-inf")
    went_up: bool = False
    """Whether the last change was a recovery."""
    strained_since_s: float | None = None
    calm_since_s: float | None = None
    wanted_calm_s: float = CALM_S
    why: tuple[Strain, ...] = ()
    """The kinds of load that were too high at the last step down; empty at the top of the ladder."""


def step(rung: Rung, load: Load, now_s: float, *, best: int) -> Rung:
    """The rung after one more measurement. `best` is the level of a node that is not overloaded."""
    strains = tuple(each for each in Strain if load.get(each, 0.0) > BOUNDS[each].strained)
    calm = all(load.get(each, 0.0) < BOUNDS[each].calm for each in Strain)
    strained_since_s = (
        (now_s if rung.strained_since_s is None else rung.strained_since_s) if strains else None
    )
    calm_since_s = (now_s if rung.calm_since_s is None else rung.calm_since_s) if calm else None
    rung = replace(rung, strained_since_s=strained_since_s, calm_since_s=calm_since_s)
    if _may_go_down(rung, now_s):
        return _down(rung, strains, now_s)
    lowered = rung.fewer_frames or rung.level > best
    if lowered and _may_go_up(rung, now_s):
        return _up(rung, now_s, best)
    if rung.went_up and now_s - rung.changed_s > RELAPSE_S:
        return replace(rung, went_up=False, wanted_calm_s=CALM_S)
    return rung


def _may_go_down(rung: Rung, now_s: float) -> bool:
    return (
        (rung.level < LOWEST_LEVEL or not rung.fewer_frames)
        and rung.strained_since_s is not None
        and now_s - rung.strained_since_s >= STRAINED_S
        and now_s - rung.changed_s >= SETTLING_S
    )


def _may_go_up(rung: Rung, now_s: float) -> bool:
    return (
        rung.calm_since_s is not None
        and now_s - rung.calm_since_s >= rung.wanted_calm_s
        and now_s - rung.changed_s >= CLIMB_S
    )


def _down(rung: Rung, strains: tuple[Strain, ...], now_s: float) -> Rung:
    relapsed = rung.went_up and now_s - rung.changed_s <= RELAPSE_S
    calm_s = min(rung.wanted_calm_s * 2, LONGEST_CALM_S) if relapsed else rung.wanted_calm_s
    level = rung.level + 1 if rung.fewer_frames else rung.level
    return Rung(level=level, fewer_frames=True, changed_s=now_s, wanted_calm_s=calm_s, why=strains)


def _up(rung: Rung, now_s: float, best: int) -> Rung:
    top = rung.level == best
    return Rung(
        level=best if top else rung.level - 1,
        fewer_frames=not top,
        changed_s=now_s,
        went_up=True,
        calm_since_s=rung.calm_since_s,
        wanted_calm_s=rung.wanted_calm_s,
        why=() if top else rung.why,
    )
