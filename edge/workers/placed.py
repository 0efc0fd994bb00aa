"""One session of the crew: which worker has it, and what another one needs to go on with it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from edge.sessions.port import AssignmentId, assignment_of
from edge.workers.berth import Berth
from edge.workers.placement import MOST_MOVES
from edge.workers.remote import RemoteWorker
from shared.errors import Unavailable
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.messages.versions import together

AT_HOME_WITHIN_S: Final = 8.0
"""How long a call waits for a session that moves. A page's offer may take that long."""


@dataclass(eq=False, slots=True)
class Placed:
    """A session and its place."""

    order: StartSession
    """The order that its worker has acknowledged."""
    asked: StartSession | None = None
    """The changed order that came last."""
    berth: Berth | None = None
    """Where it is; None while it moves."""
    bound_for: Berth | None = None
    """Where it is being started."""
    memory: bytes = b""
    """Its last saved state; empty before the first."""
    state: SessionState | None = None
    """Its last state in a report."""
    counted: SessionState | None = None
    """Its last one while versions were compared, with what all its workers have counted …"""
    former: SessionState | None = None
    """… and that when its last worker ended."""
    ending: bool = False
    """Whether it was asked to end, …"""
    handed_over: bool = False
    """… because another node goes on with it."""
    lost_at: float = 0.0
    """When its last worker was found to have ended, monotonic."""
    moves_s: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_MOVES + 1))
    """When its workers have ended."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    given_at: float = field(default_factory=time.monotonic)
    """When the order came, monotonic: what it hands over is older since."""

    @property
    def id(self) -> AssignmentId:
        return assignment_of(self.order)

    def settle(self, berth: Berth) -> None:
        """Note that a worker has it now."""
        self.berth, self.bound_for = berth, None
        self.arrived.set()

    def remember(self, memory: bytes) -> None:
        """Note its newer state; what it came with from another node is in it."""
        self.memory = memory
        if self.order.handed is not None:
            self.order = self.order.model_copy(update={"handed": None})

    def lose(self, now_s: float) -> None:
        """Note that its worker has ended at `now_s`."""
        self.berth, self.former = None, self.counted
        self.arrived.clear()
        self.lost_at = now_s
        self.moves_s.append(now_s)

    def see(self, state: SessionState) -> SessionState:
        """Note its state as its worker reports it. Returns it with what former workers have counted of the
        same versions."""
        former = self.former
        if former is not None and former.shadow == state.shadow:
            state = state.model_copy(update={"compared": together(former.compared, state.compared)})
        self.state = state
        if state.shadow:
            self.counted = state
        return state

    async def go_on(self, worker: RemoteWorker) -> None:
        """Let a worker go on with it from its last saved state. Raises as `RemoteWorker.start` does."""
        if self.memory:
            await worker.resume(self.order, self.memory)
        else:
            await worker.start(self._ordered(time.monotonic()))
        if self.ending:
            await worker.end(self.id, handed_over=self.handed_over)

    def _ordered(self, now_s: float) -> StartSession:
        """The order at `now_s`, if no worker has saved a state under it yet."""
        handed = self.order.handed
        if handed is None:
            return self.order
        older = handed.model_copy(update={"age_s": handed.age_s + now_s - self.given_at})
        return self.order.model_copy(update={"handed": older})

    async def worker(self) -> RemoteWorker:
        """The worker that has it, as soon as one has. Raises `Unavailable` when that takes too long."""
        deadline_s = time.monotonic() + AT_HOME_WITHIN_S
        while self.berth is None or self.berth.worker is None:
            try:
                async with asyncio.timeout(deadline_s - time.monotonic()):
                    await self.arrived.wait()
            except TimeoutError as error:
                raise Unavailable("the session is moving to another process", retry_after_s=1) from error
            if self.berth is not None and self.berth.worker is None:
                # Its worker has just ended; its crew is told in the next turn of the loop.
                self.arrived.clear()
        return self.berth.worker
