"""A connection without WebRTC and senses without networks: a test says what comes and what is seen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar, cast
from uuid import UUID

import numpy as np

from edge.analysis.examination import Examined, Frame
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard
from edge.analysis.looking import LookingState
from edge.analysis.perception import Seen
from edge.media.clock import SessionClock
from edge.media.frames import WINDOW_S, WINDOW_SAMPLES, AudioWindow, VideoFrame
from edge.media.latest import Latest
from edge.media.ring import FrameGone
from edge.media.source import SourceCounts
from shared.errors import Rejected
from shared.events.looks import Sense
from shared.observations import FaceSeen, IdentityCheck, Observation
from shared.saving import Saved
from tests.support.foreign import picture
from tests.support.observations import LIGHT, ONE

T = TypeVar("T")

STEP_S = 0.2
"""Between two pictures."""
REFUSED_OFFER = "an offer that cannot be answered"


class Emptied(Latest[T]):
    """A mailbox that counts what was taken out of it."""

    def __init__(self, depth: int = 1) -> None:
        super().__init__(depth)
        self.taken = 0

    def take(self) -> T | None:
        item = super().take()
        self.taken += item is not None
        return item


class FakeSource:
    """One connection. It answers any offer but `REFUSED_OFFER`, once it may."""

    def __init__(self, clock: SessionClock, frames_before: int, may_answer: asyncio.Event) -> None:
        self.video: Emptied[VideoFrame] = Emptied()
        self.audio: Emptied[AudioWindow] = Emptied(8)
        self.clock = clock
        self.frames_before = self.frame_count = frames_before
        self.may_answer = may_answer
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.candidates: list[str] = []
        self.dropped: Counter[str] = Counter()
        self.frame_age_s: float | None = None
        self.sound_age_s: float | None = None
        self.error: str | None = None
        self.closed = False
        self.wanted: Collection[Sense] = frozenset(Sense)

    def want(self, senses: Collection[Sense]) -> None:
        self.wanted = senses

    async def answer(self, offer_sdp: str) -> str:
        await asyncio.sleep(0)  # no real connection answers at once
        await self.may_answer.wait()
        if offer_sdp == REFUSED_OFFER:
            raise Rejected("the offer cannot be answered", code="bad-offer")
        return f"answer to {offer_sdp}"

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        self.candidates.append(candidate)

    def counts(self, now: float) -> SourceCounts:
        return SourceCounts(
            frames=self.video.received,
            windows=self.audio.received,
            dropped=self.dropped,
            frame_age_s=self.frame_age_s,
            media_age_s=min(
                (age_s for age_s in (self.frame_age_s, self.sound_age_s) if age_s is not None), default=None
            ),
            error=self.error,
        )

    async def frame(self, frame_id: int) -> VideoFrame:
        raise FrameGone(frame_id)

    @property
    def emptied(self) -> bool:
        """Whether all that has come so far is taken."""
        return (self.video.taken, self.audio.taken) == (self.video.received, self.audio.received)

    async def close(self) -> None:
        await self.may_close.wait()
        self.closed = True
        self.video.close()
        self.audio.close()

    def send(self, at_s: float, *, damaged: bool = False) -> VideoFrame:
        """A picture has come."""
        self.frame_count += 1
        self.frame_age_s = 0.0
        frame = replace(picture(128, at_s, self.frame_count), damaged=damaged)
        self.video.put(frame)
        return frame

    def sound(self, at_s: float) -> AudioWindow:
        """Half a second of silence has come."""
        self.sound_age_s = 0.0
        window = AudioWindow(at_s, np.zeros(WINDOW_SAMPLES, np.float32), 0.0)
        self.audio.put(window)
        return window


class FakeSenses:
    """Sees `faces` in every picture and says `heard` of every window; remembers what it was shown."""

    def __init__(self, owner: tuple[UUID, int], level: LevelInForce) -> None:
        """`owner`: session and epoch."""
        self.owner = owner
        self.level = level
        self.faces: tuple[FaceSeen, ...] = ONE
        self.identity: IdentityCheck | None = None
        self.heard: Heard | None = None
        self.eyes = LookingState()
        self.learned: tuple[str, ...] = ()
        """Goes on with `restore`."""
        self.resumed_s: float | None = None
        self.fails: Exception | None = None
        """Raised by the next look."""
        self.looked_at: list[int] = []
        """Frame ids, each with its look begun."""
        self.listened_to: list[float] = []
        """When windows ended, each with its listening begun."""
        self.verifying = False
        self.may_look = asyncio.Event()
        self.may_look.set()
        self.may_listen = asyncio.Event()
        self.may_listen.set()

    async def look(self, frame: VideoFrame) -> Seen:
        self.looked_at.append(frame.frame_id)
        await self.may_look.wait()
        if self.fails is not None:
            raise self.fails
        observation = Observation(
            at=frame.at_s,
            level=self.level.number,
            frame_id=frame.frame_id,
            frame_width_px=frame.width,
            frame_height_px=frame.height,
            picture=LIGHT,
            faces=self.faces,
            identity=self.identity,
        )
        return Seen(observation, frame.to_bgr())

    async def listen(self, window: AudioWindow) -> Heard | None:
        self.listened_to.append(window.at_s + WINDOW_S)
        await self.may_listen.wait()
        return self.heard

    def snapshot(self) -> Saved:
        return {"learned": list(self.learned)}

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        self.learned = tuple(cast(list[str], saved["learned"]))
        self.resumed_s = resumed_s

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        return None

    def learnt(self) -> LookingState:
        return self.eyes

    def take_over(self, learnt: LookingState) -> None:
        self.eyes = learnt

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        self.verifying = True
        await self.may_look.wait()
        return Examined(faces=1, quality=None, failed=(), embeddings=()), IdentityCheck(
            recogniser="test@1",
            embedding_id=str(UUID(int=5)),
            similarity=0.9,
            quality=0.8,
            failed_gates=(),
        )
