"""Keeps one session on the control side: its order, its pages, and its alerts until they are on disk."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from edge.media.latest import Latest
from edge.outbound.alert_writer import AlertWriter
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.attendance import Attendance
from edge.sessions.port import AssignmentId, Delivers, Moved, Notice, PageId, SessionOver, assignment_of
from shared.errors import Rejected, Unavailable
from shared.messages.sessions import StartSession
from shared.rates import Bucket, Rate
from shared.tokens import moved

NOTICES: Final = 64
"""Notices that may wait for a slow page; the oldest is dropped first."""
PAGES: Final = 4
"""Pages of a session that may be connected at a time: one that is watched, and others that do not deliver
anything yet."""

CONNECTS: Final = Rate(burst=12, per_s=1.0)
"""How often a session's pages may open sockets and streams. A page waits up to 4 s between reconnects."""
OFFERS: Final = Rate(burst=8, per_s=0.5)
"""How often a session's pages may send offers. Each blocks the node's event loop for some milliseconds."""

Commit = Callable[[OutgoingAlert], Awaitable[None]]
"""Puts one alert on disk; raises `Unavailable` (try again) or `Corrupt` (do not try again)."""


@dataclass(eq=False, slots=True)
class Page:
    """A candidate's page that is connected to this node."""

    id: PageId
    device: int | None
    """The number of the device that it is on (`Claims.device`)."""
    notices: Latest[Mapping[str, Any]] = field(default_factory=lambda: Latest(NOTICES))
    replaced: Rejected | Unavailable | None = None
    """Why it gets no more notices; None: it still gets them. `Unavailable`: it must connect again."""

    def replace(self, why: Rejected | Unavailable) -> None:
        """End its notices, because another page replaces it or it must connect again."""
        self.replaced = why
        self.notices.close()


class Assignment:
    """One session of this node, from its start until its last alert is on disk."""

    def __init__(self, order: StartSession, commit: Commit, frames_per_s: int | None = None) -> None:
        """`frames_per_s`: what its pages are to send; None: what they send by themselves."""
        self.order = order
        """The order in force."""
        self._writer = AlertWriter(commit)
        self.asked = order
        """The order that came last; it may not be in force yet."""
        self.attendance: Attendance | None = None
        """Whether its page is here; None: not looked at yet."""
        self._pages: list[Page] = []
        """The pages that get notices, in the order in which they connected. Of those that deliver media only
        the newest is among them, as the first."""
        self._frames_per_s = frames_per_s
        self._connects = Bucket(CONNECTS)
        self._offers = Bucket(OFFERS)

    @property
    def id(self) -> AssignmentId:
        return assignment_of(self.order)

    @property
    def overflowed(self) -> int:
        """Alerts lost because the disk failed for too long."""
        return self._writer.overflowed

    def sit_down(self, page: Page, now: float) -> None:
        """Let a page that has just connected get notices. The earlier ones stay until it delivers media; but
        of too many, the one that has waited longest to deliver any is ended.

        Raises `Rejected` (429) when pages connect too often.
        """
        _check(self._connects, now, "this session's pages connect too often")
        self._pages.append(page)
        if len(self._pages) > PAGES:
            self._pages.pop(1).replace(_elsewhere())
        if self._frames_per_s is not None:
            page.notices.put(_rate(self._frames_per_s))

    def ask_pages(self, frames_per_s: int) -> None:
        """Ask its pages, also those that connect later, to send this many frames per second."""
        self._frames_per_s = frames_per_s
        for page in self._pages:
            page.notices.put(_rate(frames_per_s))

    def stand_up(self, page: Page) -> None:
        """Forget a page that has left on purpose."""
        page.notices.close()
        if page in self._pages:
            self._pages.remove(page)

    def take(self, order: StartSession) -> tuple[PageId, ...]:
        """Put a changed order in force. Returns the pages that must end, because they are on a device that
        another has replaced."""
        self.order = order
        ending = [page for page in self._pages if page.device is not None and page.device < order.device]
        for page in ending:
            self._pages.remove(page)
            page.replace(moved())
        return tuple(page.id for page in ending)

    def check_offer(self, now: float) -> None:
        """Check that another offer is allowed now. Raises `Rejected` (429) when its pages send too many."""
        _check(self._offers, now, "this session's pages send too many offers")

    def hear(self, told: OutgoingAlert | Notice | SessionOver | Moved | Delivers) -> None:
        """Handle a message from the worker about this session."""
        match told:
            case OutgoingAlert():
                self._writer.write(told)
            case Notice():
                for page in self._pages:
                    page.notices.put(told.message)
            case Delivers():
                self._end_before(told.page)
            case Moved():
                for page in self._pages:
                    page.replace(_connect_again())
                self._pages.clear()
            case SessionOver():
                for page in self._pages:
                    page.notices.close()
                self._writer.close()

    async def caught_up(self) -> None:
        """Return when every alert heard so far is on disk or lost."""
        await self._writer.caught_up()

    async def write(self) -> None:
        """Put alerts on disk as they arrive, until the session is over and the last one is on disk."""
        await self._writer.run()

    def _end_before(self, number: UUID) -> None:
        """End the pages that connected before this one."""
        numbers = [page.id.number for page in self._pages]
        if number in numbers:
            place = numbers.index(number)
            for page in self._pages[:place]:
                page.replace(_elsewhere())
            del self._pages[:place]


def _rate(frames_per_s: int) -> Mapping[str, Any]:
    return {"type": "rate", "frames_per_second": frames_per_s}


def _elsewhere() -> Rejected:
    return Rejected("your exam is open in another window", code="open-elsewhere", status=409)


def _connect_again() -> Unavailable:
    return Unavailable("the connection was lost on our side; connect again", retry_after_s=1)


def _check(bucket: Bucket, now: float, reason: str) -> None:
    wait_s = math.ceil(bucket.wait_s(now))
    if wait_s:
        raise Rejected(
            f"{reason}; wait {wait_s} s", code="too-many-requests", status=429, retry_after_s=wait_s
        )
