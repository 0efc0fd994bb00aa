"""Whether an alert is its sender's to tell: did the node hold the session when it happened? Pure.

    epoch 1, node A  ├────────────┤
    epoch 2, node B               ├────────────…
                        raised by A ┊ cleared by B

What happened is the revision's own instant: raised for the first, cleared for the second. The onset counts
for nothing, because what began under one node may be raised or cleared by the next. When a message comes does
not count either: what a node saw in its own time is taken however late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from coordinator.nodes.assignments import Held
from shared.alerts import Alert, AlertHeader
from shared.messages import MAX_CLOCK_SKEW_S

SLOW_CLOCK: Final = timedelta(seconds=MAX_CLOCK_SKEW_S)
"""How long before its assignment a node may date what it saw. A node whose clock is further off is given no
session, and what is dated too early is in nobody's way."""
FAST_CLOCK: Final = timedelta(seconds=2)
"""How long after its assignment's end. By then the next node may see the same, so no more is granted than
clocks kept by NTP differ by, and the moment that a hand-over takes."""


class Objection(Enum):
    """Why an alert is not its sender's to tell: the reason in one word, and whether that is for good."""

    UNKNOWN_EPOCH = ("unknown-epoch", False)
    """No such assignment is recorded here. This database may be behind, or restored from an older copy."""
    WRONG_NODE = ("wrong-node", True)
    """Another node held the session under that epoch."""
    BEFORE_ASSIGNMENT = ("before-assignment", True)
    AFTER_ASSIGNMENT = ("after-assignment", True)
    """Seen by a node that was no longer to watch."""

    def __init__(self, reason: str, final: bool) -> None:
        self.reason = reason
        self.final = final
        """True: it will never be an alert, and its outbox may forget it."""


def happened_utc(header: AlertHeader, alert: Alert) -> datetime:
    """The instant of what this revision tells."""
    return alert.cleared if header.revision == 2 and alert.cleared is not None else alert.raised


def objection(header: AlertHeader, at_utc: datetime, held: Sequence[Held]) -> Objection | None:
    """What stands against an alert of something that happened then; None: it is the sender's to tell.

    `held`: every assignment of the session, in the order of epochs. The first has no beginning here and the
    current one no end: nobody else watched then, and a clock that is wrong costs no alert.
    """
    own = next((one for one in held if one.epoch == header.epoch), None)
    if own is None:
        return Objection.UNKNOWN_EPOCH
    if own.node_id != header.node_id:
        return Objection.WRONG_NODE
    if own is not held[0] and at_utc < own.from_utc - SLOW_CLOCK:
        return Objection.BEFORE_ASSIGNMENT
    if own.to_utc is not None and at_utc > own.to_utc + FAST_CLOCK:
        return Objection.AFTER_ASSIGNMENT
    return None
