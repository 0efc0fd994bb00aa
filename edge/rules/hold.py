"""Debounce: turns yes, no and unknown into raised and cleared.

A condition may flicker, an event must not. Each event has four states:

    IDLE ──yes──▶ PENDING ──has lasted hold_s──▶ RAISED ──no──▶ CLEARING ──gone for clear_s──▶ IDLE
      ▲              │                              ▲               │
      └──────no──────┘                              └──────yes──────┘

The onset is the first yes, or the earlier time since which it is known to hold; the end is the first no that
no yes follows; both waits start there. *Unknown changes nothing.* Waits are measured between known values: a
wait goes on over a gap shorter than a stall. When two values are further apart than `max_gap_s`, the state
between them is unknown, so the wait restarts at the newer one. A wait is over only when all of it was
measured, so with one look a second an event may be raised up to a second late. A raised event stays raised
however long nothing is known. At a hand-over between nodes waits pause instead (`pause`): the nodes cause
this gap, not the candidate, and earlier observations remain valid.
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
"""Tolerance of waits, so that sums of frame times such as 15 × 0.2 reach 3."""
FRAME_S = 0.08
"""Time between two frames at 12.5 per second, the lowest expected rate; a look may be this much late."""


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
"""The next state after a known value."""

DUE: Mapping[State, tuple[State, Phase]] = MappingProxyType(
    {State.PENDING: (State.RAISED, Phase.RAISED), State.CLEARING: (State.IDLE, Phase.CLEARED)}
)
"""The next state when a wait is over, and the phase reported then."""


@dataclass(slots=True)
class HoldState:
    """The state of one event's debounce."""

    began_s: float = 0.0
    """When the wait of the current state began."""
    last_s: float | None = None
    """Time of the last known value."""
    state: Annotated[State, Omit.AT_DEFAULT] = State.IDLE
    onset_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    raised_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    paused_s: Annotated[float, Omit.AT_DEFAULT] = 0.0
    """Time within the current wait that does not count."""
    unseen_s: Annotated[float, Omit.AT_DEFAULT] = 0.0


class Hold:
    """The debounce of one event. Times are arguments, and must not go backwards."""

    __slots__ = ("_clear_s", "_gap_s", "_hold_s", "_state")

    def __init__(
        self, hold_s: float, clear_s: float, max_gap_s: float, state: HoldState | None = None
    ) -> None:
        """Continues from `state`, if given, and updates it."""
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
        """Time without a known value since it was raised; it does not count to the duration."""
        return self._state.unseen_s

    def see(
        self, at: float, value: bool | None, since_s: float | None = None, until_s: float | None = None
    ) -> Phase | None:
        """Add one value. Returns the change, if any.

        `since_s`: start of a value that became known late; not before the previous value. `until_s`: end of
        a value that is not known up to the present.
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
        """Fast path for a no while idle, the most frequent case. False: not idle, call `see`."""
        own = self._state
        if own.state is not State.IDLE:
            return False
        if own.last_s is not None and at - own.last_s > self._gap_s:
            own.began_s = at
        own.last_s = at
        return True

    def pause(self, until_s: float) -> None:
        """Do not count the time from the last known value until `until_s` as waiting."""
        own = self._state
        if own.last_s is not None and until_s > own.last_s:
            own.paused_s += until_s - own.last_s
            own.unseen_s += until_s - own.last_s
            own.last_s = until_s

    def finish(self) -> Phase | None:
        """End a raised event at the end of the session or at a pause: at its last known yes, or when it was
        seen to end. A pending one stays pending."""
        own = self._state
        if own.state not in (State.RAISED, State.CLEARING):
            return None
        if own.state is State.RAISED and own.last_s is not None:
            own.began_s = own.last_s
        own.state = State.IDLE
        return Phase.CLEARED

    def forget(self, at: float) -> None:
        """End what is pending or raised at `at`, untold. What holds then begins at `at`."""
        own = self._state
        own.state, own.began_s, own.paused_s = State.IDLE, max(own.began_s, at), 0.0

    def _begin(self, at: float) -> None:
        """Restart the wait of the current state."""
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
        if until_s - own.began_s - own.paused_s < wait_s - EPSILON_S:
            return None
        own.state, phase = DUE[own.state]
        if phase is Phase.RAISED:
            own.raised_s = at
        return phase
