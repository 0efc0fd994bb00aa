"""Builds a session from its `start` order: senses, connections, watch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from edge.analysis.examination import enrolled
from edge.analysis.instruments import Instruments
from edge.analysis.perception import Perception
from edge.judging.alerts import WatchedSession
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.negotiation import PeerSettings
from edge.media.peer import Peer
from edge.sessions.port import Tell
from edge.sessions.session import Session
from edge.sessions.session_parts import Parts
from edge.sessions.shadow import shadow_of
from shared.ice import for_session
from shared.messages.sessions import StartSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaker:
    """Builds sessions from the parts that all sessions of one process share."""

    node_id: UUID
    region: str
    instruments: Instruments
    tell: Tell
    peer_settings: PeerSettings

    def __call__(self, order: StartSession) -> Session:
        """Build a session that has not begun. Raises `Corrupt` for invalid keys or templates."""
        return Session(
            order,
            Parts(
                perceive=self._perception,
                make_source=self._peer,
                open_watch=self._watch,
                level=self.instruments.level,
                shadow=lambda one: shadow_of(one, self.instruments),
                tell=self.tell,
            ),
        )

    def _peer(self, order: StartSession, clock: SessionClock, frames_before: int) -> Peer:
        """A connection with the servers' passwords of the session as long as it lasts now."""
        servers = for_session(self.peer_settings.ice_servers, order.session_id, order.expires_utc)
        return Peer(replace(self.peer_settings, ice_servers=servers), clock, frames_before)

    def _perception(self, order: StartSession) -> Perception:
        return Perception(
            order.session_id,
            self.instruments.engine,
            self.instruments.versions.of(order.networks),
            policy=order.policy,
            templates=enrolled(order.templates),
            level=self.instruments.level,
        )

    def _watch(self, order: StartSession, started_utc: datetime) -> Watch:
        return Watch(self._watched(order, started_utc), level=self.instruments.level.number)

    def _watched(self, order: StartSession, started_utc: datetime) -> WatchedSession:
        networks = self.instruments.versions.of(order.networks)
        return WatchedSession(
            session_id=order.session_id,
            exam_session_id=order.exam_session_id,
            candidate_id=order.candidate_id,
            exam_id=order.exam_id,
            policy=order.policy,
            started_utc=started_utc,
            node_id=self.node_id,
            region=self.region,
            models=networks.labels,
            device=lambda: networks.device,
        )
