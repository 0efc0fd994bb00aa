"""Judges NOT_JUDGED: looks that give no result because the picture does not show enough.

A look stays without a result until its next value. Observations in which it was not due change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.failures import tasks_done
from edge.rules.findings import NO, UNKNOWN, Judgement
from shared.observations import Observation
from shared.saving import AtMost

MAX_TASKS = 16
"""More than there are tasks; a bound for recordings and snapshots."""


@dataclass(slots=True)
class UnjudgedState:
    """The looks without a result now, each with the last reason."""

    reasons: Annotated[dict[str, str], AtMost(MAX_TASKS)] = field(default_factory=dict)


class Unjudged:
    """Follows which looks give no result."""

    __slots__ = ("_state",)

    def __init__(self, state: UnjudgedState) -> None:
        self._state = state

    def judge(self, observation: Observation) -> Judgement:
        """Yes when a look gives no result now; no when looks give results and none is without one."""
        reasons = self._state.reasons
        if not reasons and not observation.not_judged:
            return NO
        worked = tasks_done(observation)
        for task in worked:
            reasons.pop(task, None)
        for each in observation.not_judged[:MAX_TASKS]:
            if each.task in reasons or len(reasons) < MAX_TASKS:
                reasons[each.task] = each.reason
        if observation.not_judged:
            said = [f"{task}: {reason}" for task, reason in sorted(reasons.items())]
            return Judgement(True, 1.0, {"not_judged": [*said]})
        return UNKNOWN if reasons or not worked else NO
