"""Pure. The steps of the change from one master key to another, and which of them is due."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class MasterStep(StrEnum):
    """A step of the change, or what is asked about it."""

    STATUS = "status"
    PREPARE = "prepare"
    SWITCH = "switch"
    REWRAP = "rewrap"
    FINISH = "finish"
    NEXT = "next"


def due(held: Sequence[str], former: str) -> MasterStep | None:
    """The step to take so that another key replaces this one; None: it is not held any more.

    `held`: the ids of keys, that of the one that wraps first.
    """
    match held:
        case [only] if only == former:
            return MasterStep.PREPARE
        case [first, *_] if first == former:
            return MasterStep.SWITCH
        case _:
            return MasterStep.REWRAP if former in held else None
