"""ANALYSIS_DEGRADED: which tasks fail.

A task fails when it was due and could not be done, and works again with its next value. Observations between,
such as one without a due check, change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement
from shared.events.looks import Sense, fields_of
from shared.observations import Observation
from shared.saving import AtMost

SEEN = fields_of(Sense.SIGHT)
HEARD = fields_of(Sense.HEARING)
MAX_TASKS = 16
"""More than there are tasks; a bound for recordings and snapshots."""


@dataclass(slots=True)
class FailuresState:
    """The tasks that fail now, each with its start."""

    since_s: Annotated[dict[str, float], AtMost(MAX_TASKS)] = field(default_factory=dict)


class Failures:
    """Follows which tasks fail."""

    __slots__ = ("_since_s",)

    def __init__(self, state: FailuresState) -> None:
        self._since_s = state.since_s

    def judge(self, observation: Observation) -> Judgement:
        """Yes when a task failed now, no when tasks worked and none fails."""
        if not self._since_s and not observation.failed:
            return NO
        worked = tasks_done(observation)
        for task in worked:
            self._since_s.pop(task, None)
        for task in observation.failed[:MAX_TASKS]:
            if len(self._since_s) < MAX_TASKS:
                self._since_s.setdefault(task, observation.at)
        if observation.failed:
            return Judgement(True, 1.0, {"failed_tasks": [*sorted(self._since_s)]})
        if self._since_s or not worked:
            return UNKNOWN
        return NO


def tasks_done(observation: Observation) -> tuple[str, ...]:
    """Tasks whose value this observation has; they are named like its fields."""
    tasks = HEARD if observation.frame_id is None else SEEN
    return tuple([task for task in tasks if getattr(observation, task) is not None])


def any_done(observation: Observation) -> bool:
    """Whether the observation has any task's value. Called for every one, so the most frequent are first."""
    return observation.picture is not None or observation.speech is not None or bool(tasks_done(observation))
