"""Keeps the node's sessions on its control side, and passes the worker's alerts and notices on to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from edge.analysis.measured import Looked, Measured
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.assignment import Assignment, Commit
from edge.sessions.attendance import attended, holds_seat
from edge.sessions.port import AssignmentId, MeasuredWindows, SessionOver, Told, about
from edge.sessions.roster import Roster
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession

log = logging.getLogger(__name__)


class Assignments:
    """Every session from its start until its last alert is on disk. The roster has the running ones."""

    def __init__(
        self,
        roster: Roster[Assignment],
        commit: Commit,
        measured: Callable[[Measured | Looked], None],
        join_window_s: float,
    ) -> None:
        """`commit` puts one alert on disk; `measured` is called after every network call and analysed
        picture. A session holds its seat for `join_window_s` without its page."""
        self.roster = roster
        self.on_report: Callable[[AssignmentId], None] = lambda _: None
        """Called after each alert of a session, and after a change of its order."""
        self.join_window_s = join_window_s
        self.on_features: Callable[[MeasuredWindows], None] = lambda _: None
        """Called with what was measured in a session whose candidate agreed to the log."""
        self._commit = commit
        self._measured = measured
        self._watched: dict[AssignmentId, Assignment] = {}
        self._writing: dict[Assignment, asyncio.Task[None]] = {}
        """Sessions whose last alert is not on disk yet."""
        self._former_overflow = 0
        self._frames_per_s: int | None = None
        """What pages were last asked to send; None: they were never asked."""

    @property
    def watched(self) -> tuple[Assignment, ...]:
        """The sessions that are not over."""
        return tuple(self._watched.values())

    @property
    def overflowed(self) -> int:
        """Alerts of all sessions so far that were lost because the disk failed for too long."""
        return self._former_overflow + sum(each.overflowed for each in self._writing)

    def add(self, order: StartSession) -> Assignment:
        """Add a session. It replaces an older assignment of the same session."""
        assignment = Assignment(order, self._commit, self._frames_per_s)
        self.roster.add(assignment)
        self._watched[assignment.id] = assignment
        self._writing[assignment] = asyncio.create_task(self._write(assignment))
        return assignment

    def order_of(self, assignment: AssignmentId) -> StartSession | None:
        """The order in force of a session; None after its end."""
        found = self._watched.get(assignment)
        return None if found is None else found.order

    def ask_pages(self, frames_per_s: int) -> None:
        """Ask every page, also those that connect later, to send this many frames per second."""
        self._frames_per_s = frames_per_s
        for assignment in self._watched.values():
            assignment.ask_pages(frames_per_s)

    def attend(self, states: Iterable[SessionState], now_s: float) -> None:
        """Note whether the sessions' pages are here."""
        for state in states:
            assignment = self._watched.get(AssignmentId(state.session_id, state.epoch))
            if assignment is not None:
                assignment.attendance = attended(assignment.attendance, state.phase, now_s)

    def held(self, now_s: float) -> int:
        """How many seats are held."""
        return sum(holds_seat(each.attendance, now_s, self.join_window_s) for each in self.roster)

    def ends(self, assignment: AssignmentId) -> bool:
        """Whether it has left the roster but is not over yet. Until then it cannot be added again."""
        return assignment in self._watched and self._watched[assignment] not in self.roster

    def undo(self, assignment: Assignment, former: Assignment | None) -> None:
        """Undo `add` when the worker refused: put back the assignment that ran before, if it still runs."""
        self.hear(SessionOver(assignment.id))
        if former is not None and former.id in self._watched:
            self.roster.add(former)

    def hear(self, told: Told) -> None:
        """Handle a message from the worker."""
        if isinstance(told, Measured | Looked):
            self._measured(told)
            return
        if isinstance(told, MeasuredWindows):
            self.on_features(told)
            return
        assignment = self._watched[about(told)]
        assignment.hear(told)
        if isinstance(told, OutgoingAlert):
            self.on_report(assignment.id)
        if isinstance(told, SessionOver):
            del self._watched[assignment.id]
            if assignment in self.roster:
                self.roster.forget(assignment.id.session_id)

    async def written(self, assignment: Assignment, timeout_s: float) -> None:
        """Wait, up to a limit, until the session is over and its last alert is on disk."""
        writing = self._writing.get(assignment)
        if writing is not None:
            await asyncio.wait({writing}, timeout=timeout_s)

    async def all_written(self) -> None:
        """Wait until every session is over and its last alert is on disk."""
        await asyncio.gather(*self._writing.values())

    async def _write(self, assignment: Assignment) -> None:
        # Each turn of this loop removes one alert from the queue, so it ends.
        while True:
            try:
                await assignment.write()
                break
            except Exception:
                log.exception("an alert was lost", extra={"session_id": str(assignment.id.session_id)})
        self._former_overflow += assignment.overflowed
        del self._writing[assignment]
