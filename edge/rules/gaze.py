"""Where the eyes look: GAZE_OFF_SCREEN, PROLONGED_LOOK_AWAY and FREQUENT_DISTRACTION.

A single look is noisy and a blink looks like anything, so the gaze counts as off the screen when most looks
of the last `aggregate_s` lay outside the zone, blinks left out. That is known late; since when it was so is
found in the same looks, as the beginning of the stretch in which they most outnumber the others. A look that
goes against the majority decides nothing: it may be noise, or the first of a change.
Glances are counted on the looks themselves: an unbroken run outside the zone of at least `episode_s`.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from edge.rules.findings import NO, UNKNOWN, Judgement
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings, Zone
from edge.rules.snapshots import Json, Saved, flag, numbers, optional_number
from shared.events.types import EventType
from shared.observations import Observation

MIN_LOOKS = 3
"""As many are kept where a level looks too seldom for the aggregate to hold them."""
MAX_LOOKS = 64
"""Of one aggregate; 10 s at 6 Hz."""
MAX_EPISODES = 64
Look = tuple[float, float, float, bool]
"""Time, pitch, yaw, and whether it lay outside the zone."""


class Gaze:
    """The looks of the last seconds, and the glances of the last minute."""

    __slots__ = ("_counted", "_episodes", "_last_s", "_looks", "_off", "_run_s", "_settings")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looks: deque[Look] = deque(maxlen=MAX_LOOKS)
        self._off: bool | None = None
        self._run_s: float | None = None
        """Since when every look has been outside."""
        self._counted = False
        """Whether the present run is among the episodes."""
        self._episodes: deque[float] = deque(maxlen=MAX_EPISODES)
        self._last_s: float | None = None

    @property
    def run(self) -> tuple[float, float] | None:
        """The present unbroken run of looks outside the zone, from and to; None while there is none."""
        return None if self._run_s is None or self._last_s is None else (self._run_s, self._last_s)

    def see(self, observation: Observation, zone: Zone | None) -> tuple[Judgement, Judgement]:
        """Whether the gaze is off the screen, and whether it has been too often; unknown without a zone."""
        gaze = observation.gaze
        if gaze is None or gaze.eyes_closed or zone is None:
            return UNKNOWN, UNKNOWN
        at = observation.at
        if self._last_s is not None and at - self._last_s > self._settings.max_gap_s + EPSILON_S:
            self._looks.clear()
            self._off = self._run_s = None
        self._last_s = at
        outside = not zone.holds(gaze.pitch_deg, gaze.yaw_deg)
        self._looks.append((at, round(gaze.pitch_deg, 1), round(gaze.yaw_deg, 1), outside))
        while len(self._looks) > MIN_LOOKS and self._is_old(at):
            self._looks.popleft()
        return self._off_screen(zone), self._too_often(at, outside)

    def _is_old(self, at: float) -> bool:
        """Whether the oldest look lies before the aggregate."""
        return at - self._looks[0][0] > self._settings.gaze.aggregate_s + EPSILON_S

    def _off_screen(self, zone: Zone) -> Judgement:
        if len(self._looks) < MIN_LOOKS:
            return UNKNOWN
        outside = [look for look in self._looks if look[3]]
        off = 2 * len(outside) > len(self._looks)
        if off is not self._looks[-1][3]:
            return UNKNOWN
        since_s = self._since(off) if off is not self._off else None
        self._off = off
        if not off:
            return NO if since_s is None else Judgement(False, since_s=since_s)
        return Judgement(
            True,
            round(len(outside) / len(self._looks), 3),
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
        """Since when most looks have been like this: where counting back from now gives the most surplus."""
        best, surplus, since_s = 0, 0, self._looks[-1][0]
        for at, _, _, outside in reversed(self._looks):
            surplus += 1 if outside is off else -1
            if surplus > best:
                best, since_s = surplus, at
        return since_s

    def _too_often(self, at: float, outside: bool) -> Judgement:
        gaze = self._settings.gaze
        if not outside:
            self._run_s, self._counted = None, False
        elif self._run_s is None:
            self._run_s = at
        elif not self._counted and at - self._run_s >= gaze.episode_s - EPSILON_S:
            self._episodes.append(self._run_s)
            self._counted = True
        while self._episodes and at - self._episodes[0] > gaze.episodes_window_s:
            self._episodes.popleft()
        rule = self._settings.rules.get(EventType.FREQUENT_DISTRACTION)
        if rule is None or rule.threshold is None or len(self._episodes) <= rule.threshold:
            return NO
        evidence = {
            "episodes": len(self._episodes),
            "episodes_bound": rule.threshold,
            "episode_seconds": gaze.episode_s,
            "window_seconds": gaze.episodes_window_s,
        }
        return Judgement(True, 1.0, evidence, self._episodes[0])

    def snapshot(self) -> Saved:
        looks: list[Json] = [
            value
            for at, pitch_deg, yaw_deg, out in self._looks
            for value in (at, pitch_deg, yaw_deg, int(out))
        ]
        return {
            "looks": looks,
            "off": None if self._off is None else float(self._off),
            "run_s": self._run_s,
            "counted": self._counted,
            "episodes": [*self._episodes],
            "last_s": self._last_s,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        flat = numbers(saved, "looks", 4 * MAX_LOOKS)
        if len(flat) % 4:
            raise ValueError("the snapshot's looks are not whole")
        self._looks = deque(
            ((flat[i], flat[i + 1], flat[i + 2], flat[i + 3] > 0) for i in range(0, len(flat), 4)),
            maxlen=MAX_LOOKS,
        )
        off = optional_number(saved, "off")
        self._off = None if off is None else off > 0
        self._run_s = optional_number(saved, "run_s")
        self._counted = flag(saved, "counted")
        self._episodes = deque(numbers(saved, "episodes", MAX_EPISODES), maxlen=MAX_EPISODES)
        self._last_s = optional_number(saved, "last_s")
