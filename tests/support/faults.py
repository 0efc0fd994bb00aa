"""Which fault strikes where and when, drawn from one seed. Pure: the same seed draws the same faults."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GAP_S: Final = (0.8, 3.4)
"""Between two faults."""
SHORT_S: Final = (0.3, 4.0)
LONG_S: Final = (8.0, 20.0)
"""Longer than a node may be silent, at times."""
LONG_SHARE: Final = 0.15
REST_S: Final = 2.0
"""What a place has between two faults of its own, so that it begins to work again."""


class Kind(StrEnum):
    """What happens to a place."""

    KILL = "kill"
    """kill -9; started again when the fault is over."""
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT when the fault is over."""
    CUT = "cut"
    """Nothing passes, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it begins so long after the first moment, and lasts."""

    begins_s: float
    lasts_s: float
    kind: Kind
    place: str

    @property
    def ends_s(self) -> float:
        return self.begins_s + self.lasts_s

    def __str__(self) -> str:
        return f"{self.begins_s:7.2f} s  {self.kind:6} {self.place}, {self.lasts_s:.2f} s"


def drawn(seed: int, count: int, places: Mapping[str, Sequence[Kind]]) -> list[Fault]:
    """So many faults in their order. A place has one at a time; several places may have one at once."""
    chance = random.Random(seed)
    faults: list[Fault] = []
    free_s = dict.fromkeys(sorted(places), 0.0)
    at_s = 0.0
    while len(faults) < count:
        at_s += chance.uniform(*GAP_S)
        free = [place for place, since_s in free_s.items() if since_s <= at_s]
        if not free:
            continue
        place = chance.choice(free)
        lasts_s = chance.uniform(*(LONG_S if chance.random() < LONG_SHARE else SHORT_S))
        faults.append(Fault(round(at_s, 3), round(lasts_s, 3), chance.choice(places[place]), place))
        free_s[place] = faults[-1].ends_s + REST_S
    return faults
