"""The parts of a session; `edge.sessions.session_maker` builds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge.analysis.examination import Examined, Frame
from edge.analysis.levels import LevelInForce
from edge.analysis.listening import Heard
from edge.analysis.looking import LookingState
from edge.analysis.perception import Seen
from edge.judging.watch import Watch
from edge.media.clock import SessionClock
from edge.media.frames import AudioWindow, VideoFrame
from edge.media.source import Source
from edge.sessions.port import Tell
from edge.sessions.shadow import Shadow, no_shadow
from shared.messages.sessions import StartSession
from shared.observations import IdentityCheck, Observation
from shared.saving import Saved


class Senses(Protocol):
    """The senses of a session. On a node this is `edge.analysis.perception.Perception`."""

    async def look(self, frame: VideoFrame) -> Seen:
        """Observe a frame."""

    async def listen(self, window: AudioWindow) -> Heard | None:
        """Observe a window of sound; None when the session does not listen."""

    def miss_sound(self, frame: VideoFrame) -> Observation | None:
        """At a frame, report expected sound that has not arrived, if any."""

    def learnt(self) -> LookingState:
        """What they have learnt of this person's face."""

    def take_over(self, learnt: LookingState) -> None:
        """Continue from what this session's earlier senses learnt. Call it before the first look."""

    def snapshot(self) -> Saved:
        """What was learnt in this session, without pictures, sound or templates."""

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Continue from a snapshot. Call it before the first look. The time until `resumed_s` does not count
        as waiting."""

    async def verify(self, frame: Frame) -> tuple[Examined, IdentityCheck | None]:
        """Compare a frame with the enrolled face, on request. Raises `Unavailable` if that was not
        possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a session."""

    perceive: Callable[[StartSession], Senses]
    """Makes the senses that an order asks for; raises `Corrupt` for invalid templates."""
    make_source: Callable[[StartSession, SessionClock, int], Source]
    """Makes a connection for an offer under the order in force, on the session's clock; frames are numbered
    after the given number."""
    open_watch: Callable[[StartSession, datetime], Watch]
    """Makes the watch once a page has connected, given the UTC time of zero on the session clock."""
    level: LevelInForce
    shadow: Callable[[StartSession], Shadow | None] = no_shadow
    """Makes what compares another version of a network, if the order asks for it and it is open here."""
    tell: Tell
    """Receives alerts and notices."""
