"""The rules' results: an event has been raised, or is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.events.types import EventType

Scalar = str | int | float | bool | None
Value = Scalar | list[Scalar]
Evidence = Mapping[str, Value]
"""Values and their bounds, as JSON values; times are seconds on the session clock."""


class Phase(StrEnum):
    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One change of one event. RAISED and CLEARED of an event alternate and have the same onset."""

    event: EventType
    phase: Phase
    onset_s: float
    """When the condition began, session clock."""
    raised_s: float
    """When the condition had lasted its hold; the same in both phases."""
    at_s: float
    """RAISED: when the condition had lasted its hold. CLEARED: when it ended, which is known only after its
    clear time."""
    confidence: float
    """0…1, the mean over the looks."""
    evidence: Evidence
    together_with: EventType | None = None
    """The event that held at the same time without its own finding, such as gaze with head turned."""
    unseen_s: float = 0.0
    """Time since the onset in which it was unknown whether the condition held; it does not count towards the
    duration."""

    @property
    def lasted_s(self) -> float:
        """Time for which the condition is known to have held, ≥ 0."""
        return max(0.0, self.at_s - self.onset_s - self.unseen_s)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One observation's judgement of one condition; value None: unknown."""

    value: bool | None
    confidence: float = 1.0
    evidence: Evidence = field(default_factory=dict)
    since_s: float | None = None
    """Start of the value, if known to be earlier than the observation; None: at the observation."""
    until_s: float | None = None
    """End of the value, if earlier than the observation; None: at the observation."""


UNKNOWN = Judgement(None)
NO = Judgement(False)


def unseen(unseen_s: float) -> dict[str, Value]:
    """Evidence of the time in which the condition was unknown; empty if there was none."""
    return {"unseen_seconds": round(unseen_s, 3)} if unseen_s > 0 else {}
