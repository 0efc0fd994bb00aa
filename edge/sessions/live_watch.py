"""Runs a session's watch in real time: opens it on first use, and reports alerts and notices at once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from edge.analysis.examination import Frame
from edge.judging.alerts import RAISED_REVISION, AlertRevision
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.agreed import senses_of
from edge.sessions.port import Notice, assignment_of
from edge.sessions.session_parts import Parts
from edge.sessions.timer import Timer
from shared.cameras import Camera
from shared.events.looks import Sense
from shared.events.types import EventType
from shared.excerpts import Excerpt
from shared.messages.sessions import StartSession
from shared.notices import candidate_notice
from shared.observations import Observation
from shared.unwatched import Unwatched, added


class LiveWatch:
    """Turns one session's observations into alerts and notices. In a pause it judges and expects nothing."""

    def __init__(self, order: StartSession, parts: Parts, clock: SessionClock) -> None:
        """Raises `Corrupt` for invalid keys."""
        self._order = order
        self._parts = parts
        self._clock = clock
        self._assignment = assignment_of(order)
        self._envelope = envelope_of(order)
        self._watch: Watch | None = None
        self._former: Watch | None = None
        """The watch before the last change, with the baselines."""
        self._camera: Camera | None = None
        """The page's last description of its camera."""
        self._unwatched_before: Unwatched = {}
        """Unwatched seconds before the last `begin_anew`."""
        self._timer = Timer(self._deadline, self._tick, self.now_s)
        self.drops: Counter[str] = Counter()
        """Observations that were not judged, by reason."""
        self.raised = 0
        """Alerts raised so far."""
        self.verified_utc: datetime | None = None
        """When the candidate's face was last compared."""

    def now_s(self) -> float:
        """The session clock now."""
        return self._clock.session_s(time.monotonic())

    def utc(self, at_s: float) -> datetime:
        """Convert a time on the session clock to UTC."""
        return datetime.now(UTC) - timedelta(seconds=self.now_s() - at_s)

    def expect(self) -> None:
        """Note that a page has connected: expect its pictures from now on, unless nobody may look at them."""
        if Sense.SIGHT in senses_of(self._order):
            self._opened().expect(self.now_s())
            self._judge_camera()
            self._timer.moved()

    def opened_again(self) -> None:
        """Note that a page has replaced another one that was still sending."""
        self._take(self._opened().happened(EventType.SECOND_DEVICE, self.now_s()))

    def show_camera(self, camera: Camera) -> None:
        """Judge a page's description of its camera, or do so later if nobody may look now."""
        self._camera = camera
        if Sense.SIGHT in senses_of(self._order):
            self._judge_camera()

    def see(
        self, observation: Observation, frame: Frame | None = None, excerpt: Excerpt | None = None
    ) -> None:
        """Judge an observation, with its pixels or spoken words if there are any."""
        if self._order.paused:
            self.drops["paused"] += 1
            return
        self._take(self._opened().observe(observation, frame, excerpt, now=self.now_s()))
        if observation.identity is not None and observation.identity.similarity is not None:
            self.verified_utc = self.utc(observation.at)
        self._timer.moved()

    def pause(self, order: StartSession) -> None:
        """Close open events and keep no picture. Baselines stay for `resume`."""
        self._order = order
        if self._watch is not None:
            self._take(self._watch.pause(self.now_s()))

    def resume(self, order: StartSession) -> None:
        """Continue after a pause. Its time does not count as waiting, and pictures are expected from now
        on."""
        self._order = order
        if self._watch is not None:
            self._watch.resume(self.now_s())
        self._timer.moved()

    def begin_anew(self, order: StartSession) -> None:
        """Close open events and continue under a new order. Of everything seen so far, only the baselines are
        kept."""
        self._order = order
        self.finish()
        self._unwatched_before = self.unwatched()
        self._former, self._watch = self._watch or self._former, None

    def finish(self) -> None:
        """Close open events."""
        if self._watch is not None:
            self._take(self._watch.finish(self.now_s()))

    def unwatched(self) -> Unwatched:
        """Seconds in which nobody looked, by kind of look, since the session came to this node."""
        if self._watch is None:
            return self._unwatched_before
        return added(self._unwatched_before, self._watch.unwatched(self.now_s()))

    async def keep_time(self) -> None:
        """Report conditions that become true as time passes, until cancelled."""
        await self._timer.run()

    def _opened(self) -> Watch:
        if self._watch is None:
            self._watch = self._parts.open_watch(self._order, self.utc(0.0))
            if self._former is not None:
                self._watch.take_over(self._former)
        return self._watch

    def _judge_camera(self) -> None:
        if self._camera is not None:
            self._take(self._opened().judge_camera(self._camera, self.now_s()))

    def _deadline(self) -> float | None:
        return None if self._watch is None or self._order.paused else self._watch.deadline()

    def _tick(self, late_s: float) -> None:
        if self._watch is not None:
            self._take(self._watch.tick(self.now_s(), late_s))

    def _take(self, revisions: list[AlertRevision]) -> None:
        for revision in revisions:
            self.raised += revision.revision == RAISED_REVISION
            self._parts.tell(OutgoingAlert(revision, self._envelope))
            notice = candidate_notice(revision.alert, revision.revision)
            if notice is not None:
                self._parts.tell(Notice(self._assignment, notice))
