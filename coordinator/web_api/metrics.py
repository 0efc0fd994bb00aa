"""Prometheus metrics of one coordinator; no label names a session or a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web_server.doors import Doors

_METHODS: Final = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})
_DURATIONS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


Labelled = Mapping[tuple[str, ...], float]
"""Values by those of their labels."""


class Metrics:
    """The registry and the HTTP metrics; other parts add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "coordinator_http_requests",
            "Answered HTTP requests.",
            ("method", "operation", "status"),
            registry=self.registry,
        )
        self.doors: Doors | None = None
        """The doors of the HTTP server, once it runs."""
        self.registry.register(_Connections(self))
        self.durations = Histogram(
            "coordinator_http_request_duration_seconds",
            "Time to answer an HTTP request.",
            ("operation",),
            buckets=_DURATIONS_S,
            registry=self.registry,
        )

    def read(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge that reads another part's counter at each scrape."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def read_each(self, name: str, text: str, labels: Sequence[str], values: Callable[[], Labelled]) -> None:
        """Add a gauge with labels; `values` gives all of them at each scrape."""
        self.registry.register(_Gauges(name, text, labels, values))

    def read_counts(self, name: str, text: str, counts: Mapping[str, int]) -> None:
        """Add a counter per key of another part's counts, read at each scrape."""
        self.registry.register(_Counts(name, text, counts))


class _Connections(Collector):
    """The connections of the server in front."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        doors = self._metrics.doors
        if doors is None:
            return
        yield GaugeMetricFamily("coordinator_open_connections", "Open connections.", value=doors.open)
        text = "Connections closed from this side, by reason."
        yield from _Counts("coordinator_connections_closed", text, doors.counts).collect()


class _Counts(Collector):
    def __init__(self, name: str, text: str, counts: Mapping[str, int]) -> None:
        self._name, self._text, self._counts = name, text, counts

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._text, labels=("what",))
        for key, value in sorted(self._counts.items()):
            family.add_metric((str(key),), value)
        return [family]


class _Gauges(Collector):
    def __init__(self, name: str, text: str, labels: Sequence[str], values: Callable[[], Labelled]) -> None:
        self._name, self._text, self._labels, self._values = name, text, labels, values

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for key, value in sorted(self._values().items()):
            family.add_metric(key, value)
        return [family]


class RequestMetrics:
    """ASGI layer that counts and times requests by operation, never by path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            operation = _operation(scope.get("route"))
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, operation, status).inc()
            self._metrics.durations.labels(operation).observe(time.monotonic() - started)


def _operation(route: BaseRoute | None) -> str:
    return getattr(route, "name", "none")
