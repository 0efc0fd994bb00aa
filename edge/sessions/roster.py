"""Who is watched here: admission up to the rating, one assignment per session, and who may sit down.

No clock, no socket: sessions are whatever its owner puts in. A session that ended is remembered for a while,
so that a `start` that comes late does not raise it from the dead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from shared.errors import Corrupt, Rejected
from shared.messages import StartSession
from shared.sealing import parse_signing_public
from shared.tokens import Audience, Role, verify

MAX_ENDED: Final = 2_000


class Watched(Protocol):
    """What the roster knows of a session."""

    @property
    def order(self) -> StartSession: ...


S = TypeVar("S", bound=Watched)


class Roster(Generic[S]):
    """The running sessions by their internal id."""

    def __init__(self, rating: int) -> None:
        """`rating`: sessions this host takes."""
        self.rating = rating
        self._sessions: dict[UUID, S] = {}
        self._ended: OrderedDict[UUID, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[S]:
        return iter(list(self._sessions.values()))

    def check(self, order: StartSession, now_utc: datetime) -> S | None:
        """What runs under this session already: the same assignment (nothing is to do) or an older one, which
        the new one replaces. None: a new session may be added.

        Raises `Rejected`: 409 ("epoch-old", "session-ended"), 410 ("session-expired"), 503 ("node-full").
        """
        if order.expires_utc <= now_utc:
            raise Rejected("the session has expired", code="session-expired", status=410)
        running = self._sessions.get(order.session_id)
        if running is not None and order.epoch < running.order.epoch:
            raise Rejected("a newer assignment of this session runs here", code="epoch-old", status=409)
        if order.epoch <= self._ended.get(order.session_id, 0):
            raise Rejected("the session has ended here", code="session-ended", status=409)
        if running is None and len(self._sessions) >= self.rating:
            raise Rejected(
                f"this node watches {self.rating} sessions and takes no more; start it on another node",
                code="node-full",
                status=503,
            )
        return running

    def add(self, session: S) -> None:
        """Take a session in, in place of an older assignment of it."""
        self._sessions[session.order.session_id] = session

    def find(self, session_id: UUID) -> S:
        """Raises `Rejected` (404) for a session that does not run here."""
        session = self._sessions.get(session_id)
        if session is None:
            raise Rejected("no such session runs on this node", code="session-unknown", status=404)
        return session

    def forget(self, session_id: UUID) -> S | None:
        """Take out a session that failed: it may be started again. Returns what ran."""
        return self._sessions.pop(session_id, None)

    def end(self, session_id: UUID) -> S | None:
        """Take out a session that is over, for good under this epoch. Returns what ran."""
        session = self.forget(session_id)
        if session is not None:
            self._ended[session_id] = session.order.epoch
            while len(self._ended) > MAX_ENDED:
                self._ended.popitem(last=False)
        return session

    def expire(self, now_utc: datetime) -> list[S]:
        """Take out the sessions past their time, not for good: this host's clock may have jumped, and once it
        is right again the coordinator starts what still runs. Until then `check` refuses them as expired.
        """
        expired = [session for session in self if session.order.expires_utc <= now_utc]
        for session in expired:
            self.forget(session.order.session_id)
        return expired

    def bearer(self, session_id: UUID, token: str) -> S:
        """The session that a candidate's token opens.

        Raises `Rejected`: 404 for an unknown session, 401 for a bad token, 403 for another session's.
        """
        session = self.find(session_id)
        try:
            key = parse_signing_public(session.order.token_key)
        except Corrupt as error:
            raise Rejected(
                "the session came without a token key", code="token-invalid", status=401
            ) from error
        claims = verify(token, key, audience=Audience.EDGE)
        if claims.role is not Role.CANDIDATE or claims.session_id != session_id:
            raise Rejected("the token is for another session", code="not-yours", status=403)
        return session
