"""Makes the node's reports about itself: health, heartbeat and metrics."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from edge.config import EdgeConfig
from edge.fleet.actions import NodeActions
from edge.fleet.assignments import Assignments
from edge.fleet.at_hand import NetworksAtHand
from edge.fleet.commands import Commands
from edge.fleet.configuring import Configuring
from edge.fleet.feature_log import LoggedFeatures
from edge.fleet.gpus import gpu_percent, open_nvml
from edge.fleet.health import Health, Vitals, health_of
from edge.fleet.measures import measures_of
from edge.fleet.metrics import Metrics, Readings
from edge.fleet.states import States
from edge.fleet.stepping import Stepping
from edge.media.lateness import Lateness
from edge.node_identity import Identity
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Publisher
from edge.sessions.port import AssignmentId, Worker, WorkerReport
from edge.workers.status import Statuses
from shared.errors import Unavailable
from shared.hub_link import HubLink
from shared.messages.heartbeats import Heartbeat, OutboxState, SessionState
from shared.web_server.doors import Doors

if TYPE_CHECKING:
    from shared.traces.exporting import Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The running parts of the node."""

    config: EdgeConfig
    identity: Identity
    outbox: OutboxThread
    hub: HubLink
    publisher: Publisher
    states: States
    logged: LoggedFeatures
    worker: Worker
    assignments: Assignments
    actions: NodeActions
    configuring: Configuring
    at_hand: NetworksAtHand
    commands: Commands
    lateness: Lateness
    stepping: Stepping
    metrics: Metrics
    doors: Doors
    traces: Traces | None
    workers: Statuses
    """Those that are processes of their own."""
    until_workers_fail: Callable[[], Coroutine[Any, Any, None]]
    """Raises what makes watching impossible."""
    nvml: Any | None = field(default_factory=open_nvml)
    boot_id: UUID
    """What this run of the daemon is known by."""

    async def health(self) -> Health:
        """The node's health now."""
        return self._health(await self._outbox_states(), await self.worker.report())

    async def heartbeat(self) -> Heartbeat:
        """Make a heartbeat of the node's state now. Raises `Unavailable` while the outbox cannot be read."""
        states, report = await self.outbox.states(), await self.worker.report()
        health = self._health(states, report)
        measures = await asyncio.to_thread(
            measures_of,
            self.stepping.load,
            self.publisher.skew.seconds,
            self.config.data_folder,
            joined=self.config.coordinator.url is not None,
        )
        return Heartbeat(
            node_id=self.identity.node_id,
            boot_id=self.boot_id,
            sent_utc=datetime.now(UTC),
            region=self.config.region,
            sealing_key=self.identity.sealing_public,
            signaling_url=self.config.signaling_url(),
            health=health.score,
            reasons=health.reasons,
            refused_commands=self.commands.refused(),
            level=report.level,
            rating=self.assignments.roster.rating,
            device=report.device,
            models=dict(report.models),
            recognisers=report.recognisers,
            outbox=states,
            sessions=self._states(report),
            seats=self.assignments.held(monotonic()),
            measures=measures,
            answers_for_host=True,
            desired=self.configuring.report,
            hybrid_key=self.commands.hybrid_text,
            at_hand=dict(self.at_hand.known),
        )

    async def pages(self) -> frozenset[tuple[UUID, str]]:
        """The state of each session's page. When it changes, the next heartbeat is sent early."""
        report = await self.worker.report()
        return frozenset((state.session_id, state.phase) for state in self._states(report))

    async def metrics_text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        states, report = await self._outbox_states(), await self.worker.report()
        readings = Readings(
            sessions=len(self.assignments.roster),
            rating=self.assignments.roster.rating,
            level=report.level,
            health=self._health(states, report).score,
            hub_connected=self.hub.connected,
            loop_lag_s=self.lateness.p99_s,
            loop_worst_s=self.lateness.worst_s,
            workers=self.workers(),
            clock_skew_s=self.publisher.skew.seconds,
            queue_depth=report.calls_waiting,
            frames_dropped=self._dropped(report),
            pictures=report.pictures,
            frame_requests={each.value: count for each, count in self.stepping.requests.counts.items()},
            outbox=states,
            messages=self._messages(),
            connections=self.doors.open,
            closed=self.doors.counts,
            connection_errors=report.connection_errors,
            trace_spans={} if self.traces is None else self.traces.counts,
            gpu_percent=await asyncio.to_thread(gpu_percent, self.nvml),
        )
        return self.metrics.text(readings)

    def _dropped(self, report: WorkerReport) -> Counter[str]:
        """Frames and packets not analysed and alerts not kept, over all sessions so far, by reason."""
        return Counter(report.dropped) + Counter({"alert_overflow": self.assignments.overflowed})

    def _states(self, report: WorkerReport) -> tuple[SessionState, ...]:
        """States of the sessions in the roster, without those that are ending."""
        named = {each.id for each in self.assignments.roster}
        return tuple(
            state for state in report.sessions if AssignmentId(state.session_id, state.epoch) in named
        )

    async def _outbox_states(self) -> tuple[OutboxState, ...]:
        try:
            return await self.outbox.states()
        except Unavailable:
            return ()

    def _health(self, states: tuple[OutboxState, ...], report: WorkerReport) -> Health:
        waiting = sum(state.waiting for state in states)
        workers = self.workers()
        return health_of(
            Vitals(
                hub_connected=self.hub.connected,
                outbox_writes=self.publisher.outbox_works and bool(states),
                outbox_fill=waiting / self.config.outbox.max_alerts,
                outboxes_set_aside=self.outbox.set_aside,
                loop_lag_s=max([self.lateness.p99_s, *(worker.loop_p99_s for worker in workers)]),
                loop_worst_s=max([self.lateness.worst_s, *(worker.loop_worst_s for worker in workers)]),
                workers_missing=not all(worker.running for worker in workers),
                clock_skew_s=self.publisher.skew.seconds,
                analysis_works=report.analysis_works,
                overloaded=report.level > self.config.analysis.level_number,
                other_host=self.publisher.other_host,
            )
        )

    def _messages(self) -> dict[str, int]:
        parts = {
            "hub": self.hub.counts,
            "alerts": self.publisher.counts,
            "commands": self.commands.counts,
            "states": self.states.counts,
        }
        return {f"{part}-{what}": count for part, counts in parts.items() for what, count in counts.items()}
