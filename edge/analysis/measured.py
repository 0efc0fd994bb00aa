"""Defines the measurement of one network call, a value that may come from another process."""

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
