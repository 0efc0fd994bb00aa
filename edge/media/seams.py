"""Replaces names of aiortc 1.16 and its ICE; `datagrams` checks what reaches them.

    aiortc.rtcrtpreceiver.JitterBuffer      -> deadline buffer for video, in-order buffer for audio
    aiortc.rtcrtpreceiver.NackGenerator     -> requests missing packets again
    aiortc.rtcrtpreceiver.decoder_worker    -> bounded decoder
    aiortc.rtcrtpreceiver.RemoteBitrateEstimator -> says nothing while our own loop is late
    aioice.stun.parse_message               -> raises only what its caller expects

aiortc builds its buffers deep inside `setRemoteDescription` and cannot pass our objects on, so the peer sets
its flows in a context variable around that call; flows then travel with the frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import aiortc
from aioice import stun
from aiortc import rtcrtpreceiver
from aiortc.rate import RemoteBitrateEstimator

from edge.media.datagrams import parse_message
from edge.media.decoder import Batch, decoder_worker
from edge.media.flow import AudioFlow, Flows, VideoFlow
from edge.media.inorder import AudioPacket
from edge.media.jitter import VideoPacket
from edge.media.lateness import loop_probe
from edge.media.nack import MissingPackets
from shared.errors import ConfigError

PINNED = "1.16."

_flows: ContextVar[Flows | None] = ContextVar("flows", default=None)


class RtpPacket(Protocol):
    """The attributes of an aiortc RtpPacket that are read here."""

    sequence_number: int
    timestamp: int
    payload_type: int
    marker: int
    payload: bytes
    _data: bytes


def install() -> None:
    """Install our parts in aiortc, before the process's first peer. Idempotent. Raises ConfigError."""
    if not aiortc.__version__.startswith(PINNED):
        raise ConfigError(
            f"aiortc {aiortc.__version__} is installed, but the media path is built for {PINNED}x"
        )
    vars(rtcrtpreceiver).update(
        JitterBuffer=open_buffer,
        NackGenerator=NackSeam,
        RemoteBitrateEstimator=EstimatorSeam,
        decoder_worker=decoder_worker,
    )
    vars(stun).update(parse_message=parse_message)


@contextmanager
def feeding(flows: Flows) -> Iterator[None]:
    """Make receivers created inside this block deliver to `flows`."""
    token = _flows.set(flows)
    try:
        yield
    finally:
        _flows.reset(token)


def open_buffer(capacity: int, prefetch: int = 0, is_video: bool = False) -> VideoSeam | AudioSeam:
    """Called by aiortc as `JitterBuffer(...)`; its capacity and prefetch are not used."""
    del capacity, prefetch
    flows = _flows.get() or Flows()
    return VideoSeam(flows.video) if is_video else AudioSeam(flows.audio)


class VideoSeam:
    """The jitter buffer as aiortc calls it, over the video flow. Reads the clock for it."""

    def __init__(self, flow: VideoFlow) -> None:
        self._flow = flow

    def add(self, packet: RtpPacket) -> tuple[bool, Batch | None]:
        """Return whether to send a PLI, and what to decode."""
        begins = self._flow.begins(packet.payload_type, packet.payload)
        arrived = VideoPacket(
            packet.sequence_number,
            packet.timestamp,
            packet.payload_type,
            bool(packet.marker),
            begins,
            packet._data,
        )
        ask, frames = self._flow.accept(arrived, time.monotonic())
        return ask, Batch(self._flow, frames) if frames else None


class AudioSeam:
    """The jitter buffer as aiortc calls it, over the audio flow. Reads the clock for it."""

    def __init__(self, flow: AudioFlow) -> None:
        self._flow = flow

    def add(self, packet: RtpPacket) -> tuple[bool, Batch | None]:
        """Return False (audio requests nothing), and what to decode."""
        arrived = AudioPacket(packet.sequence_number, packet.timestamp, packet.payload_type, packet._data)
        frames = self._flow.accept(arrived, time.monotonic())
        return False, Batch(self._flow, frames) if frames else None


class EstimatorSeam:
    """The estimator of the network's rate as aiortc calls it. It says nothing while our own loop is late."""

    def __init__(self, disturbed: Callable[[], bool] | None = None) -> None:
        self._disturbed = disturbed or loop_probe().disturbed
        self._estimator = RemoteBitrateEstimator()
        self._interrupted = False

    def add(
        self, arrival_time_ms: int, abs_send_time: int, payload_size: int, ssrc: int
    ) -> tuple[int, list[int]] | None:
        """Note a packet. Returns the rate to ask for and of which streams, when it is time to."""
        if self._disturbed():
            self._interrupted = True
            return None
        if self._interrupted:
            # Arrival times on both sides of an interruption do not compare; the rate asked for stays.
            fresh = RemoteBitrateEstimator()
            fresh.rate_control = self._estimator.rate_control
            self._estimator, self._interrupted = fresh, False
        return self._estimator.add(arrival_time_ms, abs_send_time, payload_size, ssrc)


class NackSeam:
    """The NACK generator as aiortc calls it: `add` tells whether to send one, `missing` what it contains."""

    def __init__(self) -> None:
        self._packets = MissingPackets()
        self.missing: tuple[int, ...] = ()

    def add(self, packet: RtpPacket) -> bool:
        """Note an arrived packet. True when packets must be requested."""
        self.missing = self._packets.add(packet.sequence_number, time.monotonic())
        return bool(self.missing)
