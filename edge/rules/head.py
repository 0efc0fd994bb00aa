"""Judges the head: HEAD_DOWN, HEAD_TURNED_AWAY and SUSPICIOUS_MOVEMENT."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import HeadPose, Observation
from shared.saving import AtMost

SPEED_WINDOW_S = 0.5
"""Speed is the median over this time. By time, not by steps: poses come at uneven intervals, and in a short
one the error of a pose makes a high speed."""
MAX_STEP_S = 1.0
"""Poses further apart give no speed."""
POSES = 3
"""A step is judged when the pose after it is known: a head that was still, is seen elsewhere once and is back
where it was may be one wrong pose, whose two steps are most of the median at 3 Hz."""
BACK = 0.5
"""A head is back, or still, within this share of the step."""
MAX_SPEEDS = 16
MAX_TURNS = 64


def head_down(observation: Observation, settings: Settings, usual_pitch_deg: float) -> Judgement:
    """The head is far lower than usual."""
    head = observation.head
    if head is None:
        return UNKNOWN
    bound = settings.threshold(EventType.HEAD_DOWN)
    below_deg = usual_pitch_deg - head.pitch_deg
    if below_deg <= bound:
        return NO
    evidence = {
        "pitch_below_usual_deg": round(below_deg, 1),
        "pitch_below_usual_deg_bound": bound,
        "usual_pitch_deg": round(usual_pitch_deg, 1),
    }
    return Judgement(True, _sure(below_deg, bound), evidence)


def head_turned_away(observation: Observation, settings: Settings) -> Judgement:
    """The head points far to one side of the camera."""
    head = observation.head
    if head is None:
        return UNKNOWN
    bound = settings.threshold(EventType.HEAD_TURNED_AWAY)
    turned_deg = abs(head.yaw_deg)
    if turned_deg <= bound:
        return NO
    evidence = {
        "turned_deg": round(turned_deg, 1),
        "turned_deg_bound": bound,
        "yaw_deg": round(head.yaw_deg, 1),
    }
    return Judgement(True, _sure(turned_deg, bound), evidence)


def _sure(value: float, bound: float) -> float:
    """Confidence: 0.5 at the bound, 1 at 1.5 times the bound."""
    return min(1.0, 0.5 + (value - bound) / bound)


@dataclass(slots=True)
class MovementState:
    """The last poses, and the recent speeds of the head."""

    poses: Annotated[deque[tuple[float, HeadPose]], AtMost(POSES)] = field(
        default_factory=lambda: deque(maxlen=POSES)
    )
    before: float | None = None
    """Speed of the step before the last two poses; None: they are the first."""
    doubted: bool = False
    """The middle one of the poses may be wrong."""
    speeds: Annotated[deque[tuple[float, float]], AtMost(MAX_SPEEDS)] = field(
        default_factory=lambda: deque(maxlen=MAX_SPEEDS)
    )
    """Each step's end and speed; the first entry only says when the second one's step began."""
    turns: Annotated[deque[tuple[float, float]], AtMost(MAX_TURNS)] = field(
        default_factory=lambda: deque(maxlen=MAX_TURNS)
    )
    """Start of each turn, and its highest speed."""
    fast: bool = False


class Movement:
    """Counts quick turns of the head: how often the speed of rotation rose above the threshold."""

    __slots__ = ("_settings", "_state")

    def __init__(self, settings: Settings, state: MovementState) -> None:
        self._settings = settings
        self._state = state

    def judge(self, observation: Observation) -> Judgement:
        """Yes while there are too many quick turns in the window."""
        own, head, at = self._state, observation.head, observation.at
        if head is None:
            return UNKNOWN
        if own.poses and at - own.poses[-1][0] > MAX_STEP_S:
            self.begin_anew()
        own.poses.append((at, head))
        if len(own.poses) < POSES:
            return UNKNOWN
        self._step()
        gaze = self._settings.gaze
        while own.turns and at - own.turns[0][0] > gaze.turns_window_s:
            own.turns.popleft()
        if len(own.turns) < gaze.turns:
            return NO
        evidence = {
            "quick_turns": len(own.turns),
            "quick_turns_bound": gaze.turns,
            "degrees_per_second": round(max(speed for _, speed in own.turns), 0),
            "degrees_per_second_bound": self._settings.threshold(EventType.SUSPICIOUS_MOVEMENT),
            "window_seconds": gaze.turns_window_s,
        }
        return Judgement(True, 1.0, evidence, own.turns[0][0])

    def begin_anew(self) -> None:
        """Forget the last poses, because the next one is another face's: the difference is not a turn."""
        own = self._state
        own.before, own.doubted, own.fast = None, False, False
        own.poses.clear()
        own.speeds.clear()

    def _step(self) -> None:
        """Judge the step between the first two poses."""
        own = self._state
        (began_s, first), (at, middle), (_, last) = own.poses
        turned_deg = _turned_deg(first, middle)
        speed, before = turned_deg / (at - began_s), own.before
        from_wrong = own.doubted or (before is None and _turned_deg(middle, last) < BACK * turned_deg)
        slow_before = before is None or before <= self._settings.threshold(EventType.SUSPICIOUS_MOVEMENT)
        own.doubted = slow_before and _turned_deg(first, last) < BACK * turned_deg
        own.before = speed
        if not own.speeds:
            own.speeds.append((began_s, 0.0))
        own.speeds.append((at, 0.0 if from_wrong or own.doubted else speed))
        while at - own.speeds[1][0] >= SPEED_WINDOW_S:
            own.speeds.popleft()
        self._count(
            began_s, _median((ended[1], ended[0] - began[0]) for began, ended in pairwise(own.speeds))
        )

    def _count(self, began_s: float, speed: float) -> None:
        own = self._state
        fast = speed > self._settings.threshold(EventType.SUSPICIOUS_MOVEMENT)
        if fast and not own.fast:
            own.turns.append((began_s, round(speed, 1)))
        elif fast and own.turns and speed > own.turns[-1][1]:
            own.turns[-1] = (own.turns[-1][0], round(speed, 1))
        own.fast = fast


def _median(speeds: Iterable[tuple[float, float]]) -> float:
    """The median of speeds, each weighted by the seconds that it lasted.

    Each speed stands in the middle of its time, in ascending order; between two of them it is interpolated.
    So of two steps that lasted equally long it is the mean, as without times.
    """
    passed_s, places = 0.0, list[tuple[float, float]]()
    for speed, lasted_s in sorted(speeds):
        places.append((passed_s + lasted_s / 2, speed))
        passed_s += lasted_s
    for (before_s, slower), (after_s, faster) in pairwise(places):
        if after_s >= passed_s / 2:
            return slower + (faster - slower) * (passed_s / 2 - before_s) / (after_s - before_s)
    return places[-1][1]


def _turned_deg(before: HeadPose, after: HeadPose) -> float:
    """The least turn of the head: a difference within the uncertainty of the poses is not a movement."""
    turned_deg = hypot(
        after.pitch_deg - before.pitch_deg, after.yaw_deg - before.yaw_deg, after.roll_deg - before.roll_deg
    )
    return max(0.0, turned_deg - max(before.doubt_deg, after.doubt_deg))
