"""One session on the control side: its order, its page, and its alerts until they are on disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from edge.media.latest import Latest
from edge.outbound.alert_writer import AlertWriter
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.port import AssignmentId, Notice, SessionOver, assignment_of
from shared.messages import StartSession

NOTICES: Final = 64
"""Notices that may wait for a slow page; the oldest is dropped first."""

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

    @property
    def id(self) -> AssignmentId:
        return assignment_of(self.order)

    @property
    def overflowed(self) -> int:
        """Alerts lost because the disk failed for too long."""
        return self._writer.overflowed

    def sit_down(self) -> Notices:
        """The notices for a page that has just connected. The earlier page gets no more."""
        self._page.close()
        self._page = Latest(NOTICES)
        return self._page

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
