"""A candidate's browser in miniature: a real aiortc peer that sends a moving picture and a tone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCCertificate,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from edge.media.peer import Peer, PeerSettings
from tests.support.impairment import Impairment, impair

SOUND_RATE_HZ = 48_000


class Picture(MediaStreamTrack):
    """A grey gradient with a bright square that moves, `fps` times a second."""

    kind = "video"

    def __init__(self, fps: int = 15, width: int = 320, height: int = 240) -> None:
        super().__init__()
        self._fps = fps
        self._shape = (height, width)
        self._number = 0
        self._began_at: float | None = None

    async def recv(self) -> av.VideoFrame:
        self._began_at = self._began_at or time.monotonic()
        due = self._began_at + self._number / self._fps
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        frame = av.VideoFrame.from_ndarray(self._pixels(), format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = self._number, Fraction(1, self._fps)
        self._number += 1
        return frame

    def _pixels(self) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        height, width = self._shape
        pixels = np.tile(np.linspace(60, 160, width, dtype=np.uint8), (height, 1))
        left = 5 * self._number % (width - 40)
        pixels[height // 3 : height // 3 + 40, left : left + 40] = 235
        return pixels


class Tone(MediaStreamTrack):
    """A 440 Hz tone in packets of 20 ms."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._began_at: float | None = None

    async def recv(self) -> av.AudioFrame:
        self._began_at = self._began_at or time.monotonic()
        await asyncio.sleep(max(0.0, self._began_at + self._number * 0.02 - time.monotonic()))
        at = (np.arange(960) + self._number * 960) / SOUND_RATE_HZ
        samples = (8_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            SOUND_RATE_HZ,
            self._number * 960,
            Fraction(1, SOUND_RATE_HZ),
        )
        self._number += 1
        return frame


@dataclass(frozen=True, slots=True)
class Call:
    """A connected candidate and the peer that receives it."""

    candidate: RTCPeerConnection
    peer: Peer


def with_rsa(candidate: RTCPeerConnection) -> None:
    """Give a candidate an RSA certificate, as GStreamer's webrtcbin has one, before it makes its offer."""
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsa")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = RTCCertificate(cast(Any, key), built.sign(key, hashes.SHA256()))
    for transceiver in candidate.getTransceivers():
        vars(transceiver.sender.transport)["_RTCDtlsTransport__local_certificate"] = certificate


async def offer_of(*tracks: MediaStreamTrack) -> RTCPeerConnection:
    """A connection with its offer made: `localDescription.sdp`."""
    candidate = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for track in tracks:
        candidate.addTrack(track)
    await candidate.setLocalDescription(await candidate.createOffer())
    return candidate


def real_offer() -> str:
    """The text of an offer of a camera and a microphone."""

    async def made() -> str:
        candidate = await offer_of(Picture(), Tone())
        try:
            return str(candidate.localDescription.sdp)
        finally:
            await candidate.close()

    return asyncio.run(made())


@asynccontextmanager
async def call(
    *tracks: MediaStreamTrack, settings: PeerSettings | None = None, impairment: Impairment | None = None
) -> AsyncIterator[Call]:
    """Connect a candidate that sends `tracks` to a new Peer; impair both directions when asked to."""
    peer = Peer(settings or PeerSettings())
    candidate = await offer_of(*tracks)
    try:
        answer = await peer.answer(candidate.localDescription.sdp)
        await candidate.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        if impairment is not None:
            impair(candidate, impairment)
        yield Call(candidate, peer)
    finally:
        await candidate.close()
        await peer.close()
