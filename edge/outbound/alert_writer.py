"""Writes one session's alerts to the outbox, so that no frame waits for the disk.

A failed write is repeated until it succeeds; an alert that cannot be sealed is counted and dropped. The queue
is bounded: if writes fail for long, the oldest alerts are dropped and counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from edge.judging.alerts import RAISED_REVISION
from edge.media.latest import Latest
from edge.outbound.envelope import OutgoingAlert
from shared.errors import Corrupt, Unavailable
from shared.events.types import EventClass

log = logging.getLogger(__name__)

QUEUE: Final = 512
RETRY_S: Final = 1.0


class AlertWriter:
    """Writes alerts in order while `run` is running."""

    def __init__(
        self, commit: Callable[[OutgoingAlert], Awaitable[None]], *, retry_s: float = RETRY_S
    ) -> None:
        """`commit` writes one alert to disk, or raises `Unavailable` (try again) or `Corrupt` (do not)."""
        self._commit = commit
        self._retry_s = retry_s
        self._queue: Latest[OutgoingAlert] = Latest(QUEUE)
        self.counts: Counter[str] = Counter()
        """Alerts committed, and alerts lost because they could not be sealed or failed in another way."""
        self._queued = 0
        self._progress = asyncio.Event()

    @property
    def overflowed(self) -> int:
        """Alerts lost because writes failed for too long."""
        return self._queue.dropped

    def write(self, outgoing: OutgoingAlert) -> None:
        """Queue one alert to be written."""
        self._queued += 1
        self._queue.put(outgoing)

    async def caught_up(self) -> None:
        """Return when every alert queued so far is on disk or lost."""
        queued = self._queued
        while self.counts.total() + self.overflowed < queued:
            self._progress.clear()
            await self._progress.wait()

    def close(self) -> None:
        """Accept no more alerts: `run` ends when the last is written."""
        self._queue.close()

    async def run(self) -> None:
        """Write until closed and empty."""
        while (outgoing := await self._queue.get()) is not None:
            try:
                await self._write(outgoing)
            except Exception:
                self.counts["failed"] += 1
                raise
            finally:
                self._progress.set()

    async def _write(self, outgoing: OutgoingAlert) -> None:
        failing = False
        while True:
            try:
                await self._commit(outgoing)
            except Unavailable as error:
                if not failing:
                    failing = True
                    log.error(
                        "an alert cannot be written to the outbox; trying again", extra={"error": str(error)}
                    )
                await asyncio.sleep(self._retry_s)
                continue
            except Corrupt as error:
                self.counts["unsealable"] += 1
                log.error("an alert cannot be sealed", extra={"error": str(error)})
                return
            self.counts["committed"] += 1
            _log(outgoing)
            return


def _log(outgoing: OutgoingAlert) -> None:
    """Write one log line when an event is raised: its type and ids, never what was seen."""
    alert = outgoing.revision.alert
    if outgoing.revision.revision != RAISED_REVISION:
        return
    detected = alert.event_class in (EventClass.CONDUCT, EventClass.IDENTITY)
    log.log(
        logging.WARNING if detected else logging.INFO,
        "an event was detected" if detected else "an event was noted",
        extra={
            "event": alert.event_type.value,
            "alert_id": str(alert.event_id),
            "trace_id": alert.metadata.trace_id,
            "session_id": str(outgoing.envelope.session_id),
            "degradation_level": alert.metadata.degradation_level,
        },
    )
