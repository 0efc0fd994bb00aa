"""A collector of traces: takes OTLP over HTTP and keeps every span."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import UUID

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Received


@dataclass
class Collector:
    """What has arrived."""

    url: str
    spans: list[Received] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)

    def of_revision(self, alert_id: UUID, revision: int) -> list[Received]:
        """The spans of one revision of an alert."""
        return [
            span for span in self.spans if span.trace_id == alert_id.bytes and _revision(span) == revision
        ]


def _revision(span: Received) -> int:
    values = {each.key: each.value for each in span.attributes}
    return int(values["proctor.alert.revision"].int_value)


@contextmanager
def collector(answers: int = 200) -> Iterator[Collector]:
    """A running collector that answers with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            taken.headers.append({name.lower(): value for name, value in self.headers.items()})
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for each in resource.resource.attributes:
                    if each.key == "service.name":
                        taken.services.add(each.value.string_value)
                for scope in resource.scope_spans:
                    taken.spans.extend(scope.spans)
            self.send_response(answers)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield taken
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
