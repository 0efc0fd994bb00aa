"""Tracks who listens to which session: one room per session, one bounded queue per listener.

Everything here runs on the event loop and never waits: a listener that is too slow is marked as lost and its
socket closed (1013), so one slow browser delays nobody and uses no memory.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from coordinator.live.messages import ended, moved, reroute, staff_message
from coordinator.live.told import AlertTold, DeviceReplaced, NodeChanged, SessionOver, Told
from coordinator.live.walls import Walls
from shared.alerts import Shown
from shared.errors import Unavailable
from shared.notices import candidate_notice

QUEUE_MESSAGES: Final = 64
"""Messages that wait for one listener; at 64 KiB each that is at most 4 MiB."""
MAX_LISTENERS_PER_SESSION: Final = 20
"""Sockets of staff; the candidate can connect however many proctors watch."""
MAX_OWN_LISTENERS: Final = 4
"""Sockets of the candidate. The newest may enter, and the oldest is closed, since it is mostly a dead one."""
MAX_LISTENERS: Final = 2_000
MAX_LISTENERS_PER_BEARER: Final = 1_000
"""The limit per bearer, so that there is room for others."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open socket. `messages` has JSON texts; None at its end means that the session is over."""

    session_id: UUID
    reference: str
    """The session's exam_session_id."""
    bearer: str
    """The listener (`Claims.bearer`)."""
    for_staff: bool
    device: int | None = None
    """The number of its device (`Claims.device`)."""
    messages: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_MESSAGES))
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set if a message did not fit: the socket must close."""


class Rooms:
    """All listeners of this process. What they are told, `spread` tells the other coordinators."""

    def __init__(self) -> None:
        self.spread: Callable[[Told], None] = lambda _: None
        """Called on the event loop with everything that is told here first; it must not wait."""
        self.listens_elsewhere: Callable[[UUID], Awaitable[bool]] = _nowhere
        """Whether a session's candidate has an open socket at another coordinator."""
        self._rooms: defaultdict[UUID, dict[Listener, None]] = defaultdict(dict)
        """Listeners by session, in the order in which they entered."""
        self._of_bearer: Counter[str] = Counter()
        self.walls = Walls()
        self.listeners = 0
        self.slow = 0
        """Listeners lost since the start because they were too slow."""

    def enter(self, listener: Listener) -> None:
        """Raises `Unavailable` ("too-many-listeners") if session, bearer or process has reached its limit."""
        room = self._rooms.get(listener.session_id, ())
        alike = [other for other in room if other.for_staff is listener.for_staff]
        if (
            (listener.for_staff and len(alike) >= MAX_LISTENERS_PER_SESSION)
            or self._of_bearer[listener.bearer] >= MAX_LISTENERS_PER_BEARER
            or self.listeners >= MAX_LISTENERS
        ):
            raise Unavailable("too many sockets are open here; try later", code="too-many-listeners")
        if not listener.for_staff:
            open_ones = [other for other in alike if not other.lost.is_set()]
            for oldest in open_ones[: max(0, len(open_ones) - MAX_OWN_LISTENERS + 1)]:
                oldest.lost.set()
        self._rooms[listener.session_id][listener] = None
        self._of_bearer[listener.bearer] += 1
        self.listeners += 1

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        room = self._rooms[listener.session_id]
        del room[listener]
        self.listeners -= 1
        self._of_bearer[listener.bearer] -= 1
        self._of_bearer += Counter()  # listeners without sockets are forgotten
        if not room:
            del self._rooms[listener.session_id]

    def candidate_listens(self, session_id: UUID) -> bool:
        """Whether the session's candidate has an open socket here."""
        return any(not listener.for_staff for listener in self._rooms.get(session_id, ()))

    async def candidate_is_there(self, session_id: UUID) -> bool:
        """Whether the session's candidate has an open socket at any coordinator."""
        return self.candidate_listens(session_id) or await self.listens_elsewhere(session_id)

    def shows(self, session_id: UUID) -> bool:
        """Whether anybody here listens to this session or has it on a wall."""
        return session_id in self._rooms or self.walls.show(session_id)

    def tell(self, session_id: UUID, shown: Shown, revision: int) -> None:
        """Tell everybody of an alert, also at the other coordinators."""
        self.tell_here(session_id, shown, revision)
        told = AlertTold(session_id=session_id, alert_id=shown.alert.event_id, revision=revision)
        self.spread(told)

    def end(self, session_id: UUID) -> None:
        """Tell everybody that the session is over, also at the other coordinators; their sockets then
        close."""
        self.end_here(session_id)
        self.spread(SessionOver(session_id=session_id))

    def move(self, session_id: UUID, device: int) -> None:
        """Tell earlier devices of the session that this one has replaced them, also at the other
        coordinators; their sockets then close."""
        self.move_here(session_id, device)
        self.spread(DeviceReplaced(session_id=session_id, device=device))

    def reroute(self, session_id: UUID) -> None:
        """Tell the session's page that its node has changed, also at the other coordinators."""
        self.reroute_here(session_id)
        self.spread(NodeChanged(session_id=session_id))

    def tell_here(self, session_id: UUID, shown: Shown, revision: int) -> None:
        """Send an alert to all listeners, in the form for each role, and to walls that show its session."""
        self.walls.tell(session_id, shown.alert, revision)
        room = self._rooms.get(session_id)
        if not room:
            return
        staff = json.dumps(staff_message(shown, revision))
        gentle = candidate_notice(shown.alert, revision)
        for listener in room:
            if listener.for_staff:
                self.put(listener, staff)
            elif gentle is not None:
                self.put(listener, json.dumps(gentle))

    def end_here(self, session_id: UUID) -> None:
        """Tell all listeners of a room that the session is over."""
        for listener in self._rooms.get(session_id, ()):
            self.put(listener, json.dumps(ended(listener.reference)))
            self.put(listener, None)

    def reroute_here(self, session_id: UUID) -> None:
        """Tell the session's page that its node has changed."""
        for listener in self._rooms.get(session_id, ()):
            if not listener.for_staff:
                self.put(listener, json.dumps(reroute(listener.reference)))

    def move_here(self, session_id: UUID, device: int) -> None:
        """Tell earlier devices of the session that this one has replaced them."""
        for listener in self._rooms.get(session_id, ()):
            if listener.device is not None and listener.device < device:
                self.put(listener, json.dumps(moved(listener.reference)))
                self.put(listener, None)

    def put(self, listener: Listener, message: str | None) -> None:
        """Queue one message; a listener with a full queue is lost."""
        try:
            listener.messages.put_nowait(message)
        except asyncio.QueueFull:
            if not listener.lost.is_set():
                listener.lost.set()
                self.slow += 1

    def put_json(self, listener: Listener, message: dict[str, Any]) -> None:
        """Queue one message, encoded as JSON."""
        self.put(listener, json.dumps(message))


async def _nowhere(session_id: UUID) -> bool:
    return False
