"""Spans reach a real collector over HTTP; one that is away or slow is never waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from threading import Event
from uuid import uuid4

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from shared.traces.exporting import CLOSED_WITHIN_S, Traces
from shared.traces.spans import Span, TraceStep, span_id
from tests.support.collector import collector
from tests.support.ports import reserved_port

ALERT = uuid4()
PATH = (
    Span(TraceStep.PICTURE, 10.0, 10.4, None),
    Span(
        TraceStep.LOOK, 10.1, 10.2, TraceStep.PICTURE, which="faces 1", attributes={"proctor.look": "faces"}
    ),
    Span(TraceStep.FINDING, 10.3, 10.4, TraceStep.PICTURE, failed="broken"),
)


def sent(url: str, headers: dict[str, str] | None = None, spans: tuple[Span, ...] = PATH) -> Traces:
    """Traces that were given these spans and closed."""

    async def story() -> Traces:
        traces = Traces.to_collector(url, headers or {}, service="proctor-edge", instance="node-1")
        traces.add(ALERT, 1, spans)
        await traces.close()
        return traces

    return asyncio.run(story())


def test_spans_arrive_as_one_tree_with_their_times_and_their_failure() -> None:
    with collector() as taken:
        traces = sent(taken.url, {"Authorization": "Bearer word"})
        arrived = {span.name: span for span in taken.of_revision(ALERT, 1)}
        assert taken.services == {"proctor-edge"}
        assert {one["authorization"] for one in taken.headers} == {"Bearer word"}
    assert set(arrived) == {"picture", "look faces 1", "finding"}
    picture, look, finding = arrived["picture"], arrived["look faces 1"], arrived["finding"]
    assert picture.parent_span_id == b""
    assert look.parent_span_id == finding.parent_span_id == picture.span_id
    assert int.from_bytes(picture.span_id) == span_id(ALERT, 1, TraceStep.PICTURE)
    assert (look.start_time_unix_nano, look.end_time_unix_nano) == (10_100_000_000, 10_200_000_000)
    assert (finding.status.code, finding.status.message) == (2, "broken")
    assert {one.key: one.value.string_value for one in look.attributes}["proctor.look"] == "faces"
    assert traces.counts == {"made": 3, "sent": 3}


def test_the_same_step_done_twice_has_the_same_id_and_that_of_another_revision_has_not() -> None:
    with collector() as taken:
        sent(taken.url, spans=PATH[:1] * 2)
        assert len(taken.spans) == 2
        assert len({one.span_id for one in taken.spans}) == 1


def test_a_collector_that_is_away_or_refuses_costs_no_time_and_is_counted() -> None:
    with collector(answers=400) as taken:
        assert sent(taken.url).counts == {"made": 3, "failed": 3}
    begun_s = time.monotonic()
    counts = sent(f"http://127.0.0.1:{reserved_port()}/v1/traces").counts
    assert counts["made"] == 3
    assert counts["sent"] == 0
    assert time.monotonic() - begun_s < CLOSED_WITHIN_S + 3.0


def test_a_collector_that_never_answers_does_not_keep_a_program_from_ending() -> None:
    answers = Event()

    class Silent(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            answers.wait(60)
            return SpanExportResult.SUCCESS

    async def story() -> None:
        traces = Traces(Silent(), Resource({}))
        traces.add(ALERT, 1, PATH)
        await traces.close()

    begun_s = time.monotonic()
    asyncio.run(story())
    assert time.monotonic() - begun_s < 20.0  # OpenTelemetry itself waits for 30 s
    answers.set()
