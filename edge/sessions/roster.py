"""Keeps the sessions of this node: admits as many as have seats, one assignment each; checks their tokens.

It has no clock and no socket, and is generic over its owner's session type. An ended session is remembered
for a while, so that a late `start` does not restart it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from shared.errors import Corrupt, Rejected
from shared.messages.sessions import StartSession
from shared.sealing import parse_signing_public
from shared.tokens import Audience, Role, moved, verify

MAX_ENDED: Final = 2_000
OVERBOOKED: Final = 4
"""How many sessions per seat may be started, because not everybody joins."""
MAX_SESSIONS: Final = 500
"""The most sessions of a heartbeat."""


class Watched(Protocol):
    """What the roster needs to know of a session."""

    @property
    def order(self) -> StartSession: ...


S = TypeVar("S", bound=Watched)


class Roster(Generic[S]):
    """The running sessions, by internal id."""

    def __init__(self, rating: int) -> None:
        """`rating`: the most sessions of this host."""
        self.rating = rating
        self._sessions: dict[UUID, S] = {}
        self._ended: OrderedDict[UUID, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[S]:
        return iter(list(self._sessions.values()))

    def check(self, order: StartSession, now_utc: datetime, held: int | None = None) -> S | None:
        """Check whether a session may be added. Returns what runs for it already: the same assignment (then
        there is nothing to do) or an older one, which the new one replaces; None when nothing runs. `held`:
        the seats that are held; None: every session holds one.

        Raises `Rejected`: 409 ("epoch-old", "session-ended"), 410 ("session-expired"), 503 ("node-full").
        """
        if order.expires_utc <= now_utc:
            raise Rejected("the session has expired", code="session-expired", status=410)
        running = self._sessions.get(order.session_id)
        if running is not None and order.epoch < running.order.epoch:
            raise Rejected("a newer assignment of this session runs here", code="epoch-old", status=409)
        if order.epoch <= self._ended.get(order.session_id, 0):
            raise Rejected("the session has ended here", code="session-ended", status=409)
        started = len(self._sessions)
        full = (started if held is None else held) >= self.rating
        if running is None and (full or started >= min(OVERBOOKED * self.rating, MAX_SESSIONS)):
            raise Rejected(
                f"this node already watches {self.rating} sessions, its limit; another node must take it",
                code="node-full",
                status=503,
            )
        return running

    def add(self, session: S) -> None:
        """Add a session. It replaces an older assignment of the same session."""
        self._sessions[session.order.session_id] = session

    def find(self, session_id: UUID) -> S:
        """Find a running session. Raises `Rejected` (404) when it does not run here."""
        session = self._sessions.get(session_id)
        if session is None:
            raise Rejected("no such session runs on this node", code="session-unknown", status=404)
        return session

    def forget(self, session_id: UUID) -> S | None:
        """Remove a failed session; it may be started again. Returns what ran."""
        return self._sessions.pop(session_id, None)

    def end(self, session_id: UUID, epoch: int | None = None) -> S | None:
        """Remove an ended session; it cannot start again under this epoch. Returns what ran.

        `epoch`: only this assignment is over here, and a later one goes on. The session itself is not over:
        if no other node takes it, it may come back under the same epoch.
        """
        running = self._sessions.get(session_id)
        if running is not None and epoch is not None and running.order.epoch > epoch:
            return None
        session = self.forget(session_id)
        if session is not None and epoch is None:
            self._ended[session_id] = session.order.epoch
            while len(self._ended) > MAX_ENDED:
                self._ended.popitem(last=False)
        return session

    def expire(self, now_utc: datetime) -> list[S]:
        """Remove the sessions past their end time. They may start again: this host's clock may have jumped,
        and once it is right the coordinator restarts those that are not over. Until then `check` refuses
        them as expired.
        """
        expired = [session for session in self if session.order.expires_utc <= now_utc]
        for session in expired:
            self.forget(session.order.session_id)
        return expired

    def bearer(self, session_id: UUID, token: str) -> tuple[S, int | None]:
        """The session that a candidate's token gives access to, and the number of its device.

        Raises `Rejected`: 404 for an unknown session, 401 for an invalid token or one of a device that
        another has replaced (`device-moved`), 403 for another session's token.
        """
        session = self.find(session_id)
        try:
            key = parse_signing_public(session.order.token_key)
        except Corrupt as error:
            raise Rejected("the session has no token key", code="token-invalid", status=401) from error
        claims = verify(token, key, audience=Audience.EDGE)
        if claims.role is not Role.CANDIDATE or claims.session_id != session_id:
            raise Rejected("the token is for another session", code="not-yours", status=403)
        if claims.device is not None and claims.device < session.order.device:
            raise moved()
        return session, claims.device
