"""Sends what a worker's sessions report, with their state, and the pulse of its process."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from edge.analysis.measured import Looked, Measured
from edge.media.lateness import loop_probe
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.memory import as_json
from edge.sessions.port import (
    AssignmentId,
    Delivers,
    MeasuredWindows,
    Moved,
    Notice,
    SessionOver,
    Told,
    about,
)
from edge.workers.calls import Pulse, Said
from edge.workers.codec import written
from edge.workers.link import Link
from edge.workers.wire import Frame, FrameKind
from shared.saving import Saved

PULSE_S: Final = 0.25
SAVED_EVERY_S: Final = 0.7
"""Each session's state is sent this often, so that the last one is never older than a second."""
MOST_CALLS: Final = 20_000
"""Measured calls that wait for the next pulse, and as many looks."""


@dataclass(slots=True)
class _Waiting:
    """What a session has reported and was not sent yet."""

    alerts: list[OutgoingAlert] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    delivers: UUID | None = None
    features: list[MeasuredWindows] = field(default_factory=list)
    over: bool = False


class Reporting:
    """Collects reports within one turn of the event loop, and sends them with the state that includes them.

    What a session reports and its state after that are one frame: the control side has both or neither. So a
    session that goes on elsewhere repeats no alert and loses none.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lateness = loop_probe().lateness
        self._waiting: dict[AssignmentId, _Waiting] = {}
        self._calls: deque[Measured] = deque(maxlen=MOST_CALLS)
        self._looks: deque[Looked] = deque(maxlen=MOST_CALLS)
        self._sent: dict[AssignmentId, bytes] = {}
        """The last state of each session."""
        self._memory: Callable[[AssignmentId], Saved | None] = lambda _: None

    def ask_for_memory(self, memory: Callable[[AssignmentId], Saved | None]) -> None:
        """Send the states that `memory` returns, from now on."""
        self._memory = memory

    def tell(self, told: Told) -> None:
        """Note a report; it is sent in the next turn of the event loop, a measurement with the pulse."""
        if isinstance(told, Measured):
            self._calls.append(told)
            return
        if isinstance(told, Looked):
            self._looks.append(told)
            return
        assignment = about(told)
        if assignment not in self._waiting:
            self._waiting[assignment] = _Waiting()
            asyncio.get_running_loop().call_soon(self.send, assignment)
        waiting = self._waiting[assignment]
        match told:
            case OutgoingAlert():
                waiting.alerts.append(told)
            case Notice():
                waiting.notices.append(told)
            case Delivers():
                waiting.delivers = told.page
            case MeasuredWindows():
                waiting.features.append(told)
            case SessionOver():
                waiting.over = True
            case Moved():
                raise TypeError("only the control side moves sessions")

    def send(self, assignment: AssignmentId) -> None:
        """Send a session's reports and its state, if there is anything new."""
        waiting = self._waiting.pop(assignment, None)
        memory = self._memory(assignment)
        state = b"" if memory is None else as_json(memory)
        if waiting is None and state == self._sent.get(assignment, b""):
            return
        waiting = waiting or _Waiting()
        said = Said(
            assignment=assignment,
            alerts=tuple(waiting.alerts),
            notices=tuple(waiting.notices),
            delivers=waiting.delivers,
            features=tuple(waiting.features),
            over=waiting.over,
        )
        self._link.send(Frame(FrameKind.SAID, written(said), state))
        if waiting.over:
            self._sent.pop(assignment, None)
        else:
            self._sent[assignment] = state

    async def run(self, assignments: Callable[[], tuple[AssignmentId, ...]]) -> None:
        """Send pulses, and the states of the sessions, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._save(assignments))

    async def _beat(self) -> None:
        while True:
            calls, looks = tuple(self._calls), tuple(self._looks)
            self._calls.clear()
            self._looks.clear()
            pulse = Pulse(
                loop_p95_s=self._lateness.recent_p95_s,
                loop_p99_s=self._lateness.p99_s,
                loop_worst_s=self._lateness.worst_s,
                cpu_s=time.process_time(),
                calls=calls,
                looks=looks,
            )
            self._link.send(Frame(FrameKind.PULSE, written(pulse)))
            await asyncio.sleep(PULSE_S)

    async def _save(self, assignments: Callable[[], tuple[AssignmentId, ...]]) -> None:
        # One after the other, spread over the time, so that no turn of the loop saves them all.
        while True:
            named = assignments()
            for assignment in named:
                self.send(assignment)
                await asyncio.sleep(SAVED_EVERY_S / len(named))
            if not named:
                await asyncio.sleep(SAVED_EVERY_S)
