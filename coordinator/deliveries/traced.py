"""Adds to the traces of alerts each try to deliver them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID

from coordinator.deliveries.outcomes import Ending, Outcome
from coordinator.deliveries.parcels_service import Parcel
from shared.traces.spans import Span, TraceStep

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


def trace_tried(
    traces: Traces, destination_id: UUID, parcel: Parcel, outcome: Outcome, begun_s: float
) -> None:
    """Note one try. `begun_s`: UTC seconds since 1970 at which it began."""
    if parcel.alert is None:
        return
    alert_id, revision = parcel.alert
    tried = Span(
        TraceStep.DELIVERED,
        begun_s,
        time.time(),
        TraceStep.STORED,
        which=f"{parcel.parcel_id} {parcel.tried.attempts + 1}",
        attributes={"proctor.destination": str(destination_id), "proctor.attempt": parcel.tried.attempts + 1},
        failed=None if outcome.ending is Ending.DELIVERED else outcome.reason,
    )
    traces.add(alert_id, revision, (tried,))
