"""What an alert's trace gets from its way out of the node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from edge.outbound.envelope import OutgoingAlert
from edge.outbound.outbox import Waiting
from edge.outbound.tracing import trace_committed, trace_dispatched
from shared.events.types import Lane
from shared.sealing import new_sealing_key
from shared.traces.spans import Span, TraceStep
from tests.support.alerts import SESSION, alert, envelope_to, first_revision

NOW_S = 5_000.0
FINDING = Span(TraceStep.FINDING, 10.0, 12.5, None)


@dataclass
class Kept:
    """Takes what would be sent to a collector."""

    added: list[tuple[UUID, int, tuple[Span, ...]]] = field(default_factory=list)

    def add(self, alert_id: UUID, revision: int, spans: tuple[Span, ...]) -> None:
        self.added.append((alert_id, revision, spans))


@pytest.mark.parametrize(
    ("led_to_it", "begun_s", "after"), [((FINDING,), 12.5, TraceStep.FINDING), ((), 4_999.0, None)]
)
def test_a_committed_alert_follows_what_led_to_it(
    led_to_it: tuple[Span, ...], begun_s: float, after: TraceStep | None
) -> None:
    made, kept = first_revision(alert(SESSION, 1)), Kept()
    outgoing = OutgoingAlert(made, envelope_to(new_sealing_key(), SESSION), led_to_it)
    traces: Any = kept
    trace_committed(None, outgoing, 4_999.0, NOW_S)
    trace_committed(traces, outgoing, 4_999.0, NOW_S)
    [(alert_id, revision, spans)] = kept.added
    assert (alert_id, revision) == (made.alert.event_id, 1)
    assert spans[:-1] == led_to_it
    told: dict[str, str | int] = {
        "proctor.session": str(SESSION),
        "proctor.lane": "conduct",
        "proctor.level": made.alert.metadata.degradation_level,
        "proctor.device": made.alert.metadata.device,
    }
    assert spans[-1] == Span(TraceStep.ALERT, begun_s, NOW_S, after, attributes=told)


def test_a_dispatched_alert_says_how_long_it_lay_on_the_disk() -> None:
    kept = Kept()
    waiting = Waiting(lane=Lane.CONDUCT, sequence=4, alert_id=UUID(int=9), revision=2, message=b"message")
    traces: Any = kept
    trace_dispatched(None, waiting, 3.0, NOW_S)
    trace_dispatched(traces, waiting, 3.0, NOW_S)
    assert kept.added == [(UUID(int=9), 2, (Span(TraceStep.HUB, NOW_S - 3.0, NOW_S, TraceStep.ALERT),))]
