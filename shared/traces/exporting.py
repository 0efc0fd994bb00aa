"""Sends spans to a collector by OpenTelemetry's own exporter, in a thread of its own.

What the collector does not take in time is lost and counted: a trace is for looking at, and no alert waits
for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from threading import Thread
from typing import Final, Self
from uuid import UUID

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from shared.traces.spans import Span, span_id, trace_id

WAITING: Final = 4_096
"""The most spans that wait; above this the oldest are lost."""
BATCH: Final = 512
SEND_EVERY_MS: Final = 2_000
TIMEOUT_S: Final = 5.0
CLOSED_WITHIN_S: Final = 2.0
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NS_PER_S: Final = 1_000_000_000


class Traces:
    """Takes spans from any thread, until closed."""

    def __init__(self, exporter: SpanExporter, resource: Resource) -> None:
        self._counted = _Counted(exporter)
        self._resource = resource
        self._scope = InstrumentationScope("proctor", version("proctor"))
        self._processor = BatchSpanProcessor(
            self._counted,
            max_queue_size=WAITING,
            schedule_delay_millis=SEND_EVERY_MS,
            max_export_batch_size=BATCH,
        )
        self.counts = self._counted.counts
        """Spans that were `made`, `sent`, or `failed` to be sent; the rest waits or was lost, because too
        many waited."""

    @classmethod
    def to_collector(cls, url: str, headers: Mapping[str, str], *, service: str, instance: str) -> Self:
        """Traces of one daemon, named by `service` and `instance`, sent by OTLP over HTTP."""
        exporter = OTLPSpanExporter(
            endpoint=url,
            headers=headers,
            timeout=TIMEOUT_S,
            compression=Compression.Gzip,
        )
        resource = Resource(
            {
                "service.name": service,
                "service.version": version("proctor"),
                "service.instance.id": instance,
            }
        )
        return cls(exporter, resource)

    async def close(self) -> None:
        """Send what waits, for at most `CLOSED_WITHIN_S`."""
        # Not in the loop's own threads: for those a program waits when it ends, and this may take 30 s.
        closing = Thread(target=self._processor.shutdown, name="traces-closing", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSED_WITHIN_S)

    def add(self, alert_id: UUID, revision: int, spans: Iterable[Span]) -> None:
        """Queue the spans of one revision of an alert."""
        for span in spans:
            self.counts["made"] += 1
            self._processor.on_end(self._readable(alert_id, revision, span))

    def _readable(self, alert_id: UUID, revision: int, span: Span) -> ReadableSpan:
        before = None if span.after is None else _context(alert_id, span_id(alert_id, revision, span.after))
        return ReadableSpan(
            name=span.name,
            context=_context(alert_id, span_id(alert_id, revision, span.step, span.which)),
            parent=before,
            resource=self._resource,
            attributes={**span.attributes, "proctor.alert.revision": revision},
            status=Status(StatusCode.UNSET if span.failed is None else StatusCode.ERROR, span.failed),
            start_time=round(span.begun_s * _NS_PER_S),
            end_time=round(max(span.begun_s, span.ended_s) * _NS_PER_S),
            instrumentation_scope=self._scope,
        )


class _Counted(SpanExporter):
    """An exporter whose results are counted."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.counts: Counter[str] = Counter()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch."""
        result = self._exporter.export(spans)
        self.counts["sent" if result is SpanExportResult.SUCCESS else "failed"] += len(spans)
        return result

    def shutdown(self) -> None:
        """End retries and close connections."""
        self._exporter.shutdown()


def _context(alert_id: UUID, span: int) -> SpanContext:
    return SpanContext(int(trace_id(alert_id), 16), span, is_remote=False, trace_flags=_SAMPLED)
