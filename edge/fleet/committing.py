"""Commits alerts to the outbox; counts and traces those that are on disk, and those that are at the hub."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edge.fleet.metrics import Metrics
from edge.judging.alerts import RAISED_REVISION
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.outbox import Waiting
from edge.outbound.publisher import Publisher
from edge.outbound.tracing import trace_committed, trace_dispatched
from edge.sessions.assignment import Commit

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


def commit_of(publisher: Publisher, metrics: Metrics, traces: Traces | None) -> Commit:
    """Commits one alert. It raises `Unavailable` and `Corrupt` as `Publisher.add` does."""

    async def commit(outgoing: OutgoingAlert) -> None:
        begun_s = time.time()
        await publisher.add(outgoing)
        trace_committed(traces, outgoing, begun_s, time.time())
        if outgoing.revision.revision == RAISED_REVISION:
            alert = outgoing.revision.alert
            metrics.alerted(alert.event_type, alert.severity_score)

    return commit


def note_dispatched(metrics: Metrics, traces: Traces | None, alert: Waiting, latency_s: float) -> None:
    """Note an alert that the hub has acknowledged, and how long that took from the disk."""
    metrics.dispatched(latency_s)
    trace_dispatched(traces, alert, latency_s, time.time())
