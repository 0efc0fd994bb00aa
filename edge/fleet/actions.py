"""Carries out the coordinator's commands on this node, from `start` to `configure`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from edge.config import EdgeConfig
from edge.fleet.assignments import Assignments
from edge.fleet.configuring import Configuring
from edge.sessions.assignment import Assignment
from edge.sessions.port import AssignmentId, Worker, assignment_of
from shared.errors import Rejected, Unavailable
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.desired import Configured, Desired
from shared.messages.faces import EnrolledPicture, VerifiedFrame, VerifyFrame
from shared.messages.heartbeats import Seconds
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from shared.policy.terms import Gate

END_TIMEOUT_S: Final = 3.5
"""Time for the last alerts to reach the disk; the coordinator waits 5 s for the reply."""


class NodeActions:
    """Checks commands against the roster and passes them to the worker; `close` ends all sessions."""

    def __init__(
        self, config: EdgeConfig, assignments: Assignments, worker: Worker, configuring: Configuring
    ) -> None:
        self._config = config
        self._configuring = configuring
        self._assignments = assignments
        self._roster = assignments.roster
        self._worker = worker
        self._closing = False

    async def start(self, order: StartSession) -> SessionAccepted:
        """Watch a session. A second start with the same epoch changes nothing and answers the same."""
        if self._closing:
            raise Unavailable("this node is shutting down; start the session on another one")
        running = self._roster.check(order, datetime.now(UTC), self._assignments.held(monotonic()))
        if running is None or running.order.epoch != order.epoch:
            await self._begin(order, running)
        return SessionAccepted(
            session_id=order.session_id,
            signaling_url=self._config.signaling_url(order.session_id),
            whip_url=self._config.whip_url(order.session_id),
        )

    async def change(self, order: StartSession) -> SessionChanged:
        """Apply a changed assignment of the same epoch to a running session. Idempotent.

        Raises `Rejected`: 404 for a session that does not run here, 409 ("epoch-old") for another assignment.
        """
        assignment = self._roster.find(order.session_id)
        if order.epoch != assignment.order.epoch:
            raise Rejected("another assignment of this session runs here", code="epoch-old", status=409)
        same = assignment.order == order.model_copy(update={"elapsed_s": assignment.order.elapsed_s})
        assignment.asked = order
        await self._worker.change(order)
        overtaken = assignment.asked is not order
        for page in () if overtaken else assignment.take(order):
            await self._worker.left(page)
        if not same:  # whoever only asks whether the session runs here needs no new state of it
            self._assignments.on_report(assignment.id)
        return SessionChanged(
            session_id=order.session_id, policy_version=order.policy.version, paused=order.paused
        )

    async def end(self, order: EndSession) -> SessionEnded:
        """End a session. Its last alerts are on disk on return, unless the disk is too slow."""
        assignment = self._roster.end(order.session_id, order.epoch)
        if assignment is None:
            return SessionEnded(session_id=order.session_id, was_running=False)
        unwatched_s = await self._unwatched_s(assignment.id)
        await self._stop(assignment, handed_over=order.handed_over)
        return SessionEnded(
            session_id=order.session_id,
            was_running=True,
            epoch=assignment.id.epoch,
            unwatched_s=unwatched_s,
        )

    async def end_expired(self) -> None:
        """End every session past its end time."""
        for assignment in self._roster.expire(datetime.now(UTC)):
            await self._stop(assignment)

    async def take_attendance(self) -> None:
        """Note which sessions' pages are here."""
        try:
            report = await self._worker.report()
        except Unavailable:
            return
        self._assignments.attend(report.sessions, monotonic())

    async def close(self) -> None:
        """End all sessions and refuse new ones, for the daemon's shutdown."""
        self.refuse_new()
        await asyncio.gather(*(self._worker.end(each.id) for each in self._assignments.watched))
        await self._assignments.all_written()

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        """Examine one picture. Nothing is kept."""
        return await self._worker.enroll(jpeg, gate)

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        """Compare templates. Nothing is kept."""
        return await self._worker.compare(order)

    async def verify(self, order: VerifyFrame) -> VerifiedFrame:
        """Compare one frame, by default the newest, with the enrolled face."""
        return await self._worker.verify(self._roster.find(order.session_id).id, order.frame_id)

    async def configure(self, order: Desired) -> Configured:
        """Note what the node is to be."""
        return await self._configuring.configure(order)

    def refuse_new(self) -> None:
        """Refuse new sessions from now on: the daemon is about to end."""
        self._closing = True

    async def _begin(self, order: StartSession, former: Assignment | None) -> None:
        if self._assignments.ends(assignment_of(order)):
            raise Unavailable("this session is still ending here; start it again in a moment")
        # Added before the worker answers, so that of two concurrent starts only one succeeds.
        assignment = self._assignments.add(order.model_copy(update={"handed": None}))
        try:
            await self._worker.start(order)
        except BaseException:
            self._assignments.undo(assignment, former)
            raise
        if former is not None:
            await self._worker.end(former.id, handed_over=order.handed is not None)

    async def _unwatched_s(self, assignment: AssignmentId) -> Seconds | None:
        """Seconds of a session that nobody has watched so far; None if its worker does not report them."""
        try:
            report = await self._worker.report()
        except Unavailable:
            return None
        places = {AssignmentId(each.session_id, each.epoch): each for each in report.sessions}
        return places[assignment].unwatched_s if assignment in places else None

    async def _stop(self, assignment: Assignment, *, handed_over: bool = False) -> None:
        await self._worker.end(assignment.id, handed_over=handed_over)
        await self._assignments.written(assignment, END_TIMEOUT_S)
