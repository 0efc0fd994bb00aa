"""Debounce: from yes, no and unknown to raised and cleared.

A condition flickers, an event must not. Each event goes round four states:

    IDLE ──yes──▶ PENDING ──has lasted hold_s──▶ RAISED ──no──▶ CLEARING ──gone for clear_s──▶ IDLE
      ▲              │                              ▲               │
      └──────no──────┘                              └──────yes──────┘

The onset is the first yes, or since when that is known to hold; the end is the first no after which no yes
came; both waits count from there. *Unknown leaves everything as it is.* Waits are measured between known
values: when two of them lie further apart than `max_gap_s`, nobody knows what was true between, so the wait
begins again at the newer one. Looks come at an even pace but up to a frame early, so a wait is over when it
falls short by less than `FRAME_S`: what is looked at once a second would else wait a whole second more, as
chance has it. A raised event stays raised through any silence. At a hand-over between nodes
waits pause instead (`pause`): that nobody looked was our doing, and what had been seen before still stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from edge.rules.findings import Phase
from shared.saving import Omit

EPSILON_S = 1e-6
"""Waits are compared this leniently, so that sums of frame times such as 15 × 0.2 reach 3."""
FRAME_S = 0.08
"""Between two frames of a stream of at least 12.5 per second."""


class State(StrEnum):
    IDLE = "idle"
    PENDING = "pending"
    RAISED = "raised"
    CLEARING = "clearing"


NEXT: Mapping[tuple[State, bool], State] = MappingProxyType(
    {
        (State.IDLE, True): State.PENDING,
        (State.IDLE, False): State.IDLE,
        (State.PENDING, True): State.PENDING,
        (State.PENDING, False): State.IDLE,
        (State.RAISED, True): State.RAISED,
        (State.RAISED, False): State.CLEARING,
        (State.CLEARING, True): State.RAISED,
        (State.CLEARING, False): State.CLEARING,
    }
)
"""Where a known value leads at once."""

DUE: Mapping[State, tuple[State, Phase]] = MappingProxyType(
    {State.PENDING: (State.RAISED, Phase.RAISED), State.CLEARING: (State.IDLE, Phase.CLEARED)}
)
"""Where a state leads when its wait is over, and what is said then."""


@dataclass(slots=True)
class HoldState:
    """What the debounce of one event remembers."""

    began_s: float = 0.0
    """When the wait of the present state began."""
    last_s: float | None = None
    """The last known value."""
    state: Annotated[State, Omit.AT_DEFAULT] = State.IDLE
    onset_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    raised_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    paused_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    """So much of the present wait counts for none."""
    unseen_s: Annotated[float, Omit.AT_DEFAULT] = 0.0


class Hold:
    """The debounce of one event. Times are given, never read, and must not go backwards."""

    __slots__ = ("_clear_s", "_gap_s", "_hold_s", "_state")

    def __init__(
        self, hold_s: float, clear_s: float, max_gap_s: float, state: HoldState | None = None
    ) -> None:
        """With a `state` it goes on from there, and keeps it up to date."""
        self._hold_s = hold_s
        self._clear_s = clear_s
        self._gap_s = max_gap_s + FRAME_S
        self._state = state or HoldState()

    @property
    def state(self) -> State:
        return self._state.state

    @property
    def onset_s(self) -> float:
        """When the condition began; meaningful outside IDLE and right after CLEARED."""
        return self._state.onset_s

    @property
    def raised_s(self) -> float:
        """When it was raised; meaningful while raised and right after CLEARED."""
        return self._state.raised_s

    @property
    def gone_s(self) -> float:
        """When the condition ended; meaningful right after CLEARED."""
        return self._state.began_s

    @property
    def unseen_s(self) -> float:
        """How long, since it was raised, no value was known: such time adds nothing to what lasts."""
        return self._state.unseen_s

    def see(
        self, at: float, value: bool | None, since_s: float | None = None, until_s: float | None = None
    ) -> Phase | None:
        """Take one value; answers what changed, if anything.

        A value that became known late names `since_s`; it begins then, but not before the one it follows. One
        that says nothing of the very present names `until_s`; it has lasted until then.
        """
        if value is None:
            return None
        own = self._state
        from_s = at if since_s is None else min(at, since_s)
        if own.last_s is not None and from_s - own.last_s > self._gap_s:
            own.unseen_s += from_s - own.last_s
            self._begin(from_s)
        own.last_s = at
        state = NEXT[own.state, value]
        if state is not own.state:
            own.state = state
            self._begin(max(from_s, own.began_s))
        return self._when_due(at, at if until_s is None else until_s)

    def rests(self, at: float) -> bool:
        """Take a no while idle, which by far the most values are; False: not idle, `see` it."""
        own = self._state
        if own.state is not State.IDLE:
            return False
        if own.last_s is not None and at - own.last_s > self._gap_s:
            own.began_s = at
        own.last_s = at
        return True

    def pause(self, until_s: float) -> None:
        """Let the time from the last known value until `until_s` count for no wait."""
        own = self._state
        if own.last_s is not None and until_s > own.last_s:
            own.paused_s += until_s - own.last_s
            own.unseen_s += until_s - own.last_s
            own.last_s = until_s

    def finish(self) -> Phase | None:
        """The session is over: a raised event ends with the last known yes, or when it was seen to end."""
        own = self._state
        open_event = own.state in (State.RAISED, State.CLEARING)
        if own.state is State.RAISED and own.last_s is not None:
            own.began_s = own.last_s
        own.state = State.IDLE
        return Phase.CLEARED if open_event else None

    def _begin(self, at: float) -> None:
        """Start the wait of the present state anew."""
        own = self._state
        own.began_s = at
        own.paused_s = 0.0
        if own.state is State.PENDING:
            own.onset_s, own.unseen_s = at, 0.0

    def _when_due(self, at: float, until_s: float) -> Phase | None:
        own = self._state
        if own.state not in DUE:
            return None
        wait_s = self._hold_s if own.state is State.PENDING else self._clear_s
        if until_s - own.began_s - own.paused_s < wait_s - FRAME_S:
            return None
        own.state, phase = DUE[own.state]
        if phase is Phase.RAISED:
            own.raised_s = at
        return phase
