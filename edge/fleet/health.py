"""Computes the node's health score from measured values. Pure.

10 is healthy, 0 is broken. Without its hub a node continues to watch and keeps its alerts, so that alone is
not a failure. A node that cannot keep alerts, or whose networks do not answer, has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.messages.heartbeats import MAX_CLOCK_SKEW_S, OtherHost

SLOW_LOOP_S: Final = 0.03
"""A process whose event loop is later than this takes no new sessions."""
STUCK_LOOP_S: Final = 0.5
"""If the usual lateness is above this, the node cannot work. If one block in a minute is, the node is
degraded, because all its peers stood still."""
NEARLY_FULL: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The values that decide the score."""

    hub_connected: bool
    outbox_writes: bool
    """Whether the last alert for the outbox was committed."""
    outbox_fill: float
    """Share of its limit, 0…1."""
    outboxes_set_aside: int
    """Damaged outboxes of earlier runs that a person has not checked and moved yet."""
    loop_lag_s: float
    """99th percentile of the last minute."""
    loop_worst_s: float
    """Longest block of the last minute."""
    clock_skew_s: float
    """The coordinator's clock less ours; 0 while unknown."""
    analysis_works: bool
    """Whether the networks that the sessions need are open and answer."""
    overloaded: bool
    """Whether the node has taken a lower level than its best."""
    workers_missing: bool = False
    """Whether a worker's process has ended and does not run again yet."""
    other_host: OtherHost = "none"
    """Whether another host has this node's identity."""


@dataclass(frozen=True, slots=True)
class Health:
    """The score, with its reasons."""

    score: int
    """0…10."""
    reasons: tuple[str, ...]
    """Stable words; empty when healthy."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """The values behind the reasons, by name with unit."""

    @property
    def failing(self) -> bool:
        """Whether the node cannot do its work."""
        return self.score == 0


def health_of(vitals: Vitals) -> Health:
    """The score, with a reason for everything that lowers it from 10."""
    costs = [
        ("analysis-failing", 10, not vitals.analysis_works),
        ("outbox-failing", 10, not vitals.outbox_writes),
        ("loop-stuck", 10, vitals.loop_lag_s > STUCK_LOOP_S),
        ("loop-slow", 3, SLOW_LOOP_S < vitals.loop_lag_s <= STUCK_LOOP_S),
        ("loop-blocked", 3, vitals.loop_lag_s <= STUCK_LOOP_S < vitals.loop_worst_s),
        ("clock-skew", 5, abs(vitals.clock_skew_s) > MAX_CLOCK_SKEW_S),
        ("overloaded", 3, vitals.overloaded),
        ("worker-missing", 3, vitals.workers_missing),
        ("identity-elsewhere", 8, vitals.other_host == "refused"),
        ("identity-copied", 1, vitals.other_host == "seen"),
        ("hub-away", 3, not vitals.hub_connected),
        ("outbox-nearly-full", 3, vitals.outbox_fill >= NEARLY_FULL),
        ("outbox-was-damaged", 1, vitals.outboxes_set_aside > 0),
    ]
    found = [(reason, cost) for reason, cost, true in costs if true]
    measures = {
        "loop_lag_p99_s": round(vitals.loop_lag_s, 3),
        "loop_lag_max_s": round(vitals.loop_worst_s, 3),
        "clock_skew_s": round(vitals.clock_skew_s, 1),
    }
    score = max(0, 10 - sum(cost for _, cost in found))
    return Health(score, tuple(reason for reason, _ in found), measures)
