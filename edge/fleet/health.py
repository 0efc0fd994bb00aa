"""How well this node is, from what is known of it. Pure.

10 is well, 0 broken. A node without its hub goes on watching and keeps its alerts, so that alone is no
failure; a node that cannot keep alerts, or whose networks do not answer, is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.messages import MAX_CLOCK_SKEW_S

SLOW_LOOP_S: Final = 0.03
"""A process whose event loop is later than this takes nobody on."""
STUCK_LOOP_S: Final = 0.5
"""As a rule, the node cannot work; once in a minute, it is degraded: every peer of it stood still."""
NEARLY_FULL: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is looked at."""

    hub_connected: bool
    outbox_writes: bool
    """The last alert given to the outbox was committed."""
    outbox_fill: float
    """Share of its cap, 0…1."""
    outboxes_set_aside: int
    """Damaged ones of earlier runs, until a person has looked at them and moved them away."""
    loop_lag_s: float
    """What 99 of 100 measurements of the last minute did not exceed."""
    loop_worst_s: float
    """Its longest block."""
    clock_skew_s: float
    """How far the coordinator's clock is from ours; 0 while unknown."""
    analysis_works: bool
    """The networks that the sessions need are open and answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is told about it."""

    score: int
    """0…10."""
    reasons: tuple[str, ...]
    """Stable words; empty when well."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Figures behind the reasons, by name with unit."""

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
        ("loop-blocked", 3, vitals.loop_lag_s <= STUCK_LOOP_S < vitals.loop_worst_s),
        ("clock-skew", 5, abs(vitals.clock_skew_s) > MAX_CLOCK_SKEW_S),
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
