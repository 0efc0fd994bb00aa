"""The head: HEAD_DOWN, HEAD_TURNED_AWAY and SUSPICIOUS_MOVEMENT."""

from __future__ import annotations

from collections import deque
from math import hypot
from statistics import median

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.settings import Settings
from edge.rules.snapshots import Json, Saved, flag, numbers
from shared.events.types import EventType
from shared.observations import HeadPose, Observation

SPEED_WINDOW_S = 0.5
"""Speed is the median over this long: one wrong pose is no movement."""
MAX_STEP_S = 1.0
"""Poses further apart say nothing of the speed between."""
MAX_SPEEDS = 16
MAX_TURNS = 64


def head_down(observation: Observation, settings: Settings, usual_pitch_deg: float | None) -> Judgement:
    """The head hangs far lower than usual; unknown before that is known."""
    head = observation.head
    if head is None or usual_pitch_deg is None:
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
    """The head points far to either side of the camera."""
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
    """Half at the bound, full half as far again beyond it."""
    return min(1.0, 0.5 + (value - bound) / bound)


class Movement:
    """Quick turns of the head: how often the speed of rotation has risen above the threshold."""

    __slots__ = ("_fast", "_last", "_settings", "_speeds", "_turns")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: tuple[float, HeadPose] | None = None
        self._speeds: deque[tuple[float, float]] = deque(maxlen=MAX_SPEEDS)
        self._turns: deque[tuple[float, float]] = deque(maxlen=MAX_TURNS)
        """When each turn began, and its highest speed."""
        self._fast = False

    def judge(self, observation: Observation) -> Judgement:
        """Yes while there have been too many quick turns in the window."""
        head, at = observation.head, observation.at
        if head is None:
            return UNKNOWN
        last, self._last = self._last, (at, head)
        if last is None or at - last[0] > MAX_STEP_S:
            self._speeds.clear()
            self._fast = False
            return UNKNOWN
        self._speeds.append((at, _turned_deg(last[1], head) / (at - last[0])))
        while at - self._speeds[0][0] >= SPEED_WINDOW_S:
            self._speeds.popleft()
        self._count(last[0], median(speed for _, speed in self._speeds))
        gaze = self._settings.gaze
        while self._turns and at - self._turns[0][0] > gaze.turns_window_s:
            self._turns.popleft()
        if len(self._turns) < gaze.turns:
            return NO
        evidence = {
            "quick_turns": len(self._turns),
            "quick_turns_bound": gaze.turns,
            "degrees_per_second": round(max(speed for _, speed in self._turns), 0),
            "degrees_per_second_bound": self._settings.threshold(EventType.SUSPICIOUS_MOVEMENT),
            "window_seconds": gaze.turns_window_s,
        }
        return Judgement(True, 1.0, evidence, self._turns[0][0])

    def _count(self, began_s: float, speed: float) -> None:
        fast = speed > self._settings.threshold(EventType.SUSPICIOUS_MOVEMENT)
        if fast and not self._fast:
            self._turns.append((began_s, round(speed, 1)))
        elif fast and self._turns and speed > self._turns[-1][1]:
            self._turns[-1] = (self._turns[-1][0], round(speed, 1))
        self._fast = fast

    def snapshot(self) -> Saved:
        last: list[Json] = []
        if self._last is not None:
            at, head = self._last
            last = [at, head.pitch_deg, head.yaw_deg, head.roll_deg, head.doubt_deg]
        return {
            "last": last,
            "speeds": [value for pair in self._speeds for value in pair],
            "turns": [value for pair in self._turns for value in pair],
            "fast": self._fast,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        last = numbers(saved, "last", 5)
        if len(last) not in (0, 5):
            raise ValueError("the snapshot's last pose is not whole")
        self._last = (last[0], HeadPose(*last[1:])) if last else None
        self._speeds = deque(_pairs(saved, "speeds", MAX_SPEEDS), maxlen=MAX_SPEEDS)
        self._turns = deque(_pairs(saved, "turns", MAX_TURNS), maxlen=MAX_TURNS)
        self._fast = flag(saved, "fast")


def _turned_deg(before: HeadPose, after: HeadPose) -> float:
    """How far the head has turned at least: what either pose leaves in doubt is no movement."""
    turned_deg = hypot(
        after.pitch_deg - before.pitch_deg, after.yaw_deg - before.yaw_deg, after.roll_deg - before.roll_deg
    )
    return max(0.0, turned_deg - max(before.doubt_deg, after.doubt_deg))


def _pairs(saved: Saved, name: str, limit: int) -> list[tuple[float, float]]:
    flat = numbers(saved, name, 2 * limit)
    if len(flat) % 2:
        raise ValueError(f"the snapshot's {name} are not whole")
    return list(zip(flat[::2], flat[1::2], strict=True))
