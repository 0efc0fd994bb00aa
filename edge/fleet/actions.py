"""What the node does when the coordinator tells it to: start, change, end, enroll, compare, verify."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from edge.analysis.engine import Engine
from edge.analysis.enrolling import decode_picture, enrolled_picture
from edge.analysis.examination import examine
from edge.analysis.networks import Networks
from edge.config import EdgeConfig
from edge.fleet.compared import compared
from edge.fleet.verified import verified_frame
from edge.sessions.roster import Roster
from edge.sessions.session import Session
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.face_messages import ComparedTemplates, CompareTemplates
from shared.messages import (
    EndSession,
    EnrolledPicture,
    SessionAccepted,
    SessionChanged,
    SessionEnded,
    StartSession,
    VerifiedFrame,
    VerifyFrame,
)
from shared.policy.terms import Gate

log = logging.getLogger(__name__)

END_TIMEOUT_S: Final = 3.5
"""For the last alerts to reach the disk; the coordinator waits 5 s for the reply."""


class NodeActions:
    """Keeps the running sessions' tasks; `close` ends them all."""

    def __init__(
        self,
        config: EdgeConfig,
        roster: Roster[Session],
        engine: Engine,
        networks: Networks,
        make: Callable[[StartSession], Session],
    ) -> None:
        """`make` builds a session; it may raise `Corrupt` for an order that cannot be obeyed."""
        self._config = config
        self._roster = roster
        self._engine = engine
        self._networks = networks
        self._make = make
        self._running: dict[Session, asyncio.Task[None]] = {}
        self._former_drops: Counter[str] = Counter()
        self._closing = False

    async def start(self, order: StartSession) -> SessionAccepted:
        """Watch a session. Started again with the same epoch, it answers as before."""
        if self._closing:
            raise Unavailable("this node is ending; start the session on another one")
        running = self._roster.check(order, datetime.now(UTC))
        if running is None or running.order.epoch != order.epoch:
            session = self._make(order)
            if running is not None:
                running.end()
            self._roster.add(session)
            self._running[session] = asyncio.create_task(self._supervise(session))
        return SessionAccepted(
            session_id=order.session_id,
            signaling_url=self._config.signaling_url(order.session_id),
            whip_url=self._config.whip_url(order.session_id),
        )

    async def change(self, order: StartSession) -> SessionChanged:
        """Go on with a running session under a changed order of its epoch; twice the same is harmless.

        Raises `Rejected`: 404 for a session that does not run here, 409 ("epoch-old") for another assignment.
        """
        session = self._roster.find(order.session_id)
        if order.epoch != session.order.epoch:
            raise Rejected("another assignment of this session runs here", code="epoch-old", status=409)
        session.change(order)
        return SessionChanged(
            session_id=order.session_id, policy_version=order.policy.version, paused=order.paused
        )

    async def end(self, order: EndSession) -> SessionEnded:
        """End a session; its last alerts are on disk on return, if the disk takes them in time."""
        session = self._roster.end(order.session_id)
        if session is not None:
            await self._stop(session)
        return SessionEnded(session_id=order.session_id, was_running=session is not None)

    async def end_expired(self) -> None:
        """End every session whose time is over."""
        for session in self._roster.expire(datetime.now(UTC)):
            await self._stop(session)

    async def close(self) -> None:
        """End every session and take no more, for the daemon's own end."""
        self._closing = True
        for session in self._running:
            session.end()
        await asyncio.gather(*self._running.values())

    def dropped(self) -> Counter[str]:
        """Frames, packets and alerts of all sessions so far that were not looked at or kept, by reason."""
        return sum((session.dropped() for session in self._running), self._former_drops)

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        """Examine one picture; nothing of it is kept."""
        picture = await asyncio.to_thread(decode_picture, jpeg, "the picture")
        examined = await self._engine.run("enrollment", partial(examine, self._networks, picture.frame, gate))
        return enrolled_picture(examined)

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        """Compare templates; nothing of them is kept."""
        return await asyncio.to_thread(compared, order, self._networks.recognisers)

    async def verify(self, order: VerifyFrame) -> VerifiedFrame:
        """Compare one frame, or the newest, with the enrolled face."""
        session = self._roster.find(order.session_id)
        frame = await session.frame(order.frame_id)
        examined, check = await session.perception.verify(await asyncio.to_thread(frame.to_bgr))
        threshold = session.order.policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
        return verified_frame(frame, examined, check, threshold, session.utc(frame.at_s))

    async def _stop(self, session: Session) -> None:
        session.end()
        await asyncio.wait({self._running[session]}, timeout=END_TIMEOUT_S)

    async def _supervise(self, session: Session) -> None:
        """A session that fails ends alone; its page will ask for another node."""
        extra = {"session_id": str(session.order.session_id)}
        log.info("a session begins", extra=extra)
        try:
            await session.run()
        except Exception:
            log.exception("a session failed", extra=extra)
        finally:
            del self._running[session]
            self._former_drops += session.dropped()
            if session in self._roster:
                self._roster.forget(session.order.session_id)
            log.info("a session is over", extra=extra)
