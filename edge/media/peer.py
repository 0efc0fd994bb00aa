"""Runs one candidate's WebRTC connection: takes an offer, gives pictures and windows of sound.

Both tracks are always read, even without a consumer: each goes into a small mailbox that keeps the newest
items and counts the rest. Nothing here interprets missing media; only the age of the last media is reported.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from typing import cast

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp

from edge.media import seams
from edge.media.candidates import Candidates
from edge.media.clock import CaptureClock, SessionClock
from edge.media.datagrams import Datagrams, ice_connections
from edge.media.decoder import VIDEO_CLOCK_HZ, Decoded, decode_last
from edge.media.flow import Flows, VideoFlow
from edge.media.frames import AudioWindow, VideoFrame, video_frame
from edge.media.gathering import Gathering
from edge.media.latest import Latest
from edge.media.negotiation import (
    ANSWER_ERRORS,
    PeerSettings,
    open_connection,
    preferred_codecs,
    read_offer,
    turn,
)
from edge.media.sdp import passive, payload_codecs, shape_answer
from edge.media.sound_pace import Pace
from edge.media.sound_windows import SoundWindows
from edge.media.source import SourceCounts
from shared.errors import Rejected, Unavailable
from shared.events.looks import Sense

__all__ = ["Peer", "PeerSettings"]

logger = logging.getLogger(__name__)

_ANSWER_S = 10.0
_CLOSE_S = 3.0
_AUDIO_WINDOWS = 8
"""Windows of sound that may wait for analysis: four seconds."""
_CANDIDATES = 64


class Peer:
    """A `Source` over WebRTC: answers one offer and delivers its media until closed. Use on one event loop.

    The caller must `close()` it, also when the connection ended by itself (`ended` is set then).
    """

    def __init__(
        self, settings: PeerSettings, clock: SessionClock | None = None, frames_before: int = 0
    ) -> None:
        """`clock` and `frames_before` continue when a session's page reconnects."""
        self.video: Latest[VideoFrame] = Latest()
        self.audio: Latest[AudioWindow] = Latest(_AUDIO_WINDOWS)
        self.ended = asyncio.Event()
        """Set when the connection failed or the other side closed it."""
        self.clock = clock or SessionClock()
        self._settings = settings
        self._flows = Flows(video=VideoFlow(frames=frames_before))
        self._capture = CaptureClock(VIDEO_CLOCK_HZ)
        self._sound = SoundWindows()
        self._asked = False
        self._connection: RTCPeerConnection | None = None
        self._datagrams = Datagrams()
        self._tried = Candidates(settings.reach)
        self._gathering = Gathering(settings.ports)
        self._pumps: list[asyncio.Task[None]] = []
        self._candidates = 0
        self._frame_at: float | None = None
        self._last_capture_s = float("-inf")
        self._wanted: Collection[Sense] = frozenset(Sense)
        self._error: str | None = None
        self._unheard = 0
        """Windows of sound that were dropped because nobody may listen."""

    async def answer(self, offer_sdp: str) -> str:
        """Accept an offer; return the answer with our candidates, except those of servers that answer late.

        Raises Rejected (the offer is invalid, or not the first) or Unavailable (no candidates in time).
        """
        if self._asked:
            raise Rejected("this connection already has an answer", code="already-answered", status=409)
        self._asked = True
        try:
            async with asyncio.timeout(_ANSWER_S):
                async with turn():
                    connection, ours = await self._prepare(offer_sdp)
                    await asyncio.sleep(0)
                await connection.setLocalDescription(ours)
        except TimeoutError as error:
            raise Unavailable(f"no answer within {_ANSWER_S:.0f} s") from error
        except ANSWER_ERRORS as error:
            logger.info("an offer could not be answered: %r", error)
            raise Rejected(
                "the offer cannot be answered: its parts contradict each other", code="bad-offer"
            ) from error
        return shape_answer(connection.localDescription.sdp, self._settings.answer)

    async def _prepare(self, offer_sdp: str) -> tuple[RTCPeerConnection, RTCSessionDescription]:
        """Our connection and its answer, made in steps between which others get their time."""
        offer = read_offer(offer_sdp)
        await asyncio.sleep(0)
        if self.ended.is_set():
            raise Unavailable("the connection was closed before its offer was answered")
        seams.install()
        connection = self._connection = open_connection(self._settings.ice_servers)
        connection.on("track", self._drain)
        connection.on("connectionstatechange", self._state_changed)
        with seams.feeding(self._flows):
            for kind in offer.kinds:
                transceiver = connection.addTransceiver(kind, direction="recvonly")
                transceiver.setCodecPreferences(preferred_codecs(kind))
        self._tried.guard(ice_connections(connection))
        self._gathering.guard(ice_connections(connection))
        await asyncio.sleep(0)
        await connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
        await asyncio.sleep(0)
        ours = await connection.createAnswer()
        self._flows.video.codecs = payload_codecs(ours.sdp)
        self._datagrams.guard(connection)
        return connection, RTCSessionDescription(passive(ours.sdp), "answer") if offer.any_role else ours

    def want(self, senses: Collection[Sense]) -> None:
        """See `Source.want`. Unwanted sound is still decoded, to keep its timeline, and dropped at once."""
        self._wanted = frozenset(senses)
        self._flows.video.want(Sense.SIGHT in senses)
        for sense, media in ((Sense.SIGHT, self.video), (Sense.HEARING, self.audio)):
            if sense not in senses:
                media.clear()

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        """Add one of the page's candidates (`candidate:…` or `a=candidate:…`); empty text ends them.

        Raises Rejected when it arrives before the offer, is invalid, or exceeds the limit.
        """
        if self._connection is None:
            raise Rejected("an ICE candidate arrived before the offer", code="no-offer", status=409)
        self._candidates += 1
        if self._candidates > _CANDIDATES:
            raise Rejected(f"more than {_CANDIDATES} candidates", code="too-many-candidates", status=429)
        text = candidate.removeprefix("a=").removeprefix("candidate:").strip()
        try:
            parsed = candidate_from_sdp(text) if text else None
            if parsed is not None:
                parsed.sdpMid, parsed.sdpMLineIndex = mid, index
            await self._connection.addIceCandidate(parsed)
        except (ValueError, IndexError, AssertionError) as error:
            raise Rejected("not an ICE candidate", code="bad-candidate") from error

    def counts(self, now: float) -> SourceCounts:
        """Counters at monotonic time `now`. Reasons for drops, by unit:

        candidates: `candidate_…` (`addresses.objection` has the words, and `too-many`); datagrams:
        `datagram_refused` (empty or too large); packets: `video_packet_lost`, `video_packet_late`,
        `video_packet_incomplete` (its frame lost another), `audio_packet_lost`, `audio_packet_late`; frames:
        `decoder_full`, `undecodable`, `loop_busy` (decoded, not fetched in time), `not_watched` (nobody may
        look), `superseded` (a newer picture came first), `audio_superseded`; pieces of sound:
        `audio_too_fast` (more sound than time has passed), `audio_leap` (its timestamp leapt; the gap is not
        filled).
        """
        video, audio = self._flows.video, self._flows.audio
        jitter, order = video.jitter.counts, audio.order.counts
        decoders = (video.decoder, audio.decoder)
        return SourceCounts(
            frames=self.video.received,
            windows=self.audio.received,
            dropped={
                "datagram_refused": self._datagrams.refused,
                "video_packet_lost": jitter.lost,
                "video_packet_late": jitter.late,
                "video_packet_incomplete": jitter.incomplete,
                "audio_packet_lost": order.lost,
                "audio_packet_late": order.late,
                "decoder_full": sum(decoder.overload for decoder in decoders),
                "undecodable": sum(decoder.undecodable for decoder in decoders),
                "loop_busy": sum(decoder.untaken for decoder in decoders),
                "not_watched": video.decoder.unwanted + self._unheard,
                "superseded": self.video.dropped,
                "audio_superseded": self.audio.dropped,
                "audio_too_fast": self._sound.paces[Pace.TOO_FAST],
                "audio_leap": self._sound.paces[Pace.LEAPS],
                **{f"candidate_{reason}": count for reason, count in self._tried.refused.items()},
            },
            frame_age_s=None if self._frame_at is None else now - self._frame_at,
            media_age_s=min(
                (now - at for at in (video.frame_at, audio.packet_at) if at is not None), default=None
            ),
            error=self._error,
            decode_s=sum(decoder.cpu_s for decoder in decoders),
        )

    @property
    def frame_count(self) -> int:
        """The highest frame id so far; `frames_before` of the session's next peer."""
        return self._flows.video.frames

    async def frame(self, frame_id: int) -> VideoFrame:
        """A frame of the last seconds, decoded again. Raises FrameGone (410), or Corrupt when undecodable."""
        chain = self._flows.video.ring.chain(frame_id)
        wanted = chain[-1]
        picture = await asyncio.to_thread(decode_last, chain)
        at_s = self.clock.session_s(self._capture.at(wanted.timestamp))
        return video_frame(picture, at_s, frame_id, wanted.damaged)

    async def close(self) -> None:
        """End the connection and its threads, within a few seconds in any case."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await self._gathering.close()
        if self._connection is not None:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self._connection.close()
            except TimeoutError:
                logger.warning("a peer connection did not close within %.0f s", _CLOSE_S)
        self._end()

    def _end(self) -> None:
        self.video.close()
        self.audio.close()
        self.ended.set()

    def _state_changed(self) -> None:
        connection = self._connection
        if connection is not None and connection.connectionState in ("failed", "closed"):
            if connection.connectionState == "failed":
                self._error = "ice" if connection.iceConnectionState == "failed" else "dtls"
            self._end()

    def _drain(self, track: MediaStreamTrack) -> None:
        pump = self._pump_video if track.kind == "video" else self._pump_audio
        self._pumps.append(asyncio.get_running_loop().create_task(pump(track), name=f"{track.kind}-pump"))

    async def _pump_video(self, track: MediaStreamTrack) -> None:
        async for decoded in _received(track):
            source = decoded.source
            assert isinstance(decoded.frame, av.VideoFrame)
            self._capture.heard(source.timestamp, source.arrived_at)
            at_s = self.clock.session_s(self._capture.at(source.timestamp))
            # A better estimate of the least delay moves times back, but a later frame must stay later.
            at_s = self._last_capture_s = max(at_s, self._last_capture_s + 0.001)
            self._frame_at = time.monotonic()
            if Sense.SIGHT in self._wanted:
                self.video.put(video_frame(decoded.frame, at_s, source.index, source.damaged))

    async def _pump_audio(self, track: MediaStreamTrack) -> None:
        async for decoded in _received(track):
            assert isinstance(decoded.frame, av.AudioFrame)
            windows = self._sound.add(decoded.frame, decoded.source)
            if windows is None:
                continue
            self.clock.session_s(self._sound.captured_at(decoded.source))
            for window in windows:
                if Sense.HEARING in self._wanted:
                    self.audio.put(replace(window, at_s=self.clock.session_s(window.at_s)))
                else:
                    self._unheard += 1


async def _received(track: MediaStreamTrack) -> AsyncIterator[Decoded]:
    while True:
        try:
            # The items come from our decoder_worker.
            decoded = cast(Decoded, await track.recv())
        except MediaStreamError:
            return
        yield decoded
