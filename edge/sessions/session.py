"""Runs one candidate's session: media in, observations to the watch, alerts and notices out.

    connections ──> pumps ──> senses ──> live watch ──> told

It judges nothing; `edge.judging.watch` does. A page that reconnects gets a new connection on the same session
clock. A failure in here ends only this session.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from uuid import UUID

from edge.analysis.ears import asked_to_hear
from edge.analysis.verified import verified_frame
from edge.media.clock import SessionClock
from edge.media.frames import VideoFrame
from edge.media.source import Source
from edge.sessions.agreed import as_agreed, check_may_compare, senses_of
from edge.sessions.comparing import Comparing
from edge.sessions.connections import Connections
from edge.sessions.live_watch import LiveWatch
from edge.sessions.memory import Course, SessionMemory, remembered
from edge.sessions.port import Delivers, assignment_of
from edge.sessions.pumps import Pumps
from edge.sessions.session_parts import Parts, Senses
from shared.cameras import Camera
from shared.card_delay import SILENT_S
from shared.errors import Rejected
from shared.events.looks import Look, Sense
from shared.events.types import EventType
from shared.messages.faces import VerifiedFrame
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import HandedOver, StartSession
from shared.saving import Saved
from shared.tokens import key_id_of
from shared.unwatched import rounded


class Session:
    """One candidate's exam on this node, from `start` to `end`, while `run` runs."""

    def __init__(self, order: StartSession, parts: Parts) -> None:
        """Raises `Corrupt` for invalid keys or templates."""
        order = self._order = as_agreed(order)
        self._perceive = parts.perceive
        self._make_source = parts.make_source
        clock = self._clock = SessionClock(begins_s=order.elapsed_s)
        self._watch = LiveWatch(order, parts, clock)
        self._comparing = Comparing(order, parts.shadow, parts.level)
        self._pumps = Pumps(parts.perceive(order), parts.level, self._watch, self._comparing, parts.tell)
        self._tell = parts.tell
        self.connections = Connections(
            self._source, clock, self._pumps.drain, self._connected, self._delivers
        )
        """The connections of its pages."""
        self._over = asyncio.Event()
        self._handed_over = False
        self._want()

    @property
    def order(self) -> StartSession:
        """The order in force."""
        return self._order

    def memory(self) -> Saved:
        """All that another process needs to go on with this session."""
        course = self._watch.course(self._pumps.analysed)
        return remembered(course, self._pumps.senses.snapshot(), self._watch.snapshot())

    def keep_clock(self, course: Course) -> None:
        """Continue the clock and the frame numbers of this session in another process of this host."""
        if course.zero_at is not None:
            self._clock.zero_at = course.zero_at
            self._clock.begins_s = self._watch.now_s()

    def go_on(self, memory: SessionMemory) -> None:
        """Continue from a state that another process of this host has saved. Call it before `run`.

        Raises `Corrupt` for an invalid state; then this session must not be used.
        """
        self.keep_clock(memory.course)
        self._watch.go_on(memory.course, memory.watch)
        self._pumps.analysed = memory.course.analysed
        resumed_s = None if self._clock.zero_at is None else self._watch.now_s()
        self._pumps.senses.restore(memory.perception, resumed_s=resumed_s)

    def inherit(self, handed: HandedOver) -> None:
        """Note what another node of this session has told. Call it after `go_on`, if at all."""
        self._watch.inherit(handed)

    async def run(self) -> None:
        """Watch until `end` or a failure; then close and report open events, unless another node goes on."""
        try:
            await self._watch_until_over()
        finally:
            self._pumps.finish()
            if not self._handed_over:
                self._watch.finish()

    def end(self, *, handed_over: bool = False) -> None:
        """Ask `run` to end. `handed_over`: another node goes on with the session. The first call counts."""
        if not self._over.is_set():
            self._handed_over = handed_over
        self._over.set()

    def change(self, order: StartSession) -> None:
        """Apply a changed order. Raises `Corrupt` for invalid templates; then nothing is changed.

        Another policy, another agreement or other networks close open events and start all waits again;
        baselines stay unless the policy changes what they are measured by. A pause closes open events and
        forgets pictures and sound; senses and baselines go on after it.
        """
        order = as_agreed(order)
        before = self._order
        anew = _kept(order) != _kept(before)
        held = order.paused != before.paused
        if anew or held:
            self._pumps.senses = self._senses(order, go_on=not anew)
        if anew or held or order.shadow != before.shadow:
            self._comparing.use(order)
        self._order = order
        self._watch.log_as_agreed(order)
        if not anew and not held:
            return
        if anew:
            self._watch.begin_anew(order)
        elif order.paused:
            self._watch.pause(order)
        else:
            self._watch.resume(order)
        self._want()
        if self.connections.newest is not None:
            self._watch.expect()

    async def verify(self, frame_id: int | None) -> VerifiedFrame:
        """Compare a frame of the last seconds, by default the newest, with the enrolled face.

        Raises `FrameGone` (410) for a frame no longer in memory, `Rejected` (409) before the first frame and
        while faces may not be compared.
        """
        check_may_compare(self._order)
        frame = await self._frame(frame_id)
        examined, check = await self._pumps.senses.verify(await asyncio.to_thread(frame.to_bgr))
        check_may_compare(self._order)  # a change may have arrived meanwhile
        threshold = self._order.policy.rule(EventType.FACE_MISMATCH).threshold or 0.0
        return verified_frame(frame, examined, check, threshold, self._watch.utc(frame.at_s))

    def show_camera(self, camera: Camera) -> None:
        """Judge a page's description of its camera."""
        self._watch.show_camera(camera)

    def state(self) -> SessionState:
        """The state for the heartbeat, without names."""
        order = self._order
        return SessionState(
            session_id=order.session_id,
            epoch=order.epoch,
            phase=self._phase(),
            frames_processed=self._pumps.analysed,
            alerts_triggered=self._watch.raised,
            last_verified_utc=self._watch.verified_utc,
            policy_version=order.policy.version,
            paused=order.paused,
            expires_utc=order.expires_utc,
            hears_phrases=Look.PHRASES in asked_to_hear(order.policy),
            token_key_id=key_id_of(order.token_key),
            device=order.device,
            withheld=order.withheld,
            unwatched_s=rounded(self._watch.unwatched()),
            logs_features=order.features_key is not None,
            networks=order.networks,
            shadow=order.shadow,
            compared=self._comparing.tallies if order.shadow else {},
        )

    def dropped(self) -> Counter[str]:
        """Frames and packets that were not analysed, by reason."""
        return self.connections.dropped() + self._pumps.dropped() + self._watch.drops

    def pictures(self) -> Counter[str]:
        """What became of its pictures, as in `Pumps.pictures`."""
        return self._pumps.pictures()

    def _senses(self, order: StartSession, *, go_on: bool) -> Senses:
        """New senses, without pictures and sound, that know what the former ones learnt of the face with the
        same networks; with `go_on`, their whole state."""
        senses = self._perceive(order)
        former = self._pumps.senses
        if go_on:
            senses.restore(former.snapshot(), resumed_s=self._watch.now_s())
        elif order.networks == self._order.networks:
            senses.take_over(former.learnt())
        return senses

    def _source(self, clock: SessionClock, frames_before: int) -> Source:
        return self._make_source(self._order, clock, frames_before)

    def _connected(self, again: bool) -> None:
        if again:
            self._watch.opened_again()
        self._watch.expect()

    def _delivers(self, page: UUID) -> None:
        self._tell(Delivers(assignment_of(self._order), page))

    def _want(self) -> None:
        """Deliver only the pictures and sound that may be watched now."""
        senses = senses_of(self._order)
        self.connections.want(senses)
        self._pumps.want(senses)

    async def _watch_until_over(self) -> None:
        steadily = self._pumps.analyse, self._watch.keep_time, self._comparing.run
        async with asyncio.TaskGroup() as tasks:
            steady = [tasks.create_task(work()) for work in steadily]
            self.connections.open(tasks)
            try:
                await self._over.wait()
            finally:
                self.connections.refuse()
            for task in steady:
                task.cancel()
            await self.connections.close()

    async def _frame(self, frame_id: int | None) -> VideoFrame:
        newest, source = self._pumps.newest, self.connections.newest
        if newest is None or source is None:
            raise Rejected("no frame has arrived yet", code="no-frame", status=409)
        return newest if frame_id in (None, newest.frame_id) else await source.frame(frame_id)

    def _phase(self) -> str:
        if self._order.paused:
            return "paused"
        source = self.connections.newest
        if source is None:
            return "waiting"
        if Sense.SIGHT not in senses_of(self._order):
            # Its page may send nothing at all, but its connection ends with it.
            return "silent" if source.video.closed else "withheld"
        age_s = source.counts(time.monotonic()).frame_age_s
        return "watching" if age_s is not None and age_s <= SILENT_S else "silent"


def _kept(order: StartSession) -> tuple[object, ...]:
    """With another one of these a session begins anew."""
    return order.policy, order.withheld, order.networks
