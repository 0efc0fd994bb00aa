"""Judges the gaze: GAZE_OFF_SCREEN, PROLONGED_LOOK_AWAY and FREQUENT_DISTRACTION.

A single look is noisy, and a blink may give any direction. So the gaze counts as off the screen when most
looks of the last `aggregate_s`, without blinks, were outside the zone. This is known late, so its start is
searched in the same looks: counted back from now, it is where those of the majority outnumber the others
most. While the newest look is against the majority, the result is unknown: it may be noise, or the first of a
change.

Glances are counted on single looks: an unbroken run outside the zone of at least `episode_s`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings, Zone
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import AtMost

MIN_LOOKS = 3
"""The fewest looks kept, on levels that look rarely."""
MAX_LOOKS = 64
"""The most looks of one aggregate; 10 s at 6 Hz."""
MAX_EPISODES = 64
GazeLook = tuple[float, float, float, bool]
"""Time, pitch, yaw, and whether it was outside the zone."""


@dataclass(slots=True)
class GazeState:
    """The looks of the last seconds, and the glances of the last minute."""

    looks: Annotated[deque[GazeLook], AtMost(MAX_LOOKS)] = field(
        default_factory=lambda: deque(maxlen=MAX_LOOKS)
    )
    off: bool | None = None
    run_s: float | None = None
    """Start of the current run of looks outside."""
    counted: bool = False
    """Whether the current run was counted as an episode."""
    episodes: Annotated[deque[float], AtMost(MAX_EPISODES)] = field(
        default_factory=lambda: deque(maxlen=MAX_EPISODES)
    )
    last_s: float | None = None


class Gaze:
    """Judges each look together with the earlier ones."""

    __slots__ = ("_settings", "_state")

    def __init__(self, settings: Settings, state: GazeState) -> None:
        self._settings = settings
        self._state = state

    @property
    def run(self) -> tuple[float, float] | None:
        """Start and end of the current unbroken run of looks outside the zone; None without one."""
        own = self._state
        return None if own.run_s is None or own.last_s is None else (own.run_s, own.last_s)

    def see(self, observation: Observation, zone: Zone) -> tuple[Judgement, Judgement]:
        """Whether the gaze is off the screen now, and whether it was too often."""
        gaze = observation.gaze
        if gaze is None or gaze.eyes_closed:
            return UNKNOWN, UNKNOWN
        own, at = self._state, observation.at
        if own.last_s is not None and at - own.last_s > self._settings.max_gap_s + EPSILON_S:
            own.looks.clear()
            own.off, own.run_s, own.counted = None, None, False
        own.last_s = at
        outside = not zone.holds(gaze.pitch_deg, gaze.yaw_deg)
        own.looks.append((at, round(gaze.pitch_deg, 1), round(gaze.yaw_deg, 1), outside))
        while len(own.looks) > MIN_LOOKS and self._is_old(at):
            own.looks.popleft()
        return self._off_screen(zone), self._too_often(at, outside)

    def _is_old(self, at: float) -> bool:
        """Whether the oldest look is older than `aggregate_s`."""
        return at - self._state.looks[0][0] > self._settings.gaze.aggregate_s + EPSILON_S

    def _off_screen(self, zone: Zone) -> Judgement:
        own, looks = self._state, self._state.looks
        if len(looks) < MIN_LOOKS:
            return UNKNOWN
        outside = [look for look in looks if look[3]]
        off = 2 * len(outside) > len(looks)
        if off is not looks[-1][3]:
            return UNKNOWN
        since_s = self._since(off) if off is not own.off else None
        own.off = off
        if not off:
            return NO if since_s is None else Judgement(False, since_s=since_s)
        return Judgement(
            True,
            round(len(outside) / len(looks), 3),
            {
                "gaze_pitch_deg": round(median(look[1] for look in outside), 1),
                "gaze_yaw_deg": round(median(look[2] for look in outside), 1),
                "zone_min_pitch_deg": round(zone.min_pitch_deg, 1),
                "zone_max_pitch_deg": round(zone.max_pitch_deg, 1),
                "zone_min_yaw_deg": round(zone.min_yaw_deg, 1),
                "zone_max_yaw_deg": round(zone.max_yaw_deg, 1),
            },
            since_s,
        )

    def _since(self, off: bool) -> float:
        """Start of the current majority: where counting back from now gives the largest surplus."""
        best, surplus, since_s = 0, 0, self._state.looks[-1][0]
        for at, _, _, outside in reversed(self._state.looks):
            surplus += 1 if outside is off else -1
            if surplus > best:
                best, since_s = surplus, at
        return since_s

    def _too_often(self, at: float, outside: bool) -> Judgement:
        own, gaze = self._state, self._settings.gaze
        if not outside:
            own.run_s, own.counted = None, False
        elif own.run_s is None:
            own.run_s = at
        elif not own.counted and at - own.run_s >= gaze.episode_s - EPSILON_S:
            own.episodes.append(own.run_s)
            own.counted = True
        while own.episodes and at - own.episodes[0] > gaze.episodes_window_s:
            own.episodes.popleft()
        rule = self._settings.rules.get(EventType.FREQUENT_DISTRACTION)
        if rule is None or rule.threshold is None or len(own.episodes) <= rule.threshold:
            return NO
        evidence = {
            "episodes": len(own.episodes),
            "episodes_bound": rule.threshold,
            "episode_seconds": gaze.episode_s,
            "window_seconds": gaze.episodes_window_s,
        }
        return Judgement(True, 1.0, evidence, own.episodes[0])
