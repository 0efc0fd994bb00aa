"""What a camera, a room's light and a network do to pictures: crop, light, noise, codec, lost packets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import sin, tau
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image

Sound = NDArray[np.float32]
SAMPLES_PER_S = 48_000
_SOUND_STEP = SAMPLES_PER_S // 50
_ENCODERS = {"H.264": "libx264", "VP8": "libvpx", "MJPEG": "mjpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How one exam is filmed and sent."""

    codec: str = "H.264"
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX
    frames_per_s: int = 15
    zoom: float = 1.0
    """How much the camera is nearer than in the footage."""
    gain: float = 1.0
    warmth: float = 0.0
    """Colour of the light: + red, − blue, share of full scale."""
    noise: float = 2.0
    """Standard deviation of a pixel's noise, levels."""
    loss: float = 0.0
    """Share of pictures' packets that never arrive."""
    kbit_per_s: int = 900
    keyframe_every_s: float = 2.0
    """Without loss; recorders in browsers leave ten seconds between two."""

    @property
    def words(self) -> str:
        lost = f", {self.loss:.0%} of packets lost" if self.loss else ""
        return (
            f"{self.codec} {self.kbit_per_s} kbit/s, light × {self.gain:g}, zoom {self.zoom:g}, "
            f"noise {self.noise:g} levels{lost}"
        )


class Lens:
    """Turns what is before the camera into what it sends. The same seed gives the same pixels."""

    def __init__(self, shot: Shot, seed: int) -> None:
        self._shot = shot
        self._rng = np.random.default_rng(seed)
        shape = (HEIGHT_PX + 64, WIDTH_PX + 64, 3)
        self._noise = [self._rng.normal(0, shot.noise, shape).astype(np.int16) for _ in range(4)]

    def take(self, picture: Image, at_s: float) -> Image:
        """One frame as the sensor gives it."""
        shot = self._shot
        drifting = shot.zoom * (1.02 + 0.012 * sin(tau * at_s / 41))
        middle, roll_deg = (WIDTH_PX / 2, HEIGHT_PX * 0.45), 0.4 * sin(tau * at_s / 37)
        turn = np.asarray(cv2.getRotationMatrix2D(middle, roll_deg, drifting), np.float64)
        turn[:, 2] += np.array([3 * sin(tau * at_s / 23), 2 * sin(tau * at_s / 31)])
        seen = cv2.warpAffine(picture, turn, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        gain = shot.gain * (1 + 0.02 * sin(tau * at_s / 13) + 0.008 * sin(tau * 3.1 * at_s))
        colours = np.array([gain * (1 - shot.warmth), gain, gain * (1 + shot.warmth), 0])
        lit = cv2.convertScaleAbs(seen, alpha=gain) if not shot.warmth else cv2.multiply(seen, colours)
        return self.grained(np.asarray(lit, np.uint8))

    def grained(self, picture: Image) -> Image:
        """One frame of a camera that stands still, with the sensor's noise alone."""
        field = self._noise[int(self._rng.integers(len(self._noise)))]
        left, top = (int(n) for n in self._rng.integers(64, size=2))
        noisy = cv2.add(picture, field[top : top + HEIGHT_PX, left : left + WIDTH_PX], dtype=cv2.CV_8U)
        return np.asarray(noisy, np.uint8)


def send(path: Path, frames: Iterable[Image], sound: Sound, shot: Shot, seed: int) -> None:
    """Encodes frames and sound (mono, 48 kHz) into a Matroska file, leaving out the packets that get lost.

    Keyframes are never lost: a real sender would send another.
    """
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w", format="matroska") as container:
        video, audio = _video(container, shot), _audio(container)
        sent = 0
        for number, pixels in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(pixels, format="bgr24").reformat(format=video.pix_fmt)
            picture.pts, picture.time_base = number, Fraction(1, shot.frames_per_s)
            for packet in video.encode(picture):
                spared = packet.is_keyframe and shot.codec != "MJPEG"
                if spared or number == 0 or rng.random() >= shot.loss:
                    container.mux(packet)
            until = min(len(sound), (number + 1) * SAMPLES_PER_S // shot.frames_per_s)
            while sent + _SOUND_STEP <= until:
                container.mux(audio.encode(_samples(sound[sent : sent + _SOUND_STEP], sent)))
                sent += _SOUND_STEP
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _video(container: OutputContainer, shot: Shot) -> VideoStream:
    stream = cast("VideoStream", container.add_stream(_ENCODERS[shot.codec], rate=shot.frames_per_s))
    stream.width, stream.height = shot.width_px, shot.height_px
    stream.pix_fmt = "yuvj420p" if shot.codec == "MJPEG" else "yuv420p"
    stream.bit_rate = shot.kbit_per_s * 1000
    stream.gop_size = round(shot.keyframe_every_s * shot.frames_per_s)
    stream.codec_context.thread_count = 1
    stream.options = _options(shot)
    return stream


def _audio(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("libopus", rate=SAMPLES_PER_S, layout="mono")
    stream.bit_rate = 32_000
    return stream


def _options(shot: Shot) -> dict[str, object]:
    if shot.codec == "H.264":
        return {"preset": "veryfast", "profile": "baseline", "sc_threshold": "0"}
    if shot.codec == "VP8":
        return {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    return {"qmin": "4", "qmax": "8"}


def _samples(sound: Sound, first: int) -> av.AudioFrame:
    levels = np.round(np.clip(sound, -1, 1) * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(levels[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLES_PER_S, first, Fraction(1, SAMPLES_PER_S)
    return frame
