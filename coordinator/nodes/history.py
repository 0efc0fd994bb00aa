"""Keeps the last hour of each node, one sample a minute. Pure.

It is in memory and bounded; after a restart of this program it begins anew, and `since_utc` says when.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.messages.heartbeats import Heartbeat

KEPT: Final = 60
"""Minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The highest values of one minute; None: not known."""

    minute_utc: datetime
    sessions: int
    level: int
    outbox: int
    """Alerts that wait."""
    lag_p95_s: float | None
    cpu: float | None


class History:
    """The samples of all nodes."""

    def __init__(self) -> None:
        self._samples: dict[UUID, deque[Sample]] = {}
        self.since_utc: datetime | None = None
        """The first heartbeat since this program started; None: there was none."""

    def note(self, heartbeat: Heartbeat, now_utc: datetime) -> None:
        """Note a heartbeat."""
        self.since_utc = self.since_utc or now_utc
        kept = self._samples.setdefault(heartbeat.node_id, deque(maxlen=KEPT))
        fresh = _sample(heartbeat, now_utc)
        if kept and kept[-1].minute_utc >= fresh.minute_utc:  # a clock that is set back adds to the last one
            kept[-1] = _highest(kept[-1], fresh)
        else:
            kept.append(fresh)

    def of(self, node_id: UUID, now_utc: datetime) -> list[Sample]:
        """A node's samples of the last hour, oldest first; a minute in which it was silent has none."""
        kept = self._samples.get(node_id, ())
        return [one for one in kept if (now_utc - one.minute_utc).total_seconds() <= KEPT * 60]

    def forget(self, node_id: UUID) -> None:
        """Forget a node that is no longer accepted."""
        self._samples.pop(node_id, None)


def _sample(heartbeat: Heartbeat, now_utc: datetime) -> Sample:
    measured = heartbeat.measures
    return Sample(
        minute_utc=now_utc.replace(second=0, microsecond=0),
        sessions=heartbeat.load,
        level=heartbeat.level,
        outbox=heartbeat.waiting,
        lag_p95_s=None if measured is None else measured.lag_p95_s,
        cpu=None if measured is None else measured.cpu,
    )


def _highest(one: Sample, other: Sample) -> Sample:
    return Sample(
        minute_utc=one.minute_utc,
        sessions=max(one.sessions, other.sessions),
        level=max(one.level, other.level),
        outbox=max(one.outbox, other.outbox),
        lag_p95_s=_higher(one.lag_p95_s, other.lag_p95_s),
        cpu=_higher(one.cpu, other.cpu),
    )


def _higher(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)
