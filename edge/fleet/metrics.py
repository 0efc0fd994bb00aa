"""Provides the node's metrics in Prometheus' text format, with fixed names and without `session_id`.

Histograms and counters of single occurrences are kept here. Counts of other parts are read on request
(`Readings`), so that nothing is counted twice.
"""

from __future__ import annotations

from collections import Counter as Totals
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.analysis.measured import Looked, Measured
from edge.workers.status import WorkerStatus
from shared.events.types import EventType
from shared.messages.heartbeats import OutboxState
from shared.severity import severity_word

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Values read at the moment of the request."""

    sessions: int
    rating: int
    """The most sessions of this node."""
    level: int
    health: int
    hub_connected: bool
    loop_lag_s: float
    loop_worst_s: float
    workers: tuple[WorkerStatus, ...]
    """Those that are processes of their own."""
    clock_skew_s: float
    queue_depth: Mapping[str, int]
    """Waiting calls, by task."""
    frames_dropped: Mapping[str, int]
    """Frames and packets that were not analysed, by reason, over all sessions so far."""
    pictures: Mapping[str, int]
    """What became of the pictures that reached a session."""
    frame_requests: Mapping[str, int]
    """Requests to pages for fewer frames, by outcome."""
    outbox: tuple[OutboxState, ...]
    messages: Mapping[str, int]
    """Counts of hub, publisher, commands and heartbeat, by name."""
    connections: int
    """Open connections of candidates' pages."""
    closed: Mapping[str, int]
    """Connections and sockets closed from this side, by reason."""
    connection_errors: Mapping[str, int]
    """WebRTC connections that were refused or failed, by cause."""
    trace_spans: Mapping[str, int]
    """Spans of traces by result; empty where no traces are made."""
    gpu_percent: Mapping[str, float]
    """Load of each GPU by its number; empty if this host has none that can be read."""


class Metrics:
    """One process's metrics, in a registry of its own. The label `model` has the network's `name@version`; a
    call that runs several networks, or an unknown one, is labelled with its task."""

    def __init__(self, models: Mapping[str, str]) -> None:
        """`models`: the network of each task."""
        self._models = models
        registry = self._registry = CollectorRegistry()
        self._snapshot = _Snapshot(models)
        registry.register(self._snapshot)
        self._processed = Counter(
            "frames_processed", "Frames and windows processed", ["model"], registry=registry
        )
        self._latency = Histogram(
            "inference_latency_seconds",
            "Time in the network",
            ["model"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._queued = Histogram(
            "inference_queue_seconds",
            "Time before the network was free",
            ["model"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._decided = Histogram(
            "frame_to_decision_seconds",
            "Time from an analysed picture's capture until the rules have judged it",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._errors = Counter(
            "model_errors", "Failed calls to a network", ["model", "error_type"], registry=registry
        )
        self._skipped = Counter(
            "inference_skipped", "Calls that gave no result", ["model", "reason"], registry=registry
        )
        self._alerts = Counter(
            "alerts_generated", "Alerts raised", ["event_type", "severity"], registry=registry
        )
        self._dispatch = Histogram(
            "alert_dispatch_latency_seconds",
            "Time from an alert on disk until the hub has acknowledged it, without backlogs of earlier runs",
            ["transport"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )

    def measured(self, told: Measured | Looked) -> None:
        """Count a finished call to a network or an analysed picture, as workers report them."""
        if isinstance(told, Looked):
            self._decided.observe(told.whole_s)
        else:
            self.called(told)

    def called(self, measured: Measured) -> None:
        """Count a finished call to a network, as the engine reports it."""
        model, outcome = self._models.get(measured.task, measured.task), measured.outcome
        if outcome in ("done", "failed"):
            self._latency.labels(model).observe(measured.run_s)
            self._queued.labels(model).observe(measured.queued_s)
        else:
            self._skipped.labels(model, outcome).inc()
        if outcome == "done":
            self._processed.labels(model).inc()
        elif outcome in ("failed", "stuck"):
            self._errors.labels(model, measured.error_type or outcome).inc()

    def alerted(self, event: EventType, severity: float) -> None:
        """Count one raised alert."""
        self._alerts.labels(event.value, severity_word(severity)).inc()

    def dispatched(self, latency_s: float) -> None:
        """Note how long an alert took from the disk to the hub."""
        self._dispatch.labels("nats").observe(latency_s)

    def text(self, readings: Readings) -> bytes:
        """All metrics in Prometheus' text format."""
        self._snapshot.readings = readings
        return generate_latest(self._registry)


class _Snapshot(Collector):
    """Turns the last readings into metrics."""

    def __init__(self, models: Mapping[str, str]) -> None:
        self._models = models
        self.readings: Readings | None = None

    def collect(self) -> Iterator[Metric]:
        now = self.readings
        if now is None:
            return
        yield _gauge("active_exam_sessions", "Sessions watched", now.sessions)
        yield _gauge("session_rating", "The most sessions of this node", now.rating)
        yield _gauge("degradation_level", "0 full on GPU … 4 presence and identity only", now.level)
        yield _gauge("node_health", "0 broken … 10 healthy", now.health)
        yield _gauge("hub_connected", "1 while the hub is connected", int(now.hub_connected))
        yield _gauge("event_loop_lag_p99_seconds", "Lateness of the event loop", now.loop_lag_s)
        yield _gauge("event_loop_lag_max_seconds", "Longest block of the last minute", now.loop_worst_s)
        yield from _workers(now.workers)
        yield _gauge("clock_skew_seconds", "The coordinator's clock less this node's", now.clock_skew_s)
        depth: Totals[str] = Totals()
        for task, waiting in now.queue_depth.items():
            depth[self._models.get(task, task)] += waiting
        yield _gauges("inference_queue_depth", "Waiting calls", "model", depth)
        if now.gpu_percent:
            yield _gauges("gpu_utilization_percent", "Load of a GPU", "gpu_id", now.gpu_percent)
        yield _counters("media_dropped", "Frames and packets not analysed", "reason", now.frames_dropped)
        yield from _pictures(now.pictures)
        asked = now.frame_requests
        yield _counters("frame_requests", "Requests to pages for fewer frames", "outcome", asked)
        yield _counters("messages", "Counts of messages to and from the hub", "what", now.messages)
        errors = now.connection_errors
        yield _counters("webrtc_connection_errors", "Connections refused or failed", "error_type", errors)
        if now.trace_spans:
            yield _counters("trace_spans", "Spans of traces by result", "what", now.trace_spans)
        yield _gauge("open_connections", "Open connections of pages", now.connections)
        yield _counters("connections_closed", "Connections closed from this side", "reason", now.closed)
        yield from _outbox(now.outbox)


def _pictures(pictures: Mapping[str, int]) -> Iterator[Metric]:
    done = {what: count for what, count in pictures.items() if what != "waiting"}
    yield _counters("pictures", "What became of the pictures that reached a session", "what", done)
    yield _gauge("pictures_waiting", "Pictures that wait to be looked at", pictures.get("waiting", 0))


def _workers(workers: tuple[WorkerStatus, ...]) -> Iterator[Metric]:
    """Labelled with a worker's number, of which there are a few."""
    if not workers:
        return
    named = {str(worker.number): worker for worker in workers}
    running = {number: int(worker.running) for number, worker in named.items()}
    yield _gauges("worker_running", "1 while a worker's process runs", "worker", running)
    sessions = {number: worker.sessions for number, worker in named.items()}
    yield _gauges("worker_sessions", "Sessions of a worker", "worker", sessions)
    late_s = {number: worker.loop_p99_s for number, worker in named.items()}
    yield _gauges("worker_loop_lag_p99_seconds", "Lateness of a worker's event loop", "worker", late_s)
    ends = {number: worker.ends for number, worker in named.items()}
    yield _counters("worker_ends", "How often a worker's process has ended or hung", "worker", ends)


def _outbox(states: tuple[OutboxState, ...]) -> Iterator[Metric]:
    depth = GaugeMetricFamily("outbox_depth", "Alerts not yet committed by the coordinator", labels=["lane"])
    dropped = CounterMetricFamily("outbox_dropped", "Alerts deleted at the outbox limit", labels=["lane"])
    for state in states:
        depth.add_metric([state.lane.value], state.waiting)
        dropped.add_metric([state.lane.value], state.dropped)
    yield depth
    yield dropped


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _counters(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
