"""What an exam asks to be looked at, and what of it nobody can look at here. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge.analysis.levels import LEVELS, Task
from shared.events.types import EventType as E
from shared.policy.schema import Policy

SEEN = (Task.FACES, Task.HEAD, Task.GAZE, Task.IDENTITY, Task.LIVENESS, Task.BODY, Task.OBJECTS)
"""Tasks of looking, as they are told to people."""
_OF_GAZE = (E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY, E.FREQUENT_DISTRACTION)
_OF_THINGS = (E.PHONE_VISIBLE, E.BOOK_VISIBLE)


def asked_to_see(policy: Policy) -> frozenset[Task]:
    """What the exam's features and rules need to be looked at; what nobody asks about costs nothing."""
    features = policy.features

    def watches(*events: E) -> bool:
        return any(policy.rule(event).enabled for event in events)

    asked = {
        Task.FACES: True,
        Task.HEAD: features.gaze_tracking,
        Task.GAZE: features.gaze_tracking and watches(*_OF_GAZE),
        Task.IDENTITY: features.face_verification,
        Task.LIVENESS: features.face_verification and watches(E.PRESENTATION_ATTACK),
        Task.BODY: features.pose_analysis,
        Task.OBJECTS: (features.pose_analysis and watches(E.MULTIPLE_PERSONS)) or watches(*_OF_THINGS),
    }
    return frozenset(task for task, wanted in asked.items() if wanted)


def unseen(missing: Mapping[Task, str], policy: Policy, level: int) -> dict[Task, str]:
    """Tasks of looking about which nothing is said, each with the reason."""
    asked, done = asked_to_see(policy), LEVELS[level].rates_hz
    reasons = {task: f"left out on level L{level}" for task in asked if task not in done}
    reasons |= {task: missing[task] for task in asked if task in missing}
    off = {task: "switched off by the policy" for task in SEEN if task not in asked}
    return reasons | off


def can_see(possible: Collection[Task], policy: Policy) -> frozenset[Task]:
    """What is asked for and can be done."""
    return asked_to_see(policy) & frozenset(possible)
