"""Defines the measurements of one network call and of one look, values that may come from another
process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished call, for metrics."""

    task: str
    queued_s: float
    run_s: float
    outcome: str
    """`done`, `failed`, or why there is no result: `overflow`, `stale`, `stuck`, `resting`, `cancelled`."""
    error_type: str = ""
    """The class of the error of a call that failed."""
    cpu_s: float = 0.0
    """Processor time of the call's own thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Where the time of one analysed picture went, from its capture to its judgement."""

    received_s: float
    """Until it was decoded and here, as far as the session's clock tells; less the shortest way here."""
    waited_s: float
    """Until an earlier picture's looks were done."""
    looked_s: float
    """All its looks, with their queues."""
    judged_s: float
    """Rules and alerts."""

    @property
    def whole_s(self) -> float:
        """From frame to decision."""
        return self.received_s + self.waited_s + self.looked_s + self.judged_s
