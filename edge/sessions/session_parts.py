"""What a session is made of; `edge.sessions.session_maker` puts it together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge.analysis.examination import Examined, Frame
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard
from edge.analysis.perception import Seen
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import AudioWindow, VideoFrame
from edge.media.source import Source
from edge.sessions.port import Tell
from shared.messages import StartSession
from shared.observations import IdentityCheck, Observation


class Senses(Protocol):
    """What a session sees and hears with. `edge.analysis.perception.Perception` is it on a node."""

    async def look(self, frame: VideoFrame) -> Seen:
        """What a frame shows."""

    async def listen(self, window: AudioWindow) -> Heard | None:
        """What a window of sound says; None where nobody listens."""

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        """What is to be said, as a frame comes, of sound that is owed and does not come."""

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        """A check on request. Raises `Unavailable` when it came to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session is made of."""

    perceive: Callable[[StartSession], Senses]
    """Makes the senses that an order asks for; raises `Corrupt` for templates that are none."""
    make_source: Callable[[SessionClock, int], Source]
    """Makes a connection for an offer, on the session's clock, its frames numbered from after a number."""
    open_watch: Callable[[StartSession, datetime], Watch]
    """Makes the watch once a page has connected, given the instant of the session clock's zero."""
    level: LevelInForce
    tell: Tell
    """Hears of alerts and notices."""
