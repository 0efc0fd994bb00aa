"""Decides what becomes of an order for the node's settings: a small value and its transitions. Pure.

    told ── cannot be obeyed ──▶ refused
      ├──── needs a restart ──▶ pending ── node is empty ──┐
      └──── counts at once ────────────────────────────────┴▶ trial ── did good ──▶ applied: the good one now
                                                                └── did no good ──▶ rolled-back

Until an order is on trial, what was in force stays so.

The good one is the last order that proved itself; without one, the node's own file. A start of the daemon in
a trial counts: after `MOST_STARTS` of them the order is taken back, because the daemon does not stay up with
it.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from shared.fields import Name, Text
from shared.messages.desired import Desired, DesiredReport, Standing
from shared.messages.message import Message

MOST_STARTS: Final = 2
"""The most starts of the daemon while an order is on trial."""
REASON_CHARS: Final = 500
WAITS: Final = "it needs a restart, which waits until the node has no session; `nodes drain` empties it"
NEVER_STAYED: Final = "the node did not stay up with it"


class KeptOrders(Message):
    """What the node knows of its orders; it is kept on disk."""

    told: Desired | None = None
    """The last one that was read."""
    standing: Standing = "none"
    reason: Text = ""
    good: Desired | None = None
    """The last one that proved itself; None: the node's own file is all."""
    restarted: bool = False
    """Whether the trial began with a restart, and so with an empty node."""
    starts: Annotated[int, Field(ge=0)] = 0
    """Starts of the daemon in the trial."""
    before: Annotated[tuple[Name, ...], Field(max_length=32)] = ()
    """What was wrong with the node already when it was told."""


def in_force(kept: KeptOrders) -> Desired | None:
    """The order in force; None: only the node's own file."""
    return kept.told if kept.standing in ("trial", "applied") else kept.good


def report(kept: KeptOrders) -> DesiredReport:
    """The report for heartbeats."""
    now = in_force(kept)
    return DesiredReport(
        version=0 if kept.told is None else kept.told.version,
        digest="" if kept.told is None else kept.told.digest,
        standing=kept.standing,
        reason=WAITS if kept.standing == "pending" else kept.reason,
        in_force=0 if now is None else now.version,
    )


def refused(kept: KeptOrders, order: Desired, reason: str) -> KeptOrders:
    """The order cannot be obeyed here."""
    return KeptOrders(told=order, standing="refused", reason=reason[:REASON_CHARS], good=in_force(kept))


def waiting(kept: KeptOrders, order: Desired, wrong: tuple[str, ...]) -> KeptOrders:
    """The order waits until the node is empty."""
    return KeptOrders(told=order, standing="pending", good=in_force(kept), before=wrong)


def on_trial(kept: KeptOrders, order: Desired, wrong: tuple[str, ...]) -> KeptOrders:
    """The order is in force in the running daemon, on trial."""
    return KeptOrders(told=order, standing="trial", good=in_force(kept), before=wrong)


def restarting(kept: KeptOrders) -> KeptOrders:
    """The node is empty: the daemon that starts next has the order that has waited in force."""
    if kept.standing != "pending":
        return kept
    return kept.model_copy(update={"standing": "trial", "restarted": True, "starts": 0})


def starting(kept: KeptOrders) -> KeptOrders:
    """A daemon starts."""
    if kept.standing != "trial":
        return kept
    if kept.starts >= MOST_STARTS:
        return rolled_back(kept, NEVER_STAYED)
    return kept.model_copy(update={"starts": kept.starts + 1})


def proved(kept: KeptOrders) -> KeptOrders:
    """The order has proved itself in its trial."""
    return KeptOrders(told=kept.told, standing="applied", good=kept.told)


def rolled_back(kept: KeptOrders, reason: str) -> KeptOrders:
    """The order has failed its trial: the earlier one is in force again."""
    return KeptOrders(told=kept.told, standing="rolled-back", reason=reason[:REASON_CHARS], good=kept.good)


def without_good(kept: KeptOrders, reason: str) -> KeptOrders:
    """The earlier order no longer fits the node's own file: from now on only that file is in force."""
    return KeptOrders(told=kept.told, standing="rolled-back", reason=reason[:REASON_CHARS])
