"""The shell of one candidate: media in, observations to the watch, alerts to the outbox, notices to the page.

    peer ─frames─> arrival (told at once) ─newest─> look ──> watch ──> alerts ──> writer ──> outbox
         ─sound──> listen ──────────────────────────────────┘ ↑ one timer   └──> notices ──> page

It decides nothing: `edge.judging.watch` does. One timer is armed from the watch's deadline. A page that
connects again gets a new peer on the same session clock. Whatever fails in here ends in this session.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from edge.analysis.ears import asked_to_hear
from edge.analysis.examination import Frame
from edge.analysis.perception import Perception, arrival
from edge.judging.alerts import AlertRevision
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import VideoFrame
from edge.media.latest import Latest
from edge.media.peer import Peer
from edge.sessions import frame_numbers
from edge.sessions.session_parts import Parts
from shared.errors import Rejected
from shared.events.looks import Look
from shared.excerpts import Excerpt
from shared.messages import SessionState, StartSession
from shared.notices import candidate_notice
from shared.observations import Observation

NOTICES: Final = 64
"""Notices that may wait for a slow page; the oldest goes first."""
SILENT_S: Final = 3.0
LEAST_PAUSE_S: Final = 0.02
"""Between two ticks, whatever the deadline says."""

Notices = Latest[Mapping[str, object]]


class Session:
    """One candidate's exam on this node, from `start` to `end`, while `run` runs."""

    def __init__(self, order: StartSession, parts: Parts) -> None:
        self._order = order
        self._parts = parts
        self._perception = parts.perceive(order)
        self._clock = SessionClock(begins_s=order.elapsed_s)
        self._watch: Watch | None = None
        self._over = asyncio.Event()
        self._rearm = asyncio.Event()
        self._armed_s = float("inf")
        self._tasks: asyncio.TaskGroup | None = None
        self._peer: Peer | None = None
        self._attended: set[Peer] = set()
        self._slot: Latest[VideoFrame] = Latest()
        self._newest: VideoFrame | None = None
        self._page: Notices = Latest(NOTICES)
        self._verified_utc: datetime | None = None
        self._analysed = 0
        self._drops: Counter[str] = Counter()

    @property
    def order(self) -> StartSession:
        return self._order

    @property
    def perception(self) -> Perception:
        return self._perception

    async def run(self) -> None:
        """Watch until `end`, or until something fails; then close and write down what is still open."""
        writing = asyncio.create_task(self._parts.writer.run())
        try:
            await self._watch_until_over()
        finally:
            self._page.close()
            if self._watch is not None:
                self._take(self._watch.finish(self._now_s()))
            self._parts.writer.close()
            await writing

    def end(self) -> None:
        """Ask `run` to come to its end."""
        self._over.set()

    def change(self, order: StartSession) -> None:
        """Go on under a changed order. With another policy and by a pause what is open ends, senses, rules
        and baselines begin anew. Raises `Corrupt` for templates that are none, with nothing changed."""
        before = self._order
        anew = (order.policy, order.paused) != (before.policy, before.paused)
        if anew:
            perception = self._parts.perceive(order)
            perception.level, self._perception = self._perception.level, perception
        self._order = order
        if not anew:
            return
        if self._watch is not None:
            self._take(self._watch.finish(self._now_s()))
            self._watch = None
            self._rearm.set()
        if self._peer is not None:
            self._expect()

    async def answer(self, offer_sdp: str) -> tuple[str, Peer]:
        """A new peer for the page's offer; the one before is closed once this one has its answer.

        Raises `Rejected` and `Unavailable` as `Peer.answer` does, and `Rejected` (410) after the end.
        """
        former = self._peer
        numbered = frame_numbers.first(self.order.elapsed_s)
        if former is not None:
            numbered = frame_numbers.after(former.frame_count)
        peer = Peer(self._parts.peer_settings, self._clock, numbered)
        try:
            answer = await peer.answer(offer_sdp)
            self._attend(peer, former)
        except BaseException:
            await peer.close()
            raise
        return answer, peer

    def sit_down(self) -> Notices:
        """The notices for a page that has just connected; the page before it hears no more."""
        self._page.close()
        self._page = Latest(NOTICES)
        return self._page

    async def frame(self, frame_id: int | None) -> VideoFrame:
        """The newest frame, or one of the last seconds.

        Raises `FrameGone` (410) for one no longer in memory, `Rejected` (409) before the first.
        """
        if self._newest is None or self._peer is None:
            raise Rejected("no frame has come yet", code="no-frame", status=409)
        if frame_id is None or frame_id == self._newest.frame_id:
            return self._newest
        return await self._peer.frame(frame_id)

    def utc(self, at_s: float) -> datetime:
        """A time on the session clock as an instant."""
        return datetime.now(UTC) - timedelta(seconds=self._now_s() - at_s)

    def state(self) -> SessionState:
        """For the heartbeat; no names."""
        return SessionState(
            session_id=self.order.session_id,
            epoch=self.order.epoch,
            phase=self._phase(),
            frames_processed=self._analysed,
            alerts_triggered=self._parts.writer.counts["raised"],
            last_verified_utc=self._verified_utc,
            policy_version=self.order.policy.version,
            paused=self.order.paused,
            expires_utc=self.order.expires_utc,
            hears_phrases=Look.PHRASES in asked_to_hear(self.order.policy),
        )

    def _phase(self) -> str:
        if self.order.paused:
            return "paused"
        age_s = None if self._peer is None else self._peer.counts(time.monotonic()).frame_age_s
        watching = age_s is not None and age_s <= SILENT_S
        return "waiting" if self._watch is None else "watching" if watching else "silent"

    def dropped(self) -> Counter[str]:
        """Frames, packets and alerts that were never looked at or kept, by reason."""
        own = {"analysis_busy": self._slot.dropped, "alert_overflow": self._parts.writer.overflowed}
        now = time.monotonic()
        return sum((Counter(peer.counts(now).dropped) for peer in self._attended), self._drops + Counter(own))

    async def _watch_until_over(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            steady = [tasks.create_task(work()) for work in (self._analyse, self._keep_time)]
            try:
                await self._over.wait()
            finally:
                self._tasks = None
            for task in steady:
                task.cancel()
            await asyncio.gather(*(peer.close() for peer in self._attended))

    def _attend(self, peer: Peer, former: Peer | None) -> None:
        if self._tasks is None:
            raise Rejected("the session is over", code="session-ended", status=410)
        if self._peer is not former:
            raise Rejected("another connection was quicker", code="superseded", status=409)
        self._peer = peer
        self._attended.add(peer)
        self._tasks.create_task(self._drain(peer))
        if former is not None:
            self._tasks.create_task(former.close())
        self._expect()

    def _expect(self) -> None:
        """A page is connected: from now on its pictures are owed, unless the exam is paused."""
        if self.order.paused:
            return
        watch = self._opened()
        watch.expect(self._now_s())
        self._arm(watch)

    async def _drain(self, peer: Peer) -> None:
        """Take all a peer delivers until its connection has ended."""
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump_video(peer))
                pumps.create_task(self._pump_audio(peer))
        finally:
            self._attended.discard(peer)
            self._drops += Counter(peer.counts(time.monotonic()).dropped)
            await peer.close()

    async def _pump_video(self, peer: Peer) -> None:
        while (frame := await peer.video.get()) is not None:
            self._newest = frame
            self._see(arrival(frame, self.perception.level))
            missed = self.perception.miss_sound(frame)
            if missed is not None:
                self._see(missed)
            # A damaged one would not be looked at, and must not push out one that is.
            if frame.damaged:
                self._drops["damaged"] += 1
            else:
                self._slot.put(frame)

    async def _pump_audio(self, peer: Peer) -> None:
        while (window := await peer.audio.get()) is not None:
            # What is said in a pause is nobody's affair: nothing hears it, and no excerpt reaches back to it.
            if self.order.paused:
                self._drops["paused"] += 1
                continue
            perception = self.perception
            heard = await perception.listen(window)
            # Meanwhile the candidate may have taken back that words are recognised.
            if perception is not self.perception:
                self._drops["changed"] += 1
            elif heard is not None:
                self._see(heard.observation, excerpt=heard.excerpt)

    async def _analyse(self) -> None:
        while (frame := await self._slot.get()) is not None:
            seen = await self.perception.look(frame)
            if seen.frame is not None or seen.observation.failed:
                self._analysed += 1
                self._see(seen.observation, seen.frame)

    async def _keep_time(self) -> None:
        while True:
            deadline_s = None if self._watch is None else self._watch.deadline()
            self._armed_s = float("inf") if deadline_s is None else deadline_s
            self._rearm.clear()
            wait_s = None if deadline_s is None else deadline_s - self._now_s()
            if wait_s is None or wait_s > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rearm.wait(), wait_s)
            elif self._watch is not None:
                self._take(self._watch.tick(self._now_s()))
                await asyncio.sleep(LEAST_PAUSE_S)

    def _opened(self) -> Watch:
        if self._watch is None:
            self._watch = self._parts.open_watch(self.order, self.utc(0.0))
        return self._watch

    def _see(
        self, observation: Observation, frame: Frame | None = None, excerpt: Excerpt | None = None
    ) -> None:
        if self.order.paused:
            self._drops["paused"] += 1
            return
        watch = self._opened()
        self._take(watch.observe(observation, frame, excerpt))
        if observation.identity is not None and observation.identity.similarity is not None:
            self._verified_utc = self.utc(observation.at)
        self._arm(watch)

    def _arm(self, watch: Watch) -> None:
        deadline_s = watch.deadline()
        if deadline_s is not None and deadline_s < self._armed_s:
            self._rearm.set()

    def _take(self, revisions: list[AlertRevision]) -> None:
        for revision in revisions:
            self._parts.writer.write(revision)
            notice = candidate_notice(revision.alert, revision.revision)
            if notice is not None:
                self._page.put(notice)

    def _now_s(self) -> float:
        return self._clock.session_s(time.monotonic())
