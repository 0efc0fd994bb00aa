"""One call to a network as it went. A value: it may come from another process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One call as it went, for metrics."""

    task: str
    queued_s: float
    run_s: float
    outcome: str
    """`done`, `failed`, or why it came to nothing: `overflow`, `stale`, `stuck`, `resting`, `cancelled`."""
