"""Sends the state of every session to the hub, so that another node can go on with it.

A state is sent after the alerts that it knows of are on disk: a session that goes on elsewhere from a state
repeats no alert that it contains, so none of them may be lost with this process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from edge.fleet.assignments import Assignments
from edge.hub import store_state
from edge.node_identity import Identity
from edge.outbound.state_message import seal_state
from edge.outbound.state_pace import StatePace
from edge.sessions.assignment import Assignment
from edge.sessions.port import AssignmentId, Worker
from shared import subjects
from shared.errors import Corrupt, Unavailable
from shared.hub_link import HubLink
from shared.seldom import Seldom

log = logging.getLogger(__name__)

ACKNOWLEDGED_WITHIN_S: Final = 4.0
WRITTEN_WITHIN_S: Final = 2.0
"""How long a state waits for its alerts to be on disk; then the next state is awaited."""
AT_ONCE: Final = 8
"""States on their way to the hub at a time."""
LOOK_EVERY_S: Final = 0.2


class States:
    """Sends while `run` runs."""

    def __init__(self, hub: HubLink, identity: Identity, assignments: Assignments, worker: Worker) -> None:
        self._hub = hub
        self._identity = identity
        self._assignments = assignments
        self._worker = worker
        self._paces: dict[AssignmentId, StatePace] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._sending: dict[AssignmentId, asyncio.Task[None]] = {}
        self._complaints = Seldom()
        self.counts: Counter[str] = Counter()
        """States sent, failed, and not sendable."""

    def reported(self, assignment: AssignmentId) -> None:
        """A session has reported an alert, or its order has changed: its next state is sent at once."""
        if assignment in self._paces:
            self._paces[assignment] = self._paces[assignment].reported()

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                await self._hub.wait_connected()
                self._look(time.monotonic())
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._sending.values():
                task.cancel()

    def _look(self, now: float) -> None:
        running = {each.id: each for each in self._assignments.roster}
        self._paces = {one: self._paces.get(one, StatePace()) for one in running}
        for one, assignment in running.items():
            if now >= self._paces[one].due_at() and one not in self._sending:
                task = asyncio.create_task(self._send(assignment))
                self._sending[one] = task
                task.add_done_callback(lambda _, one=one: self._sending.pop(one, None))  # type: ignore[misc]

    async def _send(self, assignment: Assignment) -> None:
        one = assignment.id
        async with self._turns:
            self._paces[one] = self._paces.get(one, StatePace()).sent(time.monotonic())
            try:
                await self._send_one(assignment)
            except Unavailable as error:
                self._complain("failed", error)
            except Corrupt as error:
                self._complain("not-sendable", error)
            except Exception:
                self.counts["not-sendable"] += 1
                log.exception("a session's state could not be sent")

    async def _send_one(self, assignment: Assignment) -> None:
        order = assignment.order
        memory, saved_utc = await self._worker.saved(assignment.id), datetime.now(UTC)
        if memory is None:
            return
        try:
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                await assignment.caught_up()
        except TimeoutError as error:
            raise Unavailable("the alerts before it are not on disk yet") from error
        message = await asyncio.to_thread(seal_state, order, memory, saved_utc, self._identity)
        if assignment not in self._assignments.roster:
            return  # it has ended meanwhile, and its states are removed
        subject = subjects.state(self._identity.node_id, order.session_id)
        await store_state(self._hub, subject, message, timeout_s=ACKNOWLEDGED_WITHIN_S)
        self.counts["sent"] += 1

    def _complain(self, what: str, error: Exception) -> None:
        self.counts[what] += 1
        count = self._complaints.count(what, time.monotonic())
        if count:
            log.warning(
                "states of sessions do not reach the hub", extra={"error": str(error), "count": count}
            )
