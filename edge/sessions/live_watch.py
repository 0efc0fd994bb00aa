"""A session's watch on the live clock: opened when first needed, its alerts and notices told at once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from edge.analysis.examination import Frame
from edge.judging.alerts import RAISED_REVISION, AlertRevision
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.port import Notice, assignment_of
from edge.sessions.session_parts import Parts
from edge.sessions.timer import Timer
from shared.excerpts import Excerpt
from shared.messages import StartSession
from shared.notices import candidate_notice
from shared.observations import Observation


class LiveWatch:
    """Between what is seen and heard of one session and what is told of it. In a pause it judges nothing."""

    def __init__(self, order: StartSession, parts: Parts, clock: SessionClock) -> None:
        """Raises `Corrupt` for keys that are none."""
        self._order = order
        self._parts = parts
        self._clock = clock
        self._assignment = assignment_of(order)
        self._envelope = envelope_of(order)
        self._watch: Watch | None = None
        self._timer = Timer(self._deadline, self._tick, self.now_s)
        self.drops: Counter[str] = Counter()
        """Observations that were not judged, by reason."""
        self.raised = 0
        """Alerts raised so far."""
        self.verified_utc: datetime | None = None
        """When the candidate's face was last compared."""

    @property
    def opened(self) -> bool:
        """Whether anything has been expected or seen since the beginning, or since it last began anew."""
        return self._watch is not None

    @property
    def paused(self) -> bool:
        """Whether the exam is paused."""
        return self._order.paused

    def now_s(self) -> float:
        """The session clock now."""
        return self._clock.session_s(time.monotonic())

    def utc(self, at_s: float) -> datetime:
        """A time on the session clock as an instant."""
        return datetime.now(UTC) - timedelta(seconds=self.now_s() - at_s)

    def expect(self) -> None:
        """A page is connected: from now on its pictures are owed, unless the exam is paused."""
        if not self.paused:
            self._opened().expect(self.now_s())
            self._timer.moved()

    def see(
        self, observation: Observation, frame: Frame | None = None, excerpt: Excerpt | None = None
    ) -> None:
        """Judge an observation, with its pixels or what was said where there is such."""
        if self.paused:
            self.drops["paused"] += 1
            return
        self._take(self._opened().observe(observation, frame, excerpt))
        if observation.identity is not None and observation.identity.similarity is not None:
            self.verified_utc = self.utc(observation.at)
        self._timer.moved()

    def begin_anew(self, order: StartSession) -> None:
        """What is open ends; what comes next is judged under another order, from nothing."""
        self._order = order
        self.finish()
        self._watch = None

    def finish(self) -> None:
        """What is open ends."""
        if self._watch is not None:
            self._take(self._watch.finish(self.now_s()))

    async def keep_time(self) -> None:
        """Say what becomes true by time alone, until cancelled."""
        await self._timer.run()

    def _opened(self) -> Watch:
        if self._watch is None:
            self._watch = self._parts.open_watch(self._order, self.utc(0.0))
        return self._watch

    def _deadline(self) -> float | None:
        return None if self._watch is None else self._watch.deadline()

    def _tick(self) -> None:
        if self._watch is not None:
            self._take(self._watch.tick(self.now_s()))

    def _take(self, revisions: list[AlertRevision]) -> None:
        for revision in revisions:
            self.raised += revision.revision == RAISED_REVISION
            self._parts.tell(OutgoingAlert(revision, self._envelope))
            notice = candidate_notice(revision.alert, revision.revision)
            if notice is not None:
                self._parts.tell(Notice(self._assignment, notice))
