"""What the control side shows of a worker's process. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One worker's process now; while it does not run, its lateness is 0."""

    number: int
    """From 1; a worker that is spawned again keeps it."""
    pid: int | None
    """None while it does not run."""
    sessions: int
    ends: int
    """How often it has ended or hung so far."""
    cpu_s: float
    """Processor time used so far, with those that have ended."""
    loop_p95_s: float
    loop_p99_s: float
    loop_worst_s: float

    @property
    def running(self) -> bool:
        return self.pid is not None


Statuses = Callable[[], tuple[WorkerStatus, ...]]
"""Every worker that is a process of its own, now."""


def no_workers() -> tuple[WorkerStatus, ...]:
    """The statuses of a node that watches in its own process."""
    return ()
