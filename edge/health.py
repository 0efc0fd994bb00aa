"""How well this node is, from what is known of it. Pure.

10 is well, 0 broken. A node without its hub goes on watching and keeps its alerts, so that alone is no
failure; a node that cannot keep alerts, or whose networks do not answer, is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SLOW_LOOP_S: Final = 0.03
"""STACK 1.1: a process whose event loop is later than this takes nobody on."""
STUCK_LOOP_S: Final = 0.5
NEARLY_FULL: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is looked at."""

    hub_connected: bool
    outbox_writes: bool
    """The last alert given to the outbox was committed."""
    outbox_fill: float
    """Share of its cap, 0…1."""
    loop_lag_s: float
    analysis_works: bool
    """The networks that the sessions need are open and answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is told about it."""

    score: int
    """0…10."""
    reasons: tuple[str, ...]
    """Stable words; empty when well."""

    @property
    def failing(self) -> bool:
        """The node cannot do its work."""
        return self.score == 0


def health(vitals: Vitals) -> Health:
    """The score and the reasons for what is missing to 10."""
    costs = [
        ("analysis-failing", 10, not vitals.analysis_works),
        ("outbox-failing", 10, not vitals.outbox_writes),
        ("loop-stuck", 10, vitals.loop_lag_s > STUCK_LOOP_S),
        ("loop-slow", 3, SLOW_LOOP_S < vitals.loop_lag_s <= STUCK_LOOP_S),
        ("hub-away", 3, not vitals.hub_connected),
        ("outbox-nearly-full", 3, vitals.outbox_fill >= NEARLY_FULL),
    ]
    found = [(reason, cost) for reason, cost, true in costs if true]
    return Health(max(0, 10 - sum(cost for _, cost in found)), tuple(reason for reason, _ in found))
