"""STREAM_STALLED and CANDIDATE_OFFLINE: how long no frame has come, by the clock.

The one rule that silence itself speaks to. It says something of the connection and nothing of the candidate.
Before anybody has connected nothing is said. From then on pictures are owed: a page that connects and never
sends one is a stall like any other, else a camera left out would be an exam that nobody watches.
"""

from __future__ import annotations

from edge.rules.findings import Finding, Phase
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, number, optional_number, part
from shared.events.types import EventType

EVENTS = (EventType.STREAM_STALLED, EventType.CANDIDATE_OFFLINE)


class Stream:
    """Time since the last frame, against each event's bound."""

    __slots__ = ("_bounds", "_last_s", "_raised_s")

    def __init__(self, settings: Settings) -> None:
        self._bounds = {event: settings.rules[event].hold_s for event in EVENTS if event in settings.rules}
        self._raised_s: dict[EventType, float] = {}
        self._last_s: float | None = None

    @property
    def stalled(self) -> bool:
        """Whether any of the two holds now."""
        return bool(self._raised_s)

    def expect(self, at: float) -> None:
        """A page has connected: unless frames came already, the first is awaited from now on."""
        if self._last_s is None:
            self._last_s = at

    def frame(self, at: float) -> list[Finding]:
        """A frame captured at `at` has come; what was raised is over.

        A frame that is not newer than the newest, such as one whose analysis took long, is no news.
        """
        if self._last_s is not None and at <= self._last_s:
            return []
        findings = [self._finding(event, Phase.CLEARED, at) for event in self._raised_s]
        self._raised_s = {}
        self._last_s = at
        return findings

    def tick(self, now: float) -> list[Finding]:
        """What has become true without a frame."""
        findings = []
        for event, bound_s in self._bounds.items():
            if self._last_s is None or event in self._raised_s or now - self._last_s < bound_s - EPSILON_S:
                continue
            self._raised_s[event] = now
            findings.append(self._finding(event, Phase.RAISED, now))
        return findings

    def deadline(self) -> float | None:
        """When `tick` could next say something; None while only a frame could."""
        if self._last_s is None:
            return None
        waits = [bound_s for event, bound_s in self._bounds.items() if event not in self._raised_s]
        return self._last_s + min(waits) if waits else None

    def holding(self) -> dict[EventType, float]:
        """What is raised, since when."""
        if self._last_s is None:
            return {}
        return dict.fromkeys(self._raised_s, self._last_s)

    def finish(self, at: float) -> list[Finding]:
        """The session is over: end what is raised."""
        findings = [self._finding(event, Phase.CLEARED, at, open_at_end=True) for event in self._raised_s]
        self._raised_s = {}
        return findings

    def pause(self, until_s: float) -> None:
        """Let the time until then count as if frames had come."""
        if self._last_s is not None and not self.stalled:
            self._last_s = max(self._last_s, until_s)

    def _finding(self, event: EventType, phase: Phase, at_s: float, *, open_at_end: bool = False) -> Finding:
        last_s = at_s if self._last_s is None else self._last_s
        end = {"open_at_end": True} if open_at_end else {}
        return Finding(
            event=event,
            phase=phase,
            onset_s=last_s,
            raised_s=self._raised_s[event],
            at_s=max(at_s, last_s),
            confidence=1.0,
            evidence={
                "duration_seconds": round(max(at_s - last_s, 0.0), 3),
                "hold_seconds": self._bounds[event],
                **end,
            },
        )

    def snapshot(self) -> Saved:
        raised_s: Saved = {event.value: raised_s for event, raised_s in self._raised_s.items()}
        return {"last_s": self._last_s, "raised_s": raised_s}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._last_s = optional_number(saved, "last_s")
        raised_s = part(saved, "raised_s")
        self._raised_s = {event: number(raised_s, event) for event in self._bounds if event in raised_s}
