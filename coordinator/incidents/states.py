"""How far the review of an incident has come, and where that puts it in the queue. Pure.

What people may do in which state stands in `coordinator.reviews.states`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where the review of an incident stands."""

    OPEN = "open"
    SECONDING = "seconding"
    """Confirmed by one person; an adverse verdict needs another one."""
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    APPEALED = "appealed"
    UPHELD = "upheld"
    """The appeal did not change the verdict."""
    OVERTURNED = "overturned"
    """The appeal took the verdict back."""
    MERGED = "merged"
    """It has become part of another incident, to which it points."""


class Decision(StrEnum):
    """What a decided review counts as."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


VERDICTS: Final[Mapping[State, Decision]] = MappingProxyType(
    {
        State.CONFIRMED: Decision.CONFIRMED,
        State.APPEALED: Decision.CONFIRMED,
        State.UPHELD: Decision.CONFIRMED,
        State.DISMISSED: Decision.DISMISSED,
        State.OVERTURNED: Decision.DISMISSED,
    }
)
"""States with a verdict, and which one stands."""


def progress(state: State) -> int:
    """How far a review has come: an appeal must not be lost, then a verdict, then half of one."""
    if state is State.APPEALED:
        return 3
    return 2 if state in VERDICTS else int(state is State.SECONDING)


def queue_place(state: State, severity: float, *, changed: bool) -> int:
    """Where an incident stands in the queue, smaller sooner: what nobody has looked at first, worst first.

    Ten thousands say how urgent the state is, the rest is 1,000 − severity in thousandths.
    """
    if state is State.OPEN or (changed and state in VERDICTS):
        rank = 0
    elif state in (State.SECONDING, State.APPEALED):
        rank = 1
    else:
        rank = 2 if state in VERDICTS else 3
    return rank * 10_000 + 1_000 - round(severity * 1_000)
