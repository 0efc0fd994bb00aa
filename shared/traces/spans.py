"""The steps that one revision of an alert goes through, as the spans of one trace. Pure.

    picture ─ look … / sound ─ look …         the picture or window of sound, and each call of a network
       └ finding ─ alert ─ hub                rules; sealed and on the node's disk; acknowledged by the hub
                            └ stored ─ delivered …    committed by the coordinator; one per destination

Each process makes the ids of its spans and of their parents from the alert's own id. So nothing about traces
travels with an alert, and what is done twice after a failure is the same span twice. A trace says when and
where something was done, never what was seen: spans carry neither the event nor a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

SPAN_ID_BYTES = 8


class TraceStep(StrEnum):
    """The name of a span."""

    PICTURE = "picture"
    SOUND = "sound"
    LOOK = "look"
    FINDING = "finding"
    ALERT = "alert"
    HUB = "hub"
    STORED = "stored"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Span:
    """One step. Its instants are UTC seconds since 1970, by the clock of the machine that did it."""

    step: TraceStep
    begun_s: float
    ended_s: float
    after: TraceStep | None
    """The step that led to it; None for the first."""
    which: str = ""
    """Tells apart steps of one name: the look, or the id of a delivery."""
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    failed: str | None = None
    """Why it failed."""

    @property
    def name(self) -> str:
        """Shown in a viewer; a look is shown with what it looks for."""
        return f"{self.step} {self.which}" if self.step is TraceStep.LOOK else self.step.value


def trace_id(alert_id: UUID) -> str:
    """The trace of an alert, as its 32 hexadecimal digits; the same for all its revisions."""
    return alert_id.hex


def span_id(alert_id: UUID, revision: int, step: TraceStep, which: str = "") -> int:
    """The id of a step, the same wherever it is made; never 0, which the standard forbids."""
    digest = sha256(f"{alert_id}:{revision}:{step}:{which}".encode()).digest()
    return int.from_bytes(digest[:SPAN_ID_BYTES]) or 1
