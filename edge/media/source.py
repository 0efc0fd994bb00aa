"""The interface between a session and the source of its media: WebRTC, or a fake in tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.media.frames import AudioWindow, VideoFrame
from edge.media.latest import Latest
from shared.events.looks import Sense


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What arrived, and what was dropped and why, at one moment."""

    frames: int
    """Pictures delivered."""
    windows: int
    """Windows of sound delivered."""
    dropped: Mapping[str, int]
    """Counts by reason since the source began; `edge.media.peer.Peer.counts` lists the reasons."""
    frame_age_s: float | None
    """Age of the last picture; None before the first."""
    media_age_s: float | None
    """Age of the last picture or sound that arrived, also while nobody may look or listen; None before the
    first."""
    error: str | None = None
    """Why the connection failed, `ice` or `dtls`; None while it works or when its page ended it."""
    decode_s: float = 0.0
    """Processor time spent on decoding."""


class Source(Protocol):
    """One connection of a candidate's page: takes an offer, delivers pictures and sound until it ends.

    Its owner must `close()` it, also when the connection ended by itself.
    """

    @property
    def video(self) -> Latest[VideoFrame]:
        """Pictures; closed with the connection."""

    @property
    def audio(self) -> Latest[AudioWindow]:
        """Windows of sound; closed with the connection."""

    @property
    def frame_count(self) -> int:
        """The highest frame id so far."""

    def want(self, senses: Collection[Sense]) -> None:
        """Deliver pictures or sound for these senses only. For the others, nothing reaches a network or is
        kept, and what was kept is forgotten."""

    async def answer(self, offer_sdp: str) -> str:
        """Accept the page's offer. Raises `Rejected` or `Unavailable`."""

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Add one of the page's ICE candidates; empty text ends them. Raises `Rejected`."""

    def counts(self, now: float) -> SourceCounts:
        """Counters at monotonic time `now`."""

    async def frame(self, frame_id: int) -> VideoFrame:
        """A frame of the last seconds. Raises `FrameGone` (410), or `Corrupt` when undecodable."""

    async def close(self) -> None:
        """End the connection, within a few seconds in any case."""
