"""Keeps one session on the control side: its order, its page, and its alerts until they are on disk."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from edge.media.latest import Latest
from edge.outbound.alert_writer import AlertWriter
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.port import AssignmentId, Notice, SessionOver, assignment_of
from shared.errors import Rejected
from shared.messages.sessions import StartSession
from shared.rates import Bucket, Rate

NOTICES: Final = 64
"""Notices that may wait for a slow page; the oldest is dropped first."""

CONNECTS: Final = Rate(burst=12, per_s=1.0)
"""How often a session's pages may open sockets and streams. A page waits up to 4 s between reconnects."""
OFFERS: Final = Rate(burst=8, per_s=0.5)
"""How often a session's pages may send offers. Each blocks the node's event loop for some milliseconds."""

Notices = Latest[Mapping[str, Any]]
Commit = Callable[[OutgoingAlert], Awaitable[None]]
"""Puts one alert on disk; raises `Unavailable` (try again) or `Corrupt` (do not try again)."""


class Assignment:
    """One session of this node, from its start until its last alert is on disk."""

    def __init__(self, order: StartSession, commit: Commit) -> None:
        self.order = order
        """The order in force."""
        self._writer = AlertWriter(commit)
        self._page: Notices = Latest(NOTICES)
        self._connects = Bucket(CONNECTS)
        self._offers = Bucket(OFFERS)

    @property
    def id(self) -> AssignmentId:
        return assignment_of(self.order)

    @property
    def overflowed(self) -> int:
        """Alerts lost because the disk failed for too long."""
        return self._writer.overflowed

    def sit_down(self, now: float) -> Notices:
        """The notices for a page that has just connected. The earlier page gets no more.

        Raises `Rejected` (429) when pages connect too often; then the earlier page stays.
        """
        _check(self._connects, now, "this session's pages connect too often")
        self._page.close()
        self._page = Latest(NOTICES)
        return self._page

    def check_offer(self, now: float) -> None:
        """Check that another offer is allowed now. Raises `Rejected` (429) when its pages send too many."""
        _check(self._offers, now, "this session's pages send too many offers")

    def hear(self, told: OutgoingAlert | Notice | SessionOver) -> None:
        """Handle a message from the worker about this session."""
        match told:
            case OutgoingAlert():
                self._writer.write(told)
            case Notice():
                self._page.put(told.message)
            case SessionOver():
                self._page.close()
                self._writer.close()

    async def write(self) -> None:
        """Put alerts on disk as they arrive, until the session is over and the last one is on disk."""
        await self._writer.run()


def _check(bucket: Bucket, now: float, reason: str) -> None:
    wait_s = math.ceil(bucket.wait_s(now))
    if wait_s:
        raise Rejected(
            f"{reason}; wait {wait_s} s", code="too-many-requests", status=429, retry_after_s=wait_s
        )
