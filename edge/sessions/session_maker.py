"""A session from its `start` order and what this node has: perception, watch, the way to the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from edge.analysis.engine import Engine
from edge.analysis.examination import enrolled
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception
from edge.config import EdgeConfig
from edge.fleet.metrics import Metrics
from edge.judging.alerts import RAISED_REVISION, AlertRevision, WatchedSession
from edge.judging.watch import Watch
from edge.media.negotiation import PeerSettings
from edge.media.sdp import AnswerShape
from edge.node_identity import Identity
from edge.outbound.alert_writer import AlertWriter
from edge.outbound.envelope import Envelope, sealer, with_excerpt
from edge.outbound.outbox_thread import OutboxThread
from edge.outbound.publisher import Publisher
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from shared.events.types import lane
from shared.messages import StartSession
from shared.sealing import parse_sealing_public


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaker:
    """What all sessions of this node share."""

    config: EdgeConfig
    identity: Identity
    networks: Networks
    engine: Engine
    outbox: OutboxThread
    publisher: Publisher
    metrics: Metrics
    peer_settings: PeerSettings

    def __call__(self, order: StartSession) -> Session:
        """A session that has not begun. Raises `Corrupt` for keys or templates that are none."""
        return Session(
            order,
            Parts(
                perceive=self._perception,
                peer_settings=self.peer_settings,
                writer=self._writer(order),
                open_watch=self._watch,
            ),
        )

    def _perception(self, order: StartSession) -> Perception:
        return Perception(
            order.session_id,
            self.engine,
            self.networks,
            policy=order.policy,
            templates=enrolled(order.templates),
            level=self.config.analysis.level_number,
        )

    def _writer(self, order: StartSession) -> AlertWriter:
        envelope = Envelope(
            tenant_id=order.tenant_id,
            session_id=order.session_id,
            epoch=order.epoch,
            key_id=order.seal_key_id,
            seal_to=parse_sealing_public(order.seal_key),
            transcript_key_id=order.transcript_key_id,
            transcripts_to=parse_sealing_public(order.transcript_key) if order.transcript_key else None,
        )

        async def commit(revision: AlertRevision) -> None:
            seal = sealer(
                with_excerpt(revision, envelope, self.identity),
                revision.revision,
                envelope,
                self.identity,
                outbox_id=self.outbox.outbox_id,
                now_utc=datetime.now(UTC),
            )
            await self.publisher.add(lane(revision.alert.event_type), seal)
            if revision.revision == RAISED_REVISION:
                self.metrics.alerted(revision.alert.event_type)

        return AlertWriter(commit)

    def _watch(self, order: StartSession, started_utc: datetime) -> Watch:
        return Watch(self._watched(order, started_utc), level=self.config.analysis.level_number)

    def _watched(self, order: StartSession, started_utc: datetime) -> WatchedSession:
        return WatchedSession(
            session_id=order.session_id,
            exam_session_id=order.exam_session_id,
            candidate_id=order.candidate_id,
            exam_id=order.exam_id,
            policy=order.policy,
            started_utc=started_utc,
            node_id=self.identity.node_id,
            region=self.config.region,
            models=self.networks.labels,
            device=self.networks.device,
        )


def peer_settings(config: EdgeConfig) -> PeerSettings:
    """How candidates' connections are made on this node. Raises `ConfigError` for a secret's file."""
    answer = AnswerShape(announced_ip=config.media.announced_ip)
    return PeerSettings(ice_servers=config.media.read_ice_servers(), answer=answer)
