"""Judges STREAM_STALLED and CANDIDATE_OFFLINE: time without a frame, by the clock.

The only rule that is triggered by missing frames. It describes the connection, not the candidate. Before a
page connects it reports nothing. From then on pictures are expected: a page that connects and never sends one
is a stall too; otherwise an exam without a camera would not be watched and nobody would know.

It is judged by the time at which frames arrive, never by the time at which they were taken: pictures that are
seconds late still arrive. While the node itself is late it judges nothing, since frames may wait unread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from edge.rules.findings import Finding, Phase
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from shared.events.types import EventType

EVENTS = (EventType.STREAM_STALLED, EventType.CANDIDATE_OFFLINE)


@dataclass(slots=True)
class StreamState:
    """The last frame, and what has been raised since."""

    last_s: float | None = None
    """When it arrived."""
    frame_s: float | None = None
    """When it was taken."""
    excused_s: float | None = None
    """No stall is judged before this: the node was late until shortly before."""
    raised_s: dict[EventType, float] = field(default_factory=dict)


class Stream:
    """Compares the time since the last frame with each event's bound."""

    __slots__ = ("_bounds", "_soonest_s", "_state")

    def __init__(self, settings: Settings, state: StreamState) -> None:
        """Raises ValueError for a state with another event raised."""
        self._bounds = {event: settings.rules[event].hold_s for event in EVENTS if event in settings.rules}
        if not state.raised_s.keys() <= self._bounds.keys():
            raise ValueError("the snapshot's stream has raised a disabled event")
        self._soonest_s = min(self._bounds.values(), default=None)
        self._state = state

    @property
    def stalled(self) -> bool:
        """Whether one of the two events holds now."""
        return bool(self._state.raised_s)

    def expect(self, now: float) -> None:
        """Note that a page has connected: expect the first frame from now on, unless frames arrived
        already."""
        own = self._state
        if own.last_s is None:
            own.last_s = now

    def is_new(self, at: float) -> bool:
        """Whether a frame taken at `at` is newer than all that arrived."""
        frame_s = self._state.frame_s
        return frame_s is None or at > frame_s

    def frame(self, at: float, now: float) -> list[Finding]:
        """Note that a new frame, taken at `at`, arrives now; raised events are over."""
        own = self._state
        findings: list[Finding] = []
        own.frame_s = at
        if own.raised_s:
            findings = [self._finding(event, Phase.CLEARED, now) for event in self._raised()]
            own.raised_s = {}
        own.last_s = now if own.last_s is None else max(own.last_s, now)
        return findings

    def tick(self, now: float) -> list[Finding]:
        """Report what has become true without a frame."""
        own = self._state
        findings: list[Finding] = []
        if own.excused_s is not None and now < own.excused_s - EPSILON_S:
            return findings
        for event, bound_s in self._bounds.items():
            if own.last_s is None or event in own.raised_s or now - own.last_s < bound_s - EPSILON_S:
                continue
            own.raised_s[event] = now
            findings.append(self._finding(event, Phase.RAISED, now))
        return findings

    def excuse(self, now: float) -> None:
        """Note that the node was late until now: a stall is judged only after frames had the whole wait to
        arrive."""
        if self._soonest_s is not None:
            self._state.excused_s = now + self._soonest_s

    def deadline(self) -> float | None:
        """When `tick` can next report something; None while only a frame can cause a change."""
        own, wait_s = self._state, self._soonest_s
        if own.raised_s:
            waits = [bound_s for event, bound_s in self._bounds.items() if event not in own.raised_s]
            wait_s = min(waits, default=None)
        if own.last_s is None or wait_s is None:
            return None
        due_s = own.last_s + wait_s
        return due_s if own.excused_s is None else max(due_s, own.excused_s)

    def holding(self) -> dict[EventType, float]:
        """The raised events, each with its onset."""
        own = self._state
        if own.last_s is None:
            return {}
        return dict.fromkeys(own.raised_s, own.last_s)

    def finish(self, at: float) -> list[Finding]:
        """End the raised events at the end of the session."""
        own = self._state
        findings = [self._finding(event, Phase.CLEARED, at, open_at_end=True) for event in self._raised()]
        own.raised_s = {}
        return findings

    def forget(self, events: Collection[EventType], at: float) -> None:
        """End these events untold, and wait for frames from `at` on."""
        own = self._state
        if own.raised_s.keys() & events:
            own.raised_s = {event: at_s for event, at_s in own.raised_s.items() if event not in events}
            own.last_s = at

    def pause(self, until_s: float) -> None:
        """Count the time until `until_s` as if frames had arrived."""
        own = self._state
        if own.last_s is not None and not self.stalled:
            own.last_s = max(own.last_s, until_s)

    def _raised(self) -> list[EventType]:
        """The raised events, in the order of raising."""
        raised_s = self._state.raised_s
        return sorted((event for event in self._bounds if event in raised_s), key=raised_s.__getitem__)

    def _finding(self, event: EventType, phase: Phase, at_s: float, *, open_at_end: bool = False) -> Finding:
        own = self._state
        last_s = at_s if own.last_s is None else own.last_s
        end = {"open_at_end": True} if open_at_end else {}
        return Finding(
            event=event,
            phase=phase,
            onset_s=last_s,
            raised_s=own.raised_s[event],
            at_s=max(at_s, own.raised_s[event]),
            confidence=1.0,
            evidence={
                "duration_seconds": round(max(at_s - last_s, 0.0), 3),
                "hold_seconds": self._bounds[event],
                **end,
            },
        )
