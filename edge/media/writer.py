"""Writes recordings that a WebRTC sender can stream unchanged: H.264 without B-frames, Opus, Matroska."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

_BITS_PER_S = 900_000
_KEYFRAME_EVERY_S = 2
"""A sender of encoded packets cannot make a keyframe on request, so the file has one this often."""
_SOUND_BITS_PER_S = 32_000
_SOUND_STEP_S = 0.06
"""The sound of one packet: what a node asks a page for."""


def write_recording(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    sound: NDArray[np.float32],
    *,
    frames_per_s: int,
    samples_per_s: int,
) -> None:
    """Write BGR frames (H×W×3, all of one size) at a steady rate and mono sound (−1…1) as one Matroska file.

    Frames are taken one by one, so only one is in memory. The sound ends with the frames. The file appears
    at `path` only when it is complete.
    """
    unfinished = path.with_name(path.name + ".part")
    try:
        with av.open(str(unfinished), "w", format="matroska") as container:
            _write(container, frames, sound, frames_per_s, samples_per_s)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(
    container: OutputContainer,
    frames: Iterable[NDArray[np.uint8]],
    sound: NDArray[np.float32],
    frames_per_s: int,
    samples_per_s: int,
) -> None:
    video = _video_stream(container, frames_per_s)
    audio = _audio_stream(container, samples_per_s)
    step = round(samples_per_s * _SOUND_STEP_S)
    sounded = 0
    for number, pixels in enumerate(frames):
        if number == 0:
            video.height, video.width = pixels.shape[:2]
        picture = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        picture.pts, picture.time_base = number, Fraction(1, frames_per_s)
        container.mux(video.encode(picture))
        until = min(len(sound), (number + 1) * samples_per_s // frames_per_s)
        while sounded + step <= until:
            container.mux(audio.encode(_samples(sound[sounded : sounded + step], sounded, samples_per_s)))
            sounded += step
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def _video_stream(container: OutputContainer, frames_per_s: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=frames_per_s)
    stream.pix_fmt = "yuv420p"
    stream.bit_rate = _BITS_PER_S
    stream.gop_size = _KEYFRAME_EVERY_S * frames_per_s
    stream.codec_context.thread_count = 1
    stream.options = {
        "preset": "veryfast",
        "profile": "baseline",
        "maxrate": str(_BITS_PER_S),
        "bufsize": str(_BITS_PER_S),
        "sc_threshold": "0",
    }
    return stream


def _audio_stream(container: OutputContainer, samples_per_s: int) -> AudioStream:
    stream = container.add_stream("libopus", rate=samples_per_s, layout="mono")
    stream.bit_rate = _SOUND_BITS_PER_S
    stream.options = {"frame_duration": f"{_SOUND_STEP_S * 1000:.0f}"}
    return stream


def _samples(sound: NDArray[np.float32], first: int, samples_per_s: int) -> av.AudioFrame:
    levels = np.round(np.clip(sound, -1, 1) * 32_767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(levels[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = samples_per_s, first, Fraction(1, samples_per_s)
    return frame
