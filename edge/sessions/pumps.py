"""Moves media from a session's connections through its senses to its watch.

source ─frames─> arrival (told at once) ─newest─> look ──> watch
       ─sound──> listen ───────────────────────────────────┘
                                                    └────> another version, if one is compared
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection

from edge.analysis.attempts import noted_calls
from edge.analysis.levels import LevelInForce
from edge.analysis.measured import Looked, Origin
from edge.analysis.perception import arrival
from edge.media.frames import VideoFrame
from edge.media.latest import Latest
from edge.media.source import Source
from edge.sessions.comparing import Comparing
from edge.sessions.live_watch import LiveWatch
from edge.sessions.port import Tell
from edge.sessions.session_parts import Senses
from shared.events.looks import Sense
from shared.traces.spans import Step


class Pumps:
    """Moves one session's pictures and sound. `senses` may be replaced at any time."""

    def __init__(
        self, senses: Senses, level: LevelInForce, watch: LiveWatch, comparing: Comparing, tell: Tell
    ) -> None:
        self.senses = senses
        self.wanted: Collection[Sense] = frozenset(Sense)
        """The senses that may be used now; set by `want`."""
        self.newest: VideoFrame | None = None
        """The last picture that arrived and may be looked at."""
        self.analysed = 0
        """Pictures analysed in the whole session, also in other processes."""
        self._pictures: Counter[str] = Counter()
        self._looking = 0
        self._level = level
        self._watch = watch
        self._comparing = comparing
        self._tell = tell
        self._slot: Latest[tuple[VideoFrame, float]] = Latest()
        """The newest picture, with the time on the session's clock at which it was here."""
        self._drops: Counter[str] = Counter()

    def dropped(self) -> Counter[str]:
        """Pictures and windows that arrived and were not analysed, by reason."""
        return self._drops + Counter({"analysis_busy": self._slot.dropped})

    def pictures(self) -> Counter[str]:
        """What became of the pictures that reached this session in this process: all that were `received`
        were `looked_at`, `not_due` for any look, `dropped` for one of the reasons, or wait (`waiting`)."""
        waiting = self._slot.waiting + self._looking
        return self._pictures + Counter(dropped=self.dropped().total(), waiting=waiting)

    def finish(self) -> None:
        """Count what still waits as dropped: nobody will look at it."""
        self._drops["ended"] += self._slot.clear()

    def want(self, wanted: Collection[Sense]) -> None:
        """Use only these senses from now on, and forget what waits for the others."""
        self.wanted = wanted
        if Sense.SIGHT not in wanted:
            self.newest = None
            self._drops["not_watched"] += self._slot.clear()

    async def drain(self, source: Source) -> None:
        """Take the media of a source until its connection ends."""
        async with asyncio.TaskGroup() as pumps:
            pumps.create_task(self._pump_video(source))
            pumps.create_task(self._pump_audio(source))

    async def analyse(self) -> None:
        """Analyse the newest picture, repeatedly, until cancelled."""
        while (arrived := await self._slot.get()) is not None:
            (frame, here_s), senses, begun_s = arrived, self.senses, self._watch.now_s()
            self._looking = 1
            try:
                with noted_calls() as calls:
                    seen = await senses.look(frame)
            except BaseException:
                self._drops["ended"] += 1
                raise
            finally:
                self._looking = 0
            looked_s = self._watch.now_s()
            # Meanwhile the exam may have been paused, or the candidate may have withdrawn its agreement.
            if senses is not self.senses:
                self._drops["changed"] += 1
            elif seen.frame is not None or seen.observation.failed:
                self.analysed += 1
                self._pictures["looked_at"] += 1
                now = time.time()
                origin = Origin(Step.PICTURE, now - (looked_s - here_s), tuple(calls), now)
                self._watch.see(seen.observation, seen.frame, origin=origin)
                self._comparing.take(frame, seen)
                self._tell(
                    Looked(
                        received_s=here_s - frame.at_s,
                        waited_s=begun_s - here_s,
                        looked_s=looked_s - begun_s,
                        judged_s=self._watch.now_s() - looked_s,
                    )
                )
            else:
                self._pictures["not_due"] += 1

    async def _pump_video(self, source: Source) -> None:
        while (frame := await source.video.get()) is not None:
            self._pictures["received"] += 1
            if Sense.SIGHT not in self.wanted:
                self._drops["not_watched"] += 1
                continue
            self.newest = frame
            self._watch.see(arrival(frame, self._level.number))
            missed = self.senses.miss_sound(frame)
            if missed is not None:
                self._watch.see(missed)
            # A damaged picture is not analysed, and must not replace a good one that waits.
            if frame.damaged:
                self._drops["damaged"] += 1
            else:
                self._slot.put((frame, self._watch.now_s()))

    async def _pump_audio(self, source: Source) -> None:
        while (window := await source.audio.get()) is not None:
            # Speech during a pause is private: nothing listens to it, and no excerpt reaches back to it.
            if Sense.HEARING not in self.wanted:
                self._drops["not_watched"] += 1
                continue
            senses, here = self.senses, time.time()
            with noted_calls() as calls:
                heard = await senses.listen(window)
            # Meanwhile the candidate may have withdrawn its consent to the recognition of words.
            if senses is not self.senses:
                self._drops["changed"] += 1
            elif heard is not None:
                origin = Origin(Step.SOUND, here, tuple(calls), time.time())
                self._watch.see(heard.observation, excerpt=heard.excerpt, origin=origin)
