"""Adds a node's part to the traces of its alerts, where the settings want traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.outbound.envelope import OutgoingAlert
from edge.outbound.outbox import Waiting
from shared.traces.spans import Span, TraceStep

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


def trace_committed(traces: Traces | None, outgoing: OutgoingAlert, begun_s: float, now_s: float) -> None:
    """Note that an alert is sealed and on disk now. `begun_s`: when its writing began. Both in UTC seconds
    since 1970."""
    if traces is None:
        return
    alert, led_to_it = outgoing.revision.alert, outgoing.spans
    # From the finding on: the time in the queue is the alert's too.
    begun_s = led_to_it[-1].ended_s if led_to_it else begun_s
    after = TraceStep.FINDING if led_to_it else None
    committed = Span(
        TraceStep.ALERT,
        begun_s,
        now_s,
        after,
        attributes={
            "proctor.session": str(outgoing.envelope.session_id),
            "proctor.lane": outgoing.lane.value,
            "proctor.level": alert.metadata.degradation_level,
            "proctor.device": alert.metadata.device,
        },
    )
    traces.add(alert.event_id, outgoing.revision.revision, (*led_to_it, committed))


def trace_dispatched(traces: Traces | None, alert: Waiting, latency_s: float, now_s: float) -> None:
    """Note that the hub has acknowledged an alert now (UTC seconds since 1970), `latency_s` after it was on
    disk."""
    if traces is not None:
        span = Span(TraceStep.HUB, now_s - latency_s, now_s, TraceStep.ALERT)
        traces.add(alert.alert_id, alert.revision, (span,))
