"""Decides what is done about a network whose device fails while it is in use. Pure.

It is opened again on the same runtime, at most five times in a minute. After that, or if it does not open,
the next runtime of its chain serves. At the end of the chain it waits until it may be opened again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MAX_RESTARTS: Final = 5
RESTART_WINDOW_S: Final = 60.0
"""A network that was opened again `MAX_RESTARTS` times within this time does not work on this runtime."""


class Remedy(StrEnum):
    """What to do."""

    RESTART = "restart"
    """Open it again on the same runtime."""
    STEP = "step"
    """Open it on the next runtime."""
    WAIT = "wait"
    """Nothing for now."""


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """A network's place on its chain, and when it was opened again there."""

    rung: int
    rungs: int
    """Length of the chain."""
    restarted_s: tuple[float, ...] = ()

    @property
    def last(self) -> bool:
        """Whether the chain ends here."""
        return self.rung + 1 >= self.rungs


def after_failure(place: ChainPlace, now_s: float) -> tuple[ChainPlace, Remedy]:
    """What to do when the device failed or a call did not return."""
    recent = tuple(at_s for at_s in place.restarted_s if now_s - at_s <= RESTART_WINDOW_S)
    if len(recent) < MAX_RESTARTS:
        return replace(place, restarted_s=(*recent, now_s)), Remedy.RESTART
    return after_refusal(replace(place, restarted_s=recent))


def after_refusal(place: ChainPlace) -> tuple[ChainPlace, Remedy]:
    """What to do when the network could not be opened on its runtime again."""
    if place.last:
        return place, Remedy.WAIT
    return ChainPlace(place.rung + 1, place.rungs), Remedy.STEP
