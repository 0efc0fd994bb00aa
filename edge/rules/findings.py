"""What the rules say: an event has been raised, or is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.events.types import EventType

Scalar = str | int | float | bool | None
Value = Scalar | list[Scalar]
Evidence = Mapping[str, Value]
"""Values beside their bounds, as JSON can say them; times are seconds on the session clock."""


class Phase(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One change of one event. RAISED and CLEARED of an event alternate and share their onset."""

    event: EventType
    phase: Phase
    onset_s: float
    """When the condition began, session clock."""
    raised_s: float
    """When it had lasted its hold; the same in both phases."""
    at_s: float
    """RAISED: when it had lasted its hold. CLEARED: when the condition ended, known its clear time later."""
    confidence: float
    """0…1, the mean over what was looked at."""
    evidence: Evidence
    together_with: EventType | None = None
    """What held at the same time and is not a finding of its own: head turned and gaze off are one thing."""
    unseen_s: float = 0.0
    """So much of the time since the onset nobody knew whether the condition held: it weighs nothing."""

    @property
    def lasted_s(self) -> float:
        """How long the condition is known to have held, ≥ 0."""
        return max(0.0, self.at_s - self.onset_s - self.unseen_s)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one observation says about one condition; value None: nothing."""

    value: bool | None
    confidence: float = 1.0
    evidence: Evidence = field(default_factory=dict)
    since_s: float | None = None
    """Since when, where that is known to be earlier than the observation; None: since the observation."""
    until_s: float | None = None
    """Until when, where that is earlier than the observation; None: until the observation."""


UNKNOWN = Judgement(None)
NO = Judgement(False)


def unseen(unseen_s: float) -> dict[str, Value]:
    """The evidence of time in which nobody could tell; empty without any."""
    return {"unseen_seconds": round(unseen_s, 3)} if unseen_s > 0 else {}
