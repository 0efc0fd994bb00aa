"""Judges ANALYSIS_DEGRADED: which tasks fail, which looks the level leaves out, whether the level is below
the lowest that the exam accepts, and whether the node is late.

A task fails when it was due and could not be done, and works again with its next value. Observations between,
such as one without a due check, change nothing. A look that the policy asks for and the degradation level
leaves out is reported once, for as long as it is left out. A node that was late counts as late until it has
been on time for `RECOVERED_S`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement, Value
from edge.rules.settings import Settings
from shared.events.looks import LOOKS, LOWEST_LEVEL, Sense, fields_of
from shared.observations import Observation
from shared.saving import AtMost

SEEN = fields_of(Sense.SIGHT)
HEARD = fields_of(Sense.HEARING)
MAX_TASKS = 16
"""More than there are tasks; a bound for recordings and snapshots."""
LATE_S = 0.5
"""Above this a node counts as late; a busy event loop is sometimes more than 0.1 s late."""
RECOVERED_S = 3.0


@dataclass(slots=True)
class FailuresState:
    """What is wrong with the analysis now."""

    since_s: Annotated[dict[str, float], AtMost(MAX_TASKS)] = field(default_factory=dict)
    """The tasks that fail now, each with its start."""
    late_from_s: float | None = None
    """Since when the node is late …"""
    late_until_s: float = 0.0
    """… until when …"""
    late_s: float = 0.0
    """… and by how much at most."""


class Failures:
    """Follows what is wrong with the analysis."""

    __slots__ = ("_left_out", "_lowest_level", "_state")

    def __init__(self, settings: Settings, state: FailuresState) -> None:
        self._state = state
        self._lowest_level = settings.lowest_level
        looks = sorted(settings.looks_s)
        self._left_out = tuple(
            tuple(look.value for look in looks if LOOKS[look].rates_hz[level] == 0)
            for level in range(LOWEST_LEVEL + 1)
        )
        """The looks left out, by level."""

    def late(self, now: float, late_s: float) -> None:
        """Note that the node was `late_s` late until now."""
        own = self._state
        if own.late_from_s is None:
            own.late_from_s, own.late_s = now - late_s, 0.0
        own.late_until_s, own.late_s = now + RECOVERED_S, max(own.late_s, late_s)

    def judge(self, observation: Observation) -> Judgement:
        """Yes when something is wrong now; no when tasks worked and nothing is wrong."""
        own, limited = self._state, self._limited(observation.level)
        if not (own.since_s or observation.failed or limited or own.late_from_s is not None):
            return NO
        late_from_s = self._late_from_s(observation.at)
        worked = tasks_done(observation)
        for task in worked:
            own.since_s.pop(task, None)
        for task in observation.failed[:MAX_TASKS]:
            if len(own.since_s) < MAX_TASKS:
                own.since_s.setdefault(task, observation.at)
        if observation.failed or limited or late_from_s is not None:
            return Judgement(True, 1.0, self._evidence(observation.level), late_from_s)
        if own.since_s or not worked:
            return UNKNOWN
        return NO

    def _late_from_s(self, at: float) -> float | None:
        """Since when the node is late; None: it is on time."""
        own = self._state
        if own.late_from_s is not None and at >= own.late_until_s:
            own.late_from_s = None
        return own.late_from_s

    def _limited(self, level: int) -> bool:
        """Whether this level is less than the exam asks for."""
        return bool(self._left_out[level]) or level > self._lowest_level

    def _evidence(self, level: int) -> dict[str, Value]:
        own, left_out = self._state, self._left_out[level]
        failed = sorted(own.since_s)
        late = own.late_from_s is not None
        said = [f"{task} failed" for task in failed]
        if level > self._lowest_level:
            said.append(f"on level L{level}; this exam accepts none below L{self._lowest_level}")
        said += [f"{look} is left out on level L{level}" for look in left_out]
        said += [f"the node was {own.late_s:.1f} s late"] if late else []
        return {
            "limits": [*said[:MAX_TASKS]],
            "failed_tasks": [*failed],
            "left_out": [*left_out],
            "lowest_level": self._lowest_level,
            "node_late_seconds": round(own.late_s, 3) if late else 0.0,
        }


def tasks_done(observation: Observation) -> tuple[str, ...]:
    """Tasks whose value this observation has; they are named like its fields."""
    tasks = HEARD if observation.frame_id is None else SEEN
    return tuple([task for task in tasks if getattr(observation, task) is not None])


def any_done(observation: Observation) -> bool:
    """Whether the observation has any task's value. Called for every observation, so the most frequent tasks
    come first."""
    return observation.picture is not None or observation.speech is not None or bool(tasks_done(observation))
