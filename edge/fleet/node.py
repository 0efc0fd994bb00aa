"""What this node says of itself: its health, its heartbeat, its metrics."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final
from uuid import UUID, uuid4

from edge.analysis.engine import Engine
from edge.analysis.networks import Networks
from edge.config import EdgeConfig
from edge.fleet.actions import NodeActions
from edge.fleet.commands import Commands
from edge.fleet.health import Health, Vitals, health
from edge.fleet.lag import LoopLag
from edge.fleet.metrics import Metrics, Readings
from edge.hub import Hub
from edge.node_identity import Identity
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Publisher
from edge.sessions.roster import Roster
from edge.sessions.session import Session
from shared.errors import Unavailable
from shared.events.looks import Look
from shared.messages import Heartbeat, OutboxState

MAX_RESTARTS: Final = 5
RESTART_WINDOW_S: Final = 60.0
"""SPEC 5: an engine that had to be restarted more often than this within a minute does not work."""


class Restarts:
    """The engine's latest restarts."""

    def __init__(self) -> None:
        self._at: deque[float] = deque(maxlen=MAX_RESTARTS + 1)

    def note(self, _: str) -> None:
        """The engine was restarted over a stuck call, now."""
        self._at.append(monotonic())

    def too_many(self, now: float) -> bool:
        """Whether the last minute saw more of them than an engine may have."""
        return sum(now - at <= RESTART_WINDOW_S for at in self._at) > MAX_RESTARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The running parts, to be asked."""

    config: EdgeConfig
    identity: Identity
    networks: Networks
    engine: Engine
    restarts: Restarts
    outbox: OutboxThread
    hub: Hub
    publisher: Publisher
    roster: Roster[Session]
    actions: NodeActions
    commands: Commands
    lag: LoopLag
    metrics: Metrics
    boot_id: UUID = field(default_factory=uuid4)

    async def health(self) -> Health:
        """How well the node is now."""
        return self._health(await self._outbox_states())

    async def heartbeat(self) -> Heartbeat:
        """The node's state now. Raises `Unavailable` while the outbox cannot be read."""
        states = await self.outbox.states()
        health = self._health(states)
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
            level=self.config.analysis.level_number,
            rating=self.roster.rating,
            device=self.networks.device,
            models=self.networks.labels,
            recognisers=tuple(recogniser.name for recogniser in self.networks.recognisers),
            outbox=states,
            sessions=tuple(session.state() for session in self.roster),
        )

    async def metrics_text(self) -> bytes:
        """Everything counted, in Prometheus' text form."""
        states = await self._outbox_states()
        readings = Readings(
            sessions=len(self.roster),
            level=self.config.analysis.level_number,
            health=self._health(states).score,
            hub_connected=self.hub.connected,
            loop_lag_s=self.lag.p99_s,
            loop_worst_s=self.lag.worst_s,
            clock_skew_s=self.publisher.skew.seconds,
            queue_depth={look.value: self.engine.depth(look) for look in Look},
            frames_dropped=self.actions.dropped(),
            outbox=states,
            messages=self._messages(),
        )
        return self.metrics.text(readings)

    async def _outbox_states(self) -> tuple[OutboxState, ...]:
        try:
            return await self.outbox.states()
        except Unavailable:
            return ()

    def _health(self, states: tuple[OutboxState, ...]) -> Health:
        waiting = sum(state.waiting for state in states)
        return health(
            Vitals(
                hub_connected=self.hub.connected,
                outbox_writes=self.publisher.outbox_works and bool(states),
                outbox_fill=waiting / self.config.outbox.max_alerts,
                outboxes_set_aside=self.outbox.set_aside,
                loop_lag_s=self.lag.p99_s,
                loop_worst_s=self.lag.worst_s,
                clock_skew_s=self.publisher.skew.seconds,
                analysis_works=not self.restarts.too_many(monotonic()) and not self.engine.rests(),
            )
        )

    def _messages(self) -> dict[str, int]:
        parts = {"hub": self.hub.counts, "alerts": self.publisher.counts, "commands": self.commands.counts}
        return {f"{part}-{what}": count for part, counts in parts.items() for what, count in counts.items()}
