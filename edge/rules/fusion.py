"""Judges HIGH_CONFIDENCE_CHEATING: different findings within one window. The policy sets the terms.

Each term collects spans of time: mismatching checks, or the time in which an event held. It is raised when
all terms are fulfilled at once, and over when the window has passed. It means only that these things happened
at the same time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.findings import Finding, Phase, Value
from edge.rules.settings import FusionTerm, Settings
from shared.events.types import EventType
from shared.saving import AtMost

MAX_SPANS = 128
"""The most spans kept per term; the oldest are dropped first."""
MAX_PARTS = 16
"""More terms than a policy may name."""

Spans = Annotated[deque[tuple[float, float]], AtMost(MAX_SPANS)]


@dataclass(slots=True)
class FusionState:
    """The spans of the terms, and the raised event."""

    spans: dict[EventType, Spans] = field(default_factory=dict)
    """By term; terms without spans may be missing."""
    raised_s: float | None = None
    onset_s: float = 0.0
    ended_s: float = 0.0
    last_s: float = 0.0
    parts: Annotated[list[str], AtMost(MAX_PARTS)] = field(default_factory=list)


class Fusion:
    """One fusion of one session."""

    __slots__ = ("_state", "_terms", "_window_s")

    def __init__(self, settings: Settings, state: FusionState) -> None:
        """Raises ValueError for a state of other terms."""
        self._terms = settings.fusion
        self._window_s = settings.fusion_window_s
        self._state = state
        for event in self.events:
            state.spans.setdefault(event, deque(maxlen=MAX_SPANS))
        if len(state.spans) > len(self.events):
            raise ValueError("the snapshot has spans of other terms")

    @property
    def events(self) -> frozenset[EventType]:
        """The events of its terms."""
        return frozenset(term.event for term in self._terms)

    @property
    def onset_s(self) -> float | None:
        """When the first part of the raised event began; None while not raised."""
        return None if self._state.raised_s is None else self._state.onset_s

    def note(self, event: EventType, begins_s: float, ends_s: float) -> None:
        """Add a term's span. One with the start of the last span replaces it."""
        spans = self._state.spans[event]
        if spans and spans[-1][0] == begins_s:
            spans.pop()
        spans.append((begins_s, ends_s))

    def see(self, at: float) -> Finding | None:
        """Judge the spans noted until `at`."""
        own = self._state
        if own.raised_s is None and not all(own.spans.values()):
            return None
        own.last_s = at
        parts, begins_s = [], at
        for term in self._terms:
            spans = self._within(term.event, at)
            part = _fulfilled(term, spans)
            if part is None:
                return self._over(at, {}) if own.raised_s is not None else None
            parts.append(part)
            begins_s = min(begins_s, spans[0][0])
        own.parts = parts
        if own.raised_s is not None:
            return None
        own.raised_s, own.onset_s = at, max(begins_s, own.ended_s)
        return self._finding(Phase.RAISED, at, {})

    def finish(self) -> Finding | None:
        """End it, if raised, at the end of the session."""
        return None if self._state.raised_s is None else self._over(self._state.last_s, {"open_at_end": True})

    def forget(self, at: float) -> None:
        """End it at `at`, untold. What it was made of does not count again."""
        self._state.raised_s, self._state.ended_s = None, at
        for spans in self._state.spans.values():
            spans.clear()

    def _within(self, event: EventType, at: float) -> list[tuple[float, float]]:
        """The term's spans, cut to the window; earlier ones are forgotten."""
        spans, from_s = self._state.spans[event], at - self._window_s
        while spans and spans[0][1] < from_s:
            spans.popleft()
        return [(max(begins_s, from_s), ends_s) for begins_s, ends_s in spans]

    def _over(self, at: float, more: dict[str, Value]) -> Finding:
        finding = self._finding(Phase.CLEARED, at, more)
        self._state.raised_s, self._state.ended_s = None, at
        return finding

    def _finding(self, phase: Phase, at: float, more: dict[str, Value]) -> Finding:
        own = self._state
        return Finding(
            event=EventType.HIGH_CONFIDENCE_CHEATING,
            phase=phase,
            onset_s=own.onset_s,
            raised_s=at if own.raised_s is None else own.raised_s,
            at_s=at,
            confidence=1.0,
            evidence={
                "parts": [*own.parts],
                "window_seconds": self._window_s,
                "duration_seconds": round(at - own.onset_s, 3),
                **more,
            },
        )


def _fulfilled(term: FusionTerm, spans: list[tuple[float, float]]) -> str | None:
    """The spans' result as evidence; None when they are not enough."""
    name = term.event.value
    if term.more_than_checks is not None:
        enough = len(spans) > term.more_than_checks
        return f"{name}: {len(spans)} checks, bound more than {term.more_than_checks}" if enough else None
    if term.more_than_s is not None:
        total_s = sum(ends_s - begins_s for begins_s, ends_s in spans)
        return (
            f"{name}: {total_s:.1f} s, bound {term.more_than_s:g} s" if total_s > term.more_than_s else None
        )
    return f"{name}: raised" if spans else None
