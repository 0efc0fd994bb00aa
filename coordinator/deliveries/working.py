"""Sends what waits: one worker per destination, in one coordinator at a time.

A worker sends in rounds and stores the results of a round in one transaction. If a coordinator dies in a
round, its deliveries are sent again with the same ids: at least once, never lost. One that is stopped stores
what was answered.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session

from coordinator.deliveries import parcels_service as parcels, service as deliveries
from coordinator.deliveries.order import lanes
from coordinator.deliveries.outcomes import Ending, Outcome
from coordinator.deliveries.parcels_service import Load, Parcel
from coordinator.deliveries.schedule import Pace, Try, after_try, breaker_after, may_send, probes
from coordinator.deliveries.senders import sender_to
from coordinator.deliveries.sending import AT_ONCE, Sender, Sent
from coordinator.deliveries.service import CLEARED_AT_ONCE, Results, Settled
from coordinator.deliveries.traced import trace_tried
from coordinator.destinations.tables import DeliveryState
from coordinator.ground.ids import uuid7
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
LOADED: Final = 256
"""The most deliveries of a round."""
ROUND_S: Final = 2.0
"""After so long a round begins no further try: its results are stored while the destination is held, and what
was erased, paused or is no longer wanted since it was loaded does not leave."""
PAUSE_AFTER_ERROR_S: Final = 5.0
CLEARED_EVERY_S: Final = 3_600.0
STOP_S: Final = 0.3
"""How long a stop waits for answers. A try without one by then, of at most `AT_ONCE`, is made again."""


class Workers:
    """The workers of one coordinator."""

    def __init__(self, parts: Parts, pace: Pace | None = None) -> None:
        self._parts = parts
        self._pace = pace or Pace()
        self._holder = uuid7()
        self._working: dict[UUID, asyncio.Task[None]] = {}
        self._rounds: dict[UUID, Round] = {}
        """The newest round of each destination."""
        self._stopping = False
        self.counts: Counter[str] = Counter()
        """Deliveries by what became of a try; a failed one by its reason too."""

    async def run(self) -> None:
        """Look for what waits, until cancelled."""
        clear_at = self._parts.clock()
        try:
            while True:
                with suppress(Unavailable):  # the database is unavailable: the next look finds the same
                    if self._parts.clock() >= clear_at:
                        await self._clear()
                        clear_at = self._parts.clock() + CLEARED_EVERY_S
                    await self.look()
                await asyncio.sleep(POLL_S)
        finally:
            await self._stop()

    async def look(self) -> None:
        """Start a worker for each destination to which something may be sent now and that has none."""
        now_utc = self._parts.utc_now()
        found = await self._parts.reading(lambda db: deliveries.due(db, self._holder, now_utc))
        self._working = {one: task for one, task in self._working.items() if not task.done()}
        self._rounds = {one: round_ for one, round_ in self._rounds.items() if one in self._working}
        for one in found:
            if one not in self._working:
                self._working[one] = asyncio.create_task(self._worked(one))

    async def carry(self, destination_id: UUID) -> None:
        """Send to one destination until nothing is left that may be sent now."""
        parts, holder = self._parts, self._holder
        sender: Sender | None = None
        try:
            held = await parts.writing(partial(self._keep, destination_id, None))
            while held and not self._stopping:
                load = await parts.reading(partial(self._load, destination_id))
                if load is None or not load.parcels or not may_send(load.breaker, parts.utc_now()):
                    return
                if sender is None:
                    section, timeout_s = parts.config.deliveries, self._pace.answer_within_s
                    sender = sender_to(load.kind, section, timeout_s)
                going = self._rounds[destination_id] = Round(parts, self._pace, load, sender, self.counts)
                try:
                    await going.run()
                finally:  # what was sent in a round that was cut short must not be sent again
                    held = await parts.writing(partial(self._keep, destination_id, going.results()))
        finally:
            if sender is not None:
                sender.close()
            with suppress(Unavailable):
                await parts.writing(lambda db: deliveries.give_back(db, destination_id, holder))

    def _load(self, destination_id: UUID, db: Session) -> Load | None:
        return parcels.load(db, self._parts.keys.keyring, destination_id, LOADED, self._parts.utc_now())

    def _keep(self, destination_id: UUID, results: Results | None, db: Session) -> bool:
        if results is not None:
            deliveries.settle(db, destination_id, results)
        return deliveries.take(db, destination_id, self._holder, self._parts.utc_now())

    async def _worked(self, destination_id: UUID) -> None:
        try:
            await self.carry(destination_id)
        except Unavailable:
            await self._pause()
        except Exception:
            log.exception("a destination's worker failed", extra={"destination_id": str(destination_id)})
            await self._pause()

    async def _pause(self) -> None:
        if not self._stopping:
            await asyncio.sleep(PAUSE_AFTER_ERROR_S)

    async def _clear(self) -> None:
        now_utc = self._parts.utc_now()
        while await self._parts.writing(lambda db: deliveries.clear(db, now_utc)) >= CLEARED_AT_ONCE:
            pass
        # Names in notices that were delivered or cleared.
        await asyncio.to_thread(self._parts.database.scrub)

    async def _stop(self) -> None:
        self._stopping = True
        for round_ in self._rounds.values():
            round_.stop()
        try:
            if self._working:
                await asyncio.wait(self._working.values(), timeout=STOP_S)
        finally:
            for task in self._working.values():
                task.cancel()
        await asyncio.gather(*self._working.values(), return_exceptions=True)


class Round:
    """One round of one destination."""

    def __init__(self, parts: Parts, pace: Pace, load: Load, sender: Sender, counts: Counter[str]) -> None:
        self._parts = parts
        self._pace = pace
        self._load = load
        self._sender = sender
        self._counts = counts
        self._ends_at = parts.clock() + ROUND_S
        self._probing = probes(pace, load.breaker)
        self._breaker = load.breaker
        self._last_error: str | None = None
        self._settled: list[Settled] = []

    def stop(self) -> None:
        """Begin no further try."""
        self._ends_at = self._parts.clock()

    def results(self) -> Results:
        """What it has brought so far."""
        settled, before = tuple(self._settled), self._load.breaker
        return Results(settled, before, self._breaker, self._last_error, self._parts.utc_now())

    async def run(self) -> None:
        """Send what may be sent."""
        waiting = lanes(self._load.parcels)
        if self._probing:
            await self._send(iter([waiting[0][:1]]))
        else:
            shared = iter(waiting)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(AT_ONCE, len(waiting))):
                    tasks.create_task(self._send(shared))

    async def _send(self, waiting: Iterator[Sequence[Parcel]]) -> None:
        for lane in waiting:
            for parcel in lane:
                if not self._goes_on():
                    return
                if not await self._done_with(parcel):
                    break

    def _goes_on(self) -> bool:
        shut = not may_send(self._breaker, self._parts.utc_now())
        stopped = not self._probing and probes(self._pace, self._breaker)
        return not shut and not stopped and self._parts.clock() < self._ends_at

    async def _done_with(self, parcel: Parcel) -> bool:
        """Try one delivery; False if it holds up its session."""
        if parcel.body is None:
            self._note(Settled(parcel.sequence, DeliveryState.DROPPED, parcel.tried.attempts, parcel.reason))
            return True
        sent = Sent(self._load.url, parcel.parcel_id, parcel.session_id, parcel.body, self._load.secrets)
        begun_s = time.time()
        outcome = await self._sender.post(sent)
        if (traces := self._parts.traces) is not None:
            trace_tried(traces, self._load.destination_id, parcel, outcome, begun_s)
        settled = self._judged(parcel, outcome)
        self._note(settled)
        return settled.state is not DeliveryState.WAITING

    def _judged(self, parcel: Parcel, outcome: Outcome) -> Settled:
        # Chance only spreads waits; nobody gains by guessing it.
        now_utc, chance = self._parts.utc_now(), random.random()
        self._breaker = breaker_after(self._pace, self._breaker, Try(outcome, self._probing), now_utc, chance)
        self._last_error = outcome.reason
        told = after_try(self._pace, parcel.tried, outcome, now_utc, chance)
        if outcome.ending is Ending.DELIVERED:
            return Settled(parcel.sequence, DeliveryState.DELIVERED, told.attempts, None)
        self._counts[f"failed:{outcome.reason}"] += 1
        if told.dead:
            return Settled(parcel.sequence, DeliveryState.DEAD, told.attempts, outcome.reason)
        return Settled(
            parcel.sequence, DeliveryState.WAITING, told.attempts, outcome.reason, told.next_try_utc
        )

    def _note(self, settled: Settled) -> None:
        self._settled.append(settled)
        self._counts[settled.state] += 1
