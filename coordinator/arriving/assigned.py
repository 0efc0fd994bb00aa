"""Whether a node may report an alert: it must have held the session at that time. Pure.

    epoch 1, node A  ├────────────┤
    epoch 2, node B               ├────────────…
                        raised by A ┊ cleared by B

The time of a revision is that of raising for the first and of clearing for the second. The onset does not
matter, because an event that began under one node may be raised or cleared by the next. An end may also be
older than its node's assignment: the next node tells of an event that ended while no node watched. The
arrival time does not matter either: an alert from the node's own time is accepted however late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from coordinator.nodes.assignments import Held
from shared.alerts import Alert, AlertHeader
from shared.messages.heartbeats import MAX_CLOCK_SKEW_S

FAST_CLOCK: Final = timedelta(seconds=2)
"""How long after the end of its assignment, by a clock that is right. The next node may see the same event
then, so this allows only for the difference of clocks under NTP and the duration of a hand-over. What a clock
that is measurably fast explains is allowed too."""
WORST_CLOCK: Final = timedelta(seconds=MAX_CLOCK_SKEW_S)
"""The largest error of a healthy node's clock; one with a larger error gets no sessions. A node may date an
alert this long before its assignment, which does no harm."""


class Objection(Enum):
    """Why a node may not report an alert: the reason in one word, and whether it is final."""

    UNKNOWN_EPOCH = ("unknown-epoch", False)
    """The assignment is not recorded here. This database may be behind, or restored from an older copy."""
    WRONG_NODE = ("wrong-node", True)
    """Another node held the session under that epoch."""
    BEFORE_ASSIGNMENT = ("before-assignment", True)
    AFTER_ASSIGNMENT = ("after-assignment", True)
    """Raised or cleared after the node's assignment had ended, however wrong its clock may have been."""
    PERHAPS_AFTER = ("perhaps-after-assignment", False)
    """Dated after the end of the assignment, and perhaps raised in it by a fast clock. The clock's error at
    that time is not known, so this is not refused for good."""

    def __init__(self, reason: str, final: bool) -> None:
        self.reason = reason
        self.final = final
        """True: it will never be an alert, and its outbox may forget it."""


def happened_utc(header: AlertHeader, alert: Alert) -> datetime:
    """The instant of a revision's event.

    An end that is dated before the raising, which no rule makes, counts as late as the raising: it must not
    bring in an event from after its sender's assignment.
    """
    if header.revision == 2 and alert.cleared is not None:
        return max(alert.raised, alert.cleared)
    return alert.raised


def objection(
    header: AlertHeader, at_utc: datetime, held: Sequence[Held], skew_s: float | None = None
) -> Objection | None:
    """The objection to an alert of this time; None: the sender may report it.

    `skew_s`: how far the sender's clock is ahead of ours, as measured lately; None: unknown. `held`: every
    assignment of the session, in the order of epochs. The first one is open at the start and the current one
    at the end: no other node watched then, and a wrong clock must not cost an alert.
    """
    own = next((one for one in held if one.epoch == header.epoch), None)
    if own is None:
        return Objection.UNKNOWN_EPOCH
    if own.node_id != header.node_id:
        return Objection.WRONG_NODE
    skew = timedelta(seconds=skew_s or 0.0)
    # An end may be older: with the former node's state came when a condition was last seen.
    begins = own is not held[0] and header.revision == 1
    if begins and at_utc < own.from_utc - max(WORST_CLOCK, -skew):
        return Objection.BEFORE_ASSIGNMENT
    if own.to_utc is None or at_utc <= own.to_utc + FAST_CLOCK + max(skew, timedelta(0)):
        return None
    if at_utc <= own.to_utc + FAST_CLOCK + WORST_CLOCK:
        return Objection.PERHAPS_AFTER
    return Objection.AFTER_ASSIGNMENT
