"""Measures how loaded this process and its workers are, for the ladder: lateness, processor and memory of the
last seconds."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from edge.analysis.measured import Looked, Measured
from edge.fleet.ladder import Load, Strain
from edge.media.lateness import Lateness
from edge.workers.status import Statuses, no_workers
from shared.events.looks import Look
from shared.percentiles import percentile

WINDOW_S: Final = 5.0
FEWEST_CALLS: Final = 20
"""With fewer calls in the window, no percentile is computed."""
DROPPED_S: Final = 2.0
"""The lag that a call counts with when it was dropped because it came too late or too many waited."""
REMEMBERED: Final = 20_000

_DROPPED: Final = frozenset({"overflow", "stale", "stuck"})
_LOOKS: Final = frozenset(look.value for look in Look)
Hear = Callable[[Measured | Looked], None]

CGROUP: Final = Path("/sys/fs/cgroup")


class LoadMeter:
    """Collects what the engine reports, and reads the rest when asked. Use on one event loop."""

    def __init__(self, lateness: Lateness) -> None:
        self._lateness = lateness
        self.workers: Statuses = no_workers
        """The workers whose load counts too."""
        self._lags_s: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._before = time.monotonic(), self._used_s()
        self._processors = allowed_processors(CGROUP)

    def called(self, measured: Measured) -> None:
        """Note one call to a network. Calls for enrollment pictures are not counted."""
        if measured.task in _LOOKS:
            dropped = measured.outcome in _DROPPED
            lag_s = DROPPED_S if dropped else measured.queued_s + measured.run_s
            self._lags_s.append((time.monotonic(), lag_s))

    def read(self) -> Load:
        """The load since the previous call."""
        now, used_s = time.monotonic(), self._used_s()
        before, used_before_s = self._before
        self._before = now, used_s
        load = {
            Strain.LOOP: max(
                [self._lateness.recent_p95_s, *(worker.loop_p95_s for worker in self.workers())]
            ),
            Strain.CPU: (used_s - used_before_s) / max(now - before, 1e-3) / self._processors,
            Strain.MEMORY: memory_share(CGROUP),
        }
        while self._lags_s and now - self._lags_s[0][0] > WINDOW_S:
            self._lags_s.popleft()
        if len(self._lags_s) >= FEWEST_CALLS:
            load[Strain.LAG] = percentile((lag_s for _, lag_s in self._lags_s), 95)
        return load

    def _used_s(self) -> float:
        """Processor time of this process and its workers so far."""
        return time.process_time() + sum(worker.cpu_s for worker in self.workers())


def heard_by(always: Hear, meter: LoadMeter, *, steps_down: bool) -> Hear:
    """Who hears of calls: the meter only where the node changes its level, because nobody else empties it."""
    if not steps_down:
        return always

    def both(measured: Measured | Looked) -> None:
        always(measured)
        if isinstance(measured, Measured):
            meter.called(measured)

    return both


def allowed_processors(cgroup: Path) -> float:
    """How many processors this process may use: those it may run on, or its control group's quota."""
    allowed = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = (cgroup / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        return allowed
    return allowed if quota == "max" else min(allowed, int(quota) / int(period))


def allowed_memory_bytes(cgroup: Path) -> int:
    """How much memory this process may use: the machine's, or its control group's limit."""
    whole = int(psutil.virtual_memory().total)
    try:
        limit = (cgroup / "memory.max").read_text("ascii").strip()
        return whole if limit == "max" else min(whole, int(limit))
    except (OSError, ValueError):
        return whole


def memory_share(cgroup: Path) -> float:
    """The share of the memory in use: of its control group's limit, or else of the machine."""
    try:
        limit = (cgroup / "memory.max").read_text("ascii").strip()
        used = int((cgroup / "memory.current").read_text("ascii"))
        # Pages of files that can be given up at once are not in use.
        kept = dict(line.split() for line in (cgroup / "memory.stat").read_text("ascii").splitlines())
        if limit != "max":
            return (used - int(kept["inactive_file"])) / int(limit)
    except (OSError, ValueError, KeyError):
        pass
    return float(psutil.virtual_memory().percent) / 100
