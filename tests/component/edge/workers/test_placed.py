"""What a worker is given that goes on with a session of its crew."""

from __future__ import annotations

import asyncio
import time
from typing import cast
from uuid import uuid4

from edge.workers.placed import Placed
from edge.workers.remote import RemoteWorker
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import HandedOver, StartSession
from shared.messages.versions import Tally
from tests.support.orders import start_order


class Worker:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.started: list[StartSession] = []
        self.resumed: list[tuple[StartSession, bytes]] = []

    async def start(self, order: StartSession) -> None:
        self.started.append(order)

    async def resume(self, order: StartSession, memory: bytes) -> None:
        self.resumed.append((order, memory))


def gone_on(placed: Placed) -> Worker:
    worker = Worker()
    asyncio.run(placed.go_on(cast(RemoteWorker, worker)))
    return worker


def test_what_was_handed_over_is_older_when_the_first_worker_has_ended_at_once() -> None:
    order = start_order().model_copy(update={"handed": HandedOver(memory={}, age_s=3.0)})
    placed = Placed(order, given_at=time.monotonic() - 20)
    [given] = gone_on(placed).started
    assert given.handed is not None
    assert given.handed.age_s >= 23.0
    assert given.model_copy(update={"handed": order.handed}) == order
    assert placed.order == order


def test_a_later_worker_goes_on_from_the_state_and_is_handed_nothing_more() -> None:
    placed = Placed(start_order().model_copy(update={"handed": HandedOver(memory={}, age_s=3.0)}))
    placed.remember(b"state")
    [(given, memory)] = gone_on(placed).resumed
    assert (given.handed, memory) == (None, b"state")


def test_without_anything_handed_over_a_session_starts_as_it_was_ordered() -> None:
    order = start_order()
    assert gone_on(Placed(order)).started == [order]


def told(findings: int, version: str = "new@2") -> SessionState:
    """A state; without a version nothing is compared, and a worker tells no findings."""
    return SessionState(
        session_id=uuid4(),
        epoch=1,
        phase="watching",
        frames_processed=1,
        alerts_triggered=0,
        last_verified_utc=None,
        shadow={"face-detection": version} if version else {},
        compared={"FACE_NOT_FOUND": Tally(both=findings)} if version else {},
    )


def test_what_was_counted_outlasts_workers_also_while_nothing_is_compared() -> None:
    placed = Placed(start_order())
    placed.see(told(3))
    placed.lose(1.0)
    assert placed.see(told(2)).compared == told(5).compared
    assert placed.see(told(0, version="")).compared == {}
    placed.lose(2.0)
    assert placed.see(told(0, version="")).compared == {}
    assert placed.see(told(1)).compared == told(6).compared
    assert placed.see(told(1, "third@3")).compared == told(1).compared
    placed.lose(3.0)
    assert placed.see(told(1)).compared == told(1).compared
