"""ANALYSIS_DEGRADED: which tasks have been failing.

A task fails when it was due and could not be done, and works again with its next value. What lies between,
such as a check that was not due, says nothing.
"""

from __future__ import annotations

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.snapshots import Saved, optional_number
from shared.events.looks import Sense, fields_of
from shared.observations import Observation

SEEN = fields_of(Sense.SIGHT)
HEARD = fields_of(Sense.HEARING)
MAX_TASKS = 16
"""More names than there are tasks; a bound on what a snapshot may bring."""


class Failures:
    """The tasks that are failing now, each since when."""

    __slots__ = ("_since_s",)

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}

    def judge(self, observation: Observation) -> Judgement:
        """Yes when a task failed just now, no when tasks worked and none is failing."""
        if not self._since_s and not observation.failed:
            return NO
        worked = tasks_done(observation)
        for task in worked:
            self._since_s.pop(task, None)
        for task in observation.failed[:MAX_TASKS]:
            self._since_s.setdefault(task, observation.at)
        if observation.failed:
            return Judgement(True, 1.0, {"failed_tasks": [*sorted(self._since_s)]})
        if self._since_s or not worked:
            return UNKNOWN
        return NO

    def snapshot(self) -> Saved:
        return {**self._since_s}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        if len(saved) > MAX_TASKS:
            raise ValueError("the snapshot names too many tasks")
        since_s = {task: optional_number(saved, task) for task in saved}
        self._since_s = {task: at for task, at in since_s.items() if at is not None}


def tasks_done(observation: Observation) -> tuple[str, ...]:
    """Tasks whose value this observation carries; they are named like its fields."""
    tasks = HEARD if observation.frame_id is None else SEEN
    return tuple([task for task in tasks if getattr(observation, task) is not None])


def any_done(observation: Observation) -> bool:
    """Whether the observation carries any task's value; asked of every one, so the commonest come first."""
    return observation.picture is not None or observation.speech is not None or bool(tasks_done(observation))
