"""UNWATCHED: how long nobody looked at face and body or listened, by cause.

An instant is watched within `REACH_S` after a look of its kind; where a policy asks for fewer looks, within
its own period. The time beyond is unwatched, although waits of conditions go on over it. Causes are measured
where frames and sound arrive: time in which nothing came, time in which what came was damaged; the rest is
the node's own. A kind counts from its first look or its first failure on, for what a node cannot do at all is
told elsewhere, and not while the level leaves it out.
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
from shared.saving import AtLeast, AtMost
from shared.unwatched import LOOK_OF_KIND, Kind

REACH_S = 1.0
OPEN_S = 3.0
"""A look is judged after it is taken: time without one counts once this has passed, or with the next."""
MOST_LOST = 0.5
"""A window of sound of which more was lost was not heard."""
EVERY_S = 1.0
"""How often the last minute is judged."""
OF_PICTURES = (Kind.FACE, Kind.BODY)


@dataclass(slots=True)
class ArrivalState:
    """Pictures or sound as they arrive."""

    arrived_s: float | None = None
    """When the last came."""
    gaps_s: float = 0.0
    """Time so far in which nothing came …"""
    damaged_s: float = 0.0
    """… and in which what came was damaged."""
    late_s: float = 0.0
    """The node's own lateness since the last came."""


@dataclass(slots=True)
class KindState:
    """One kind of look."""

    met: bool = False
    """Whether it was ever done or tried."""
    looked_s: float | None = None
    """When it was last done, or since when it is owed; None: not owed."""
    gaps_s: float = 0.0
    """What was counted of arrivals at the last look."""
    damaged_s: float = 0.0
    seconds: Seconds = field(default_factory=Seconds)
    parts: Parts = field(default_factory=lambda: deque(maxlen=MAX_PARTS))


@dataclass(slots=True)
class WatchedState:
    """The looks of one session, and the time between them."""

    pictures: ArrivalState = field(default_factory=ArrivalState)
    sound: ArrivalState = field(default_factory=ArrivalState)
    kinds: dict[Kind, KindState] = field(default_factory=dict)
    level: Annotated[int, AtLeast(0), AtMost(4)] | None = None
    judged_s: float | None = None


class Watched:
    """Counts the time that nobody watched."""

    __slots__ = ("_bound", "_reach_s", "_state")

    def __init__(self, settings: Settings, state: WatchedState) -> None:
        self._state = state
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
            raise ValueError("the snapshot watches other kinds")

    def expect(self, now: float) -> None:
        """A page has connected: its face is to be seen from now on."""
        self._meet(Kind.FACE, now)

    def see(self, observation: Observation, now: float, *, arrives: bool) -> None:
        """Add a picture's observation; `arrives`: it is newer than all before, and came now."""
        if observation.level != self._state.level:
            self._follow_level(observation)
        if arrives:
            _arrive(self._state.pictures, now, now, damaged=observation.damaged)
        failed = observation.failed
        if observation.faces is not None or failed:
            self._look(
                Kind.FACE, observation.at, done=observation.faces is not None, failed="faces" in failed
            )
        if observation.body is not None or failed:
            self._look(Kind.BODY, observation.at, done=observation.body is not None, failed="body" in failed)

    def hear(self, observation: Observation) -> None:
        """Add an observation of sound, or of sound that is missing."""
        if observation.level != self._state.level:
            self._follow_level(observation)
        speech, at = observation.speech, observation.at
        failed = "speech" in observation.failed
        if speech is None and not failed:
            if observation.microphone_silent is not None:
                self._meet(Kind.SOUND, at)
            return
        from_s = at if speech is None else at - speech.duration_s
        lost = speech is not None and speech.lost_share > MOST_LOST
        _arrive(self._state.sound, from_s, at, damaged=lost)
        self._look(Kind.SOUND, at, done=speech is not None and not lost, failed=failed or lost, from_s=from_s)

    def late(self, late_s: float) -> None:
        """The node was late by so much: what did not arrive meanwhile may have waited unread."""
        self._state.pictures.late_s += late_s
        self._state.sound.late_s += late_s

    def pause(self, until_s: float) -> None:
        """The session went to another node until then: nobody looked, and that is ours."""
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

    def seconds(self, now: float) -> dict[Kind, float]:
        """Unwatched seconds so far of what was to be watched."""
        own = self._state.kinds
        return {kind: own[kind].seconds.total + self._open(kind, now).total for kind in self._met()}

    def close(self, now: float) -> None:
        """The session is over: nothing more is to come."""
        for kind, own in self._state.kinds.items():
            if own.looked_s is not None:
                self._end(kind, own, now)
                own.looked_s = None

    def judge(self, at: float) -> Judgement:
        """Whether too much of the last minute was unwatched; unknown when it was judged just before."""
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
        """What the level leaves out is not owed; what it does again is owed from now on."""
        own, level = self._state, observation.level
        own.level = level
        for kind, state in own.kinds.items():
            owed = LOOKS[LOOK_OF_KIND[kind]].rates_hz[level] > 0
            if not owed and state.looked_s is not None:
                self._end(kind, state, observation.at)
                state.looked_s = None
            elif owed and state.met and state.looked_s is None:
                self._begin(kind, state, observation.at)

    def _met(self) -> list[Kind]:
        """What is to be watched in this session."""
        kinds = self._state.kinds
        return [kind for kind in Kind if kind in kinds and kinds[kind].met]

    def _meet(self, kind: Kind, at: float) -> None:
        """From now on this kind is owed."""
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
        """Count what is unwatched before a look at `at`."""
        unwatched_s = self._beyond(kind, own, at)
        if unwatched_s > FRAME_S:
            count(own.seconds, own.parts, at, self._caused(kind, own, unwatched_s, 0.0))

    def _beyond(self, kind: Kind, own: KindState, at: float) -> float:
        """How long the last look no longer reaches."""
        return 0.0 if own.looked_s is None else at - own.looked_s - self._reach_s[kind]

    def _open(self, kind: Kind, now: float) -> Seconds:
        """What is unwatched since the last look, if that is long ago."""
        own, arrivals = self._state.kinds[kind], self._arrivals(kind)
        unwatched_s = self._beyond(kind, own, now)
        if unwatched_s <= OPEN_S - REACH_S:
            return Seconds()
        away_s = unwatched_s if arrivals.arrived_s is None else now - arrivals.arrived_s
        silent_s = away_s - arrivals.late_s
        return self._caused(kind, own, unwatched_s, silent_s if silent_s > REACH_S else 0.0)

    def _caused(self, kind: Kind, own: KindState, unwatched_s: float, silent_s: float) -> Seconds:
        """Unwatched time by cause; `silent_s`: nothing has come for so long."""
        arrivals = self._arrivals(kind)
        gaps_s = min(unwatched_s, arrivals.gaps_s - own.gaps_s + silent_s)
        damaged_s = min(unwatched_s - gaps_s, arrivals.damaged_s - own.damaged_s)
        return Seconds(gaps_s, damaged_s, unwatched_s - gaps_s - damaged_s)

    def _arrivals(self, kind: Kind) -> ArrivalState:
        return self._state.pictures if kind in OF_PICTURES else self._state.sound

    def _recent(self, kind: Kind, at: float) -> Seconds:
        """What was unwatched of the last minute."""
        return recent(self._state.kinds[kind].parts, at).plus(self._open(kind, at))


def _arrive(own: ArrivalState, from_s: float, until_s: float, *, damaged: bool) -> None:
    """Count the time since the last arrival; what arrives now lasts from `from_s` until `until_s`."""
    if own.arrived_s is not None:
        away_s = from_s - own.arrived_s - own.late_s
        if away_s > REACH_S:
            own.gaps_s += away_s
        elif damaged:
            own.damaged_s += max(0.0, until_s - own.arrived_s)
    own.arrived_s, own.late_s = until_s, 0.0
