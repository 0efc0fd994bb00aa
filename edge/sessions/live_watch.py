"""Runs a session's watch in real time: opens it on first use, and reports alerts and notices at once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from edge.analysis.examination import Frame
from edge.analysis.measured import Origin, spans_of
from edge.judging.alerts import RAISED_REVISION, AlertRevision
from edge.judging.features import FeatureLog
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.agreed import senses_of
from edge.sessions.memory import Course, instant
from edge.sessions.port import MeasuredWindows, Notice, assignment_of
from edge.sessions.session_parts import Parts
from edge.sessions.timer import Timer
from shared.cameras import Camera
from shared.events.looks import Sense
from shared.events.types import EventType
from shared.excerpts import Excerpt
from shared.features import MOST_VECTORS, FeatureVector
from shared.messages.sessions import HandedOver, StartSession
from shared.messages.states import STATE_EVERY_S
from shared.notices import candidate_notice
from shared.observations import Observation
from shared.saving import Saved
from shared.unwatched import Unwatched, added

CONNECTS_WITHIN_S: Final = 5.0
"""A page that was told to connect again has done so by then; what is longer is not the node's."""


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
        self._elsewhere: Unwatched = {}
        """Of the unwatched seconds, those that an earlier node has reported."""
        self._known: Unwatched = {}
        """The unwatched seconds when the state was saved that this session goes on from."""
        self._features = FeatureLog()
        """What is measured, while the candidate agrees to the log of it."""
        self._timer = Timer(self._deadline, self._tick, self.now_s)
        self.drops: Counter[str] = Counter()
        """Observations that were not judged, by reason."""
        self.raised = 0
        """Alerts raised so far."""
        self.verified_utc: datetime | None = None
        """When the candidate's face was last compared."""
        self._started_utc: datetime | None = None
        """UTC of session time zero; None until the first watch is opened."""
        self._elsewhere_begun = False
        """Whether an earlier node has set it."""
        self._gap: tuple[float, float] | None = None
        """When the state was saved that this session goes on from, and until when the node is to blame that
        nobody has looked since; None once that was told."""

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
        self,
        observation: Observation,
        frame: Frame | None = None,
        excerpt: Excerpt | None = None,
        *,
        origin: Origin | None = None,
    ) -> None:
        """Judge an observation, with its pixels or spoken words if there are any, and what it came from."""
        if self._order.paused:
            self.drops["paused"] += 1
            return
        now_s = self.now_s()
        self._tell_gap(now_s)
        self._take(self._opened().observe(observation, frame, excerpt, now=now_s), origin)
        if self._order.features_key is not None:
            self._log(self._features.add(observation))
        if observation.identity is not None and observation.identity.similarity is not None:
            self.verified_utc = self.utc(observation.at)
        self._timer.moved()

    def log_as_agreed(self, order: StartSession) -> None:
        """Take over whether features are logged. What was measured so far is sent only if they still are."""
        if order.features_key is None:
            self._features.forget()
        elif order.paused and not self._order.paused:
            self._log(self._features.flush())
        self._order = order

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
        self._unwatched_before = self._total()
        self._former, self._watch = self._watch or self._former, None

    def finish(self) -> None:
        """Close open events."""
        if self._order.features_key is not None:
            self._log(self._features.flush())
        if self._watch is not None:
            self._take(self._watch.finish(self.now_s()))

    def unwatched(self) -> Unwatched:
        """Seconds in which nobody looked, by kind of look, since the session came to this node."""
        total, elsewhere = self._total(), self._elsewhere
        return {kind: max(0.0, seconds - elsewhere.get(kind, 0.0)) for kind, seconds in total.items()}

    def _total(self) -> Unwatched:
        if self._watch is None:
            return self._unwatched_before
        return added(self._unwatched_before, self._watch.unwatched(self.now_s()))

    def course(self, analysed: int) -> Course:
        """How far the session has come. `analysed`: its pictures."""
        return Course(
            zero_at=self._clock.zero_at,
            saved_s=0.0 if self._clock.zero_at is None else self.now_s(),
            started_utc=None if self._started_utc is None else self._started_utc.isoformat(),
            analysed=analysed,
            raised=self.raised,
            verified_utc=None if self.verified_utc is None else self.verified_utc.isoformat(),
            unwatched_s={**self._unwatched_before},
            elsewhere_s={**self._elsewhere},
            elsewhere_begun=self._elsewhere_begun,
        )

    def snapshot(self) -> Saved | None:
        """The state of the watch; None before it was opened."""
        # A watch that waits to be opened would take the baselines of the former one with it.
        watch = self._watch if self._former is None else self._opened()
        return None if watch is None else watch.snapshot()

    def go_on(self, course: Course, watch: Saved | None) -> None:
        """Continue from the saved state of this session in another process. Call it before all else.

        Waits pause for the time between, and as soon as a picture arrives it is told that the node was late.
        Raises `Corrupt` for an invalid state; then this must not be used.
        """
        self.raised = course.raised
        self.verified_utc = _utc_of(course.verified_utc)
        self._unwatched_before = dict(course.unwatched_s)
        self._elsewhere = dict(course.elsewhere_s)
        self._started_utc = _utc_of(course.started_utc)
        self._elsewhere_begun = course.elsewhere_begun
        self._known = self._unwatched_before
        if watch is None:
            return
        resumed_s, opened = self.now_s(), self._opened()
        opened.restore(watch)
        self._known = added(self._unwatched_before, opened.unwatched(course.saved_s))
        opened.restore(watch, resumed_s=resumed_s)
        self._gap = course.saved_s, resumed_s + CONNECTS_WITHIN_S

    def inherit(self, handed: HandedOver) -> None:
        """Note that another node has watched until now, and what it told. Call it after `go_on`, if at all.

        What was unwatched when the state was saved is the former node's to report, and so is the time until
        its next state was due: it may have run until now. If it was silent for longer, nobody else reports
        that. A pause that began or ended in the meantime is made good.
        """
        self._elsewhere = {
            kind: min(seconds, self._known.get(kind, 0.0) + STATE_EVERY_S)
            for kind, seconds in self._total().items()
        }
        if handed.open or handed.over:
            self._take(self._opened().inherit(handed.open, handed.over, self.now_s()))
        if self._watch is None:
            return
        if not senses_of(self._order):
            # Also if nobody looked before: the former node's last ends may not have been told.
            self._take(self._watch.pause(self.now_s()))
        elif handed.memory is not None and handed.paused:
            self._watch.resume(self.now_s())

    async def keep_time(self) -> None:
        """Report conditions that become true as time passes, until cancelled."""
        await self._timer.run()

    def _opened(self) -> Watch:
        if self._watch is None:
            # One session has one beginning: the two revisions of an alert say the same times.
            self._started_utc = self._started_utc or self.utc(0.0)
            self._watch = self._parts.open_watch(self._order, self._started_utc)
            if self._former is not None:
                self._watch.take_over(self._former)
                self._former = None
        return self._watch

    def _log(self, vectors: tuple[FeatureVector, ...]) -> None:
        if vectors and self._started_utc is not None:
            for begin in range(0, len(vectors), MOST_VECTORS):
                some = vectors[begin : begin + MOST_VECTORS]
                self._parts.tell(MeasuredWindows(self._assignment, self._started_utc, some))

    def _tell_gap(self, now_s: float) -> None:
        """At the first picture after the session went on in this process, tell how long the node was late."""
        if self._gap is None or self._watch is None:
            return
        (saved_s, until_s), self._gap = self._gap, None
        self._take(self._watch.tick(now_s, max(0.0, min(now_s, until_s) - saved_s)))

    def _judge_camera(self) -> None:
        if self._camera is not None:
            self._take(self._opened().judge_camera(self._camera, self.now_s()))

    def _deadline(self) -> float | None:
        return None if self._watch is None or self._order.paused else self._watch.deadline()

    def _tick(self, late_s: float) -> None:
        if self._watch is not None:
            self._take(self._watch.tick(self.now_s(), late_s))

    def _take(self, revisions: list[AlertRevision], origin: Origin | None = None) -> None:
        spans = spans_of(origin, time.time()) if revisions and origin is not None else ()
        for revision in revisions:
            self.raised += revision.revision == RAISED_REVISION
            self._parts.tell(OutgoingAlert(revision, self._envelope, spans))
            notice = candidate_notice(revision.alert, revision.revision)
            if notice is not None:
                self._parts.tell(Notice(self._assignment, notice))


def _utc_of(text: str | None) -> datetime | None:
    """An instant of a saved state, if there is one. Raises `Corrupt`."""
    return None if text is None else instant(text)
