"""Adds to the traces of alerts that they were stored, or why not."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from coordinator.arriving.treated import Treated, Treatment
from shared.traces.spans import Span, TraceStep

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


def trace_stored(traces: Traces, treated: Iterable[Treated], begun_s: float) -> None:
    """Note what became of the messages of one batch. `begun_s`: UTC seconds since 1970 at which it began.

    One that was stored before is its first span again; one without a header is nobody's.
    """
    ended_s = time.time()
    for one in treated:
        if one.header is None or one.treatment is Treatment.REPEATED:
            continue
        failed = None if one.treatment is Treatment.STORED else one.treatment.value
        which = "" if failed is None else f"{one.treatment} {one.post.delivered}"
        span = Span(TraceStep.STORED, begun_s, ended_s, TraceStep.HUB, which=which, failed=failed)
        traces.add(one.header.alert_id, one.header.revision, (span,))
