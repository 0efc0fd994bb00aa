"""The states of an incident's review, and its place in the queue. Pure.

`coordinator.reviews.states` defines what people may do in which state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """The state of an incident's review."""

    OPEN = "open"
    SECONDING = "seconding"
    """Confirmed by one person; an adverse verdict needs a second one."""
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    APPEALED = "appealed"
    UPHELD = "upheld"
    """The appeal did not change the verdict."""
    OVERTURNED = "overturned"
    """The appeal reversed the verdict."""
    MERGED = "merged"
    """It was merged into another incident, to which it points."""


class Decision(StrEnum):
    """The decision that a verdict counts as."""

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
"""States with a verdict, and the verdict in force."""


def progress(state: State) -> int:
    """The progress of a review: highest with an appeal, then with a verdict, then with a first
    confirmation."""
    if state is State.APPEALED:
        return 3
    return 2 if state in VERDICTS else int(state is State.SECONDING)


def queue_place(state: State, severity: float, *, changed: bool) -> int:
    """An incident's place in the queue, smaller first: incidents without a review first, most severe first.

    Multiples of ten thousand give the urgency of the state, the rest is 1,000 − severity in thousandths.
    """
    if state is State.OPEN or (changed and state in VERDICTS):
        rank = 0
    elif state in (State.SECONDING, State.APPEALED):
        rank = 1
    else:
        rank = 2 if state in VERDICTS else 3
    return rank * 10_000 + 1_000 - round(severity * 1_000)
