"""HIGH_CONFIDENCE_CHEATING: several findings of different kinds within one window; what and how much is
policy data.

Each term collects spans of time: the mismatching checks, the stretches an event held. All terms fulfilled at
once raise it; it is over when the window has moved on. It says that things came together, and no more.
"""

from __future__ import annotations

from collections import deque

from edge.rules.findings import Finding, Phase, Value
from edge.rules.settings import FusionTerm, Settings
from edge.rules.snapshots import Json, Saved, number, numbers, optional_number, part
from shared.events.types import EventType

MAX_SPANS = 128
"""Per term; older ones are forgotten first."""


class Fusion:
    """One fusion of one session."""

    __slots__ = ("_ended_s", "_last_s", "_onset_s", "_parts", "_raised_s", "_spans", "_terms", "_window_s")

    def __init__(self, settings: Settings) -> None:
        self._terms = settings.fusion
        self._window_s = settings.fusion_window_s
        self._spans: dict[EventType, deque[tuple[float, float]]] = {
            term.event: deque(maxlen=MAX_SPANS) for term in self._terms
        }
        self._raised_s: float | None = None
        self._onset_s = 0.0
        self._ended_s = 0.0
        self._last_s = 0.0
        self._parts: list[str] = []

    @property
    def events(self) -> frozenset[EventType]:
        """What it is made of."""
        return frozenset(self._spans)

    @property
    def onset_s(self) -> float | None:
        """When the first part of what is raised began; None while nothing is."""
        return None if self._raised_s is None else self._onset_s

    def note(self, event: EventType, begins_s: float, ends_s: float) -> None:
        """A term's span, or its continuation where it begins like the last one."""
        spans = self._spans[event]
        if spans and spans[-1][0] == begins_s:
            spans.pop()
        spans.append((begins_s, ends_s))

    def see(self, at: float) -> Finding | None:
        """What the spans noted until `at` amount to."""
        if self._raised_s is None and not all(self._spans.values()):
            return None
        self._last_s = at
        parts, begins_s = [], at
        for term in self._terms:
            spans = self._within(term.event, at)
            part = _fulfilled(term, spans)
            if part is None:
                return self._over(at, {}) if self._raised_s is not None else None
            parts.append(part)
            begins_s = min(begins_s, spans[0][0])
        self._parts = parts
        if self._raised_s is not None:
            return None
        self._raised_s, self._onset_s = at, max(begins_s, self._ended_s)
        return self._finding(Phase.RAISED, at, {})

    def finish(self) -> Finding | None:
        """The session is over: end it if it is raised."""
        return None if self._raised_s is None else self._over(self._last_s, {"open_at_end": True})

    def _within(self, event: EventType, at: float) -> list[tuple[float, float]]:
        """The term's spans, cut to the window; those before it are forgotten."""
        spans, from_s = self._spans[event], at - self._window_s
        while spans and spans[0][1] < from_s:
            spans.popleft()
        return [(max(begins_s, from_s), ends_s) for begins_s, ends_s in spans]

    def _over(self, at: float, more: dict[str, Value]) -> Finding:
        finding = self._finding(Phase.CLEARED, at, more)
        self._raised_s, self._ended_s = None, at
        return finding

    def _finding(self, phase: Phase, at: float, more: dict[str, Value]) -> Finding:
        return Finding(
            event=EventType.HIGH_CONFIDENCE_CHEATING,
            phase=phase,
            onset_s=self._onset_s,
            raised_s=at if self._raised_s is None else self._raised_s,
            at_s=at,
            confidence=1.0,
            evidence={
                "parts": [*self._parts],
                "window_seconds": self._window_s,
                "duration_seconds": round(at - self._onset_s, 3),
                **more,
            },
        )

    def snapshot(self) -> Saved:
        spans: Saved = {}
        for event, each in self._spans.items():
            flat: list[Json] = [value for span in each for value in span]
            spans[event.value] = flat
        parts: list[Json] = [*self._parts]
        return {
            "raised_s": self._raised_s,
            "onset_s": self._onset_s,
            "ended_s": self._ended_s,
            "last_s": self._last_s,
            "parts": parts,
            "spans": spans,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._raised_s = optional_number(saved, "raised_s")
        self._onset_s = number(saved, "onset_s")
        self._ended_s = number(saved, "ended_s")
        self._last_s = number(saved, "last_s")
        parts = saved.get("parts")
        if not isinstance(parts, list) or len(parts) > len(self._terms):
            raise ValueError("the snapshot's parts are not a list")
        self._parts = [str(each) for each in parts]
        spans = part(saved, "spans")
        for event in self._spans:
            flat = numbers(spans, event.value, 2 * MAX_SPANS)
            if len(flat) % 2:
                raise ValueError("the snapshot's spans are not whole")
            self._spans[event] = deque(zip(flat[::2], flat[1::2], strict=True), maxlen=MAX_SPANS)


def _fulfilled(term: FusionTerm, spans: list[tuple[float, float]]) -> str | None:
    """What the spans amount to, in words; None when it is not enough."""
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
