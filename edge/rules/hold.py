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
from enum import StrEnum
from types import MappingProxyType

from edge.rules.findings import Phase
from edge.rules.snapshots import Saved, number, optional_number, text

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


class Hold:
    """The debounce of one event. Times are given, never read, and must not go backwards."""

    __slots__ = (
        "_began_s",
        "_clear_s",
        "_hold_s",
        "_last_s",
        "_max_gap_s",
        "_onset_s",
        "_paused_s",
        "_raised_s",
        "_state",
        "_unseen_s",
    )

    def __init__(self, hold_s: float, clear_s: float, max_gap_s: float) -> None:
        self._hold_s = hold_s
        self._clear_s = clear_s
        self._max_gap_s = max_gap_s
        self._state = State.IDLE
        self._onset_s = 0.0
        self._raised_s = 0.0
        self._began_s = 0.0
        self._paused_s = 0.0
        self._unseen_s = 0.0
        self._last_s: float | None = None

    @property
    def state(self) -> State:
        return self._state

    @property
    def onset_s(self) -> float:
        """When the condition began; meaningful outside IDLE and right after CLEARED."""
        return self._onset_s

    @property
    def raised_s(self) -> float:
        """When it was raised; meaningful while raised and right after CLEARED."""
        return self._raised_s

    @property
    def gone_s(self) -> float:
        """When the condition ended; meaningful right after CLEARED."""
        return self._began_s

    @property
    def unseen_s(self) -> float:
        """How long, since it was raised, no value was known: such time adds nothing to what lasts."""
        return self._unseen_s

    def see(
        self, at: float, value: bool | None, since_s: float | None = None, until_s: float | None = None
    ) -> Phase | None:
        """Take one value; answers what changed, if anything.

        A value that became known late names `since_s`; it begins then, but not before the one it follows. One
        that says nothing of the very present names `until_s`; it has lasted until then.
        """
        if value is None:
            return None
        from_s = at if since_s is None else min(at, since_s)
        if self._last_s is not None and from_s - self._last_s > self._max_gap_s + FRAME_S:
            self._unseen_s += from_s - self._last_s
            self._begin(from_s)
        self._last_s = at
        state = NEXT[self._state, value]
        if state is not self._state:
            self._state = state
            self._begin(max(from_s, self._began_s))
        return self._when_due(at, at if until_s is None else until_s)

    def rests(self, at: float) -> bool:
        """Take a no while idle, which by far the most values are; False: not idle, `see` it."""
        if self._state is not State.IDLE:
            return False
        if self._last_s is not None and at - self._last_s > self._max_gap_s + FRAME_S:
            self._began_s = at
        self._last_s = at
        return True

    def pause(self, until_s: float) -> None:
        """Let the time from the last known value until `until_s` count for no wait."""
        if self._last_s is not None and until_s > self._last_s:
            self._paused_s += until_s - self._last_s
            self._unseen_s += until_s - self._last_s
            self._last_s = until_s

    def finish(self) -> Phase | None:
        """The session is over: a raised event ends with the last known yes, or when it was seen to end."""
        open_event = self._state in (State.RAISED, State.CLEARING)
        if self._state is State.RAISED and self._last_s is not None:
            self._began_s = self._last_s
        self._state = State.IDLE
        return Phase.CLEARED if open_event else None

    def _begin(self, at: float) -> None:
        """Start the wait of the present state anew."""
        self._began_s = at
        self._paused_s = 0.0
        if self._state is State.PENDING:
            self._onset_s, self._unseen_s = at, 0.0

    def _when_due(self, at: float, until_s: float) -> Phase | None:
        if self._state not in DUE:
            return None
        wait_s = self._hold_s if self._state is State.PENDING else self._clear_s
        if until_s - self._began_s - self._paused_s < wait_s - FRAME_S:
            return None
        self._state, phase = DUE[self._state]
        if phase is Phase.RAISED:
            self._raised_s = at
        return phase

    def snapshot(self) -> Saved:
        """Everything but the settings; of an idle one only what the next wait needs."""
        if self._state is State.IDLE:
            return {"last_s": self._last_s, "began_s": self._began_s}
        return {
            "state": self._state.value,
            "onset_s": self._onset_s,
            "raised_s": self._raised_s,
            "began_s": self._began_s,
            "paused_s": self._paused_s,
            "unseen_s": self._unseen_s,
            "last_s": self._last_s,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._last_s = optional_number(saved, "last_s")
        self._began_s = number(saved, "began_s")
        self._state = State(text(saved, "state")) if "state" in saved else State.IDLE
        if self._state is State.IDLE:
            return
        self._onset_s = number(saved, "onset_s")
        self._raised_s = number(saved, "raised_s")
        self._paused_s = number(saved, "paused_s")
        self._unseen_s = number(saved, "unseen_s")
