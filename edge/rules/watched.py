"""Judges UNWATCHED: how long nobody looked at face and body or listened, by cause.

An instant is watched within `REACH_S` after a look of its kind, or within the look's period if the policy
sets a longer one. Time beyond that is unwatched, although the waits of conditions go on over it. A look at a
picture that shows nothing, black or frozen, is none, and so is listening to digital silence: otherwise a hand
before the camera, taken away for a moment now and then, would hide everything and nobody would be told.

Causes are measured where frames and sound arrive: time in which nothing arrived, and time in which what
arrived was damaged or showed nothing. The rest is caused by the node. A kind counts from its first look or
first failure on, because what a node cannot do at all is reported elsewhere. It does not count while the
level leaves it out. Below the lowest level that the exam accepts, looks count for nothing and everything that
it asks for is unwatched.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.findings import NO, UNKNOWN, Judgement, Value
from edge.rules.hold import FRAME_S
from edge.rules.settings import Settings
from edge.rules.unwatched_time import MAX_PARTS, WINDOW_S, Parts, Seconds, count, recent, told
from shared.events.looks import LOOKS
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import AtLeast, AtMost, Omit
from shared.unwatched import LOOK_OF_KIND, Kind

REACH_S = 1.0
OPEN_S = 3.0
"""A look is judged some time after it is taken, so time without one counts only after this long, or at the
next look."""
MOST_LOST = 0.5
"""A window of sound that has lost a larger share was not heard."""
EVERY_S = 1.0
"""How often the last minute is judged."""
OF_PICTURES = (Kind.FACE, Kind.BODY)


@dataclass(slots=True)
class ArrivalState:
    """How pictures or sound have arrived so far."""

    arrived_s: float | None = None
    """When the last arrived."""
    gaps_s: float = 0.0
    """Time so far in which nothing arrived …"""
    damaged_s: float = 0.0
    """… and in which what arrived was damaged or showed nothing."""
    late_s: float = 0.0
    """How late the node was since the last arrived."""
    dark_s: Annotated[float | None, Omit.AT_DEFAULT] = None
    """The last look, if it showed nothing."""


@dataclass(slots=True)
class KindState:
    """The looks of one kind, and the time between them."""

    met: bool = False
    """Whether such a look was ever done or tried."""
    looked_s: float | None = None
    """When the last one was done, or since when one is expected; None: none is expected."""
    gaps_s: float = 0.0
    """The arrivals' `gaps_s` and `damaged_s` at that time."""
    damaged_s: float = 0.0
    seconds: Seconds = field(default_factory=Seconds)
    parts: Parts = field(default_factory=lambda: deque(maxlen=MAX_PARTS))


@dataclass(slots=True)
class WatchedState:
    """The looks and arrivals of one session."""

    pictures: ArrivalState = field(default_factory=ArrivalState)
    sound: ArrivalState = field(default_factory=ArrivalState)
    kinds: dict[Kind, KindState] = field(default_factory=dict)
    level: Annotated[int, AtLeast(0), AtMost(4)] | None = None
    judged_s: float | None = None


class Watched:
    """Counts the time in which nobody watched."""

    __slots__ = ("_bound", "_lowest_level", "_reach_s", "_state")

    def __init__(self, settings: Settings, state: WatchedState) -> None:
        self._state = state
        self._lowest_level = settings.lowest_level
        rule = settings.rules.get(EventType.UNWATCHED)
        self._bound = None if rule is None else rule.threshold
        self._reach_s = {
            kind: max(REACH_S, settings.looks_s[look])
            for kind, look in LOOK_OF_KIND.items()
            if look in settings.looks_s
        }
        for kind in self._reach_s:
            state.kinds.setdefault(kind, KindState())
        if state.kinds.keys() != self._reach_s.keys():
            raise ValueError("the snapshot has other kinds of looks")

    def expect(self, now: float) -> None:
        """Note that a page has connected: looks at the face are expected from now on."""
        self._meet(Kind.FACE, now)

    def see(self, observation: Observation, now: float, *, arrives: bool, shows: bool) -> None:
        """Add a picture's observation. `arrives`: the picture arrives now and is newer than all before;
        `shows`: it shows something."""
        if observation.level != self._state.level:
            self._follow_level(observation)
        if arrives:
            _arrive(self._state.pictures, now, now, damaged=observation.damaged)
        if observation.picture is not None:
            _look_into_dark(self._state.pictures, observation.at, dark=not shows)
        failed, useless = observation.failed, not shows or self._too_low(observation.level)
        for kind, value in ((Kind.FACE, observation.faces), (Kind.BODY, observation.body)):
            if value is not None or failed:
                done = value is not None and not useless
                unseen = LOOK_OF_KIND[kind] in failed or (value is not None and useless)
                self._look(kind, observation.at, done=done, failed=unseen)

    def hear(self, observation: Observation) -> None:
        """Add an observation of sound or of missing sound."""
        if observation.level != self._state.level:
            self._follow_level(observation)
        speech, at = observation.speech, observation.at
        failed = "speech" in observation.failed
        if speech is None and not failed:
            if observation.microphone_silent is not None:
                self._meet(Kind.SOUND, at)
            return
        from_s = at if speech is None else at - speech.duration_s
        lost = observation.microphone_silent is True
        lost = lost or (speech is not None and speech.lost_share > MOST_LOST)
        _arrive(self._state.sound, from_s, at, damaged=lost)
        if lost or self._too_low(observation.level):
            failed = True
        self._look(Kind.SOUND, at, done=speech is not None and not failed, failed=failed, from_s=from_s)

    def late(self, late_s: float) -> None:
        """Note that the node was `late_s` late: what seems not to have arrived may have waited unread."""
        self._state.pictures.late_s += late_s
        self._state.sound.late_s += late_s

    def pause(self, until_s: float) -> None:
        """Count the time until `until_s`, in which the session moved between nodes, as unwatched by the
        node."""
        for kind, own in self._state.kinds.items():
            if own.looked_s is None:
                continue
            unwatched_s = until_s - own.looked_s - self._reach_s[kind]
            if unwatched_s > FRAME_S:
                count(own.seconds, own.parts, until_s, Seconds(node=unwatched_s))
            own.looked_s = max(own.looked_s, until_s)
        for each in (self._state.pictures, self._state.sound):
            if each.arrived_s is not None:
                each.arrived_s, each.late_s = max(each.arrived_s, until_s), 0.0
            each.dark_s = None

    def seconds(self, now: float) -> dict[Kind, float]:
        """Unwatched seconds so far, for each kind of look that was expected."""
        own = self._state.kinds
        return {kind: own[kind].seconds.total + self._open(kind, now).total for kind in self._met()}

    def close(self, now: float) -> None:
        """End the session: count the time until now, and expect no more looks."""
        for kind, own in self._state.kinds.items():
            if own.looked_s is not None:
                self._end(kind, own, now)
                own.looked_s = None

    def judge(self, at: float) -> Judgement:
        """Whether too much of the last minute was unwatched; unknown if that was judged less than `EVERY_S`
        ago."""
        own = self._state
        if self._bound is None or (own.judged_s is not None and at - own.judged_s < EVERY_S):
            return UNKNOWN
        own.judged_s = at
        recent = {kind: self._recent(kind, at) for kind in self._met()}
        share = max((seconds.total for seconds in recent.values()), default=0.0) / WINDOW_S
        if share <= self._bound:
            return NO
        evidence: dict[str, Value] = {
            "unwatched_share": round(share, 3),
            "unwatched_share_bound": self._bound,
            "window_seconds": WINDOW_S,
            "unwatched": [line for kind, seconds in recent.items() for line in told(kind, seconds)],
        }
        return Judgement(True, 1.0, evidence)

    def _follow_level(self, observation: Observation) -> None:
        """Expect no looks that the new level leaves out, and from now on those that it does again."""
        own, level = self._state, observation.level
        own.level = level
        for kind, state in own.kinds.items():
            owed = LOOKS[LOOK_OF_KIND[kind]].rates_hz[level] > 0 or self._too_low(level)
            if not owed and state.looked_s is not None:
                self._end(kind, state, observation.at)
                state.looked_s = None
            elif owed and state.met and state.looked_s is None:
                self._begin(kind, state, observation.at)

    def _too_low(self, level: int) -> bool:
        """Whether the exam does not accept this level."""
        return level > self._lowest_level

    def _met(self) -> list[Kind]:
        """The kinds of looks that this session expects or has expected."""
        kinds = self._state.kinds
        return [kind for kind in Kind if kind in kinds and kinds[kind].met]

    def _meet(self, kind: Kind, at: float) -> None:
        """Expect looks of this kind from now on."""
        own = self._state.kinds.get(kind)
        if own is not None and not own.met:
            own.met = True
            self._begin(kind, own, at)

    def _look(self, kind: Kind, at: float, *, done: bool, failed: bool, from_s: float | None = None) -> None:
        if not done and not failed:
            return
        self._meet(kind, at if from_s is None else from_s)
        own = self._state.kinds.get(kind)
        if done and own is not None and own.looked_s is not None:
            self._end(kind, own, at if from_s is None else from_s)
            self._begin(kind, own, max(at, own.looked_s))

    def _begin(self, kind: Kind, own: KindState, at: float) -> None:
        arrivals = self._arrivals(kind)
        own.looked_s, own.gaps_s, own.damaged_s = at, arrivals.gaps_s, arrivals.damaged_s

    def _end(self, kind: Kind, own: KindState, at: float) -> None:
        """Count the unwatched time before a look at `at`."""
        unwatched_s = self._beyond(kind, own, at)
        if unwatched_s > FRAME_S:
            count(own.seconds, own.parts, at, self._caused(kind, own, unwatched_s, 0.0))

    def _beyond(self, kind: Kind, own: KindState, at: float) -> float:
        """Seconds at `at` since the last look's reach ended; negative within it."""
        return 0.0 if own.looked_s is None else at - own.looked_s - self._reach_s[kind]

    def _open(self, kind: Kind, now: float) -> Seconds:
        """Unwatched time since the last look, once that is longer ago than `OPEN_S`."""
        own, arrivals = self._state.kinds[kind], self._arrivals(kind)
        unwatched_s = self._beyond(kind, own, now)
        if unwatched_s <= OPEN_S - REACH_S:
            return Seconds()
        away_s = unwatched_s if arrivals.arrived_s is None else now - arrivals.arrived_s
        silent_s = away_s - arrivals.late_s
        return self._caused(kind, own, unwatched_s, silent_s if silent_s > REACH_S else 0.0)

    def _caused(self, kind: Kind, own: KindState, unwatched_s: float, silent_s: float) -> Seconds:
        """Unwatched time by cause. `silent_s`: how long nothing has arrived now."""
        arrivals = self._arrivals(kind)
        gaps_s = min(unwatched_s, arrivals.gaps_s - own.gaps_s + silent_s)
        damaged_s = min(unwatched_s - gaps_s, arrivals.damaged_s - own.damaged_s)
        return Seconds(gaps_s, damaged_s, unwatched_s - gaps_s - damaged_s)

    def _arrivals(self, kind: Kind) -> ArrivalState:
        return self._state.pictures if kind in OF_PICTURES else self._state.sound

    def _recent(self, kind: Kind, at: float) -> Seconds:
        """Unwatched time in the last minute."""
        return recent(self._state.kinds[kind].parts, at).plus(self._open(kind, at))


def _arrive(own: ArrivalState, from_s: float, until_s: float, *, damaged: bool) -> None:
    """Count the time since the last arrival. What arrives now lasts from `from_s` until `until_s`."""
    if own.arrived_s is not None:
        away_s = from_s - own.arrived_s - own.late_s
        if away_s > REACH_S:
            own.gaps_s += away_s
        elif damaged:
            own.damaged_s += max(0.0, until_s - own.arrived_s)
    own.arrived_s, own.late_s = until_s, 0.0


def _look_into_dark(own: ArrivalState, at: float, *, dark: bool) -> None:
    """Count the time between two looks that show nothing."""
    if dark and own.dark_s is not None:
        own.damaged_s += max(0.0, at - own.dark_s)
    own.dark_s = at if dark else None
