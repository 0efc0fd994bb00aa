"""Defines what analysis gets: pictures and windows of sound with times on the session clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import cast

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

WINDOW_SAMPLES = 8192
SAMPLE_RATE_HZ = 16_000
WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE_HZ

_FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG: luma 0…255 and not 16…235."""


class _PerThread(threading.local):
    """One scaler per thread, because a scaler is not thread-safe. Kept, it takes 0.2 ms a frame instead of up
    to 6.7 ms."""

    def __init__(self) -> None:
        self.scaler = VideoReformatter()


_per_thread = _PerThread()


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One picture. Pixels are converted only on request: most frames are never analysed."""

    at_s: float
    """Capture time on the session clock, seconds."""
    frame_id: int
    """Running number in the session, from 1."""
    width: int
    height: int
    damaged: bool
    """An earlier loss may have left traces: some blocks can show old picture content."""
    picture: av.VideoFrame
    """The decoder's frame, unconverted."""

    def to_bgr(self) -> NDArray[np.uint8]:
        """Pixels as a new uint8 array (height, width, 3), blue first."""
        picture = self.picture
        even = picture.width % 2 == 0 and picture.height % 2 == 0
        if picture.format.name == "yuv420p" and even and not _is_full_range(picture):
            planes = picture.to_ndarray(format="yuv420p")
            upright = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)
        else:
            upright = _per_thread.scaler.reformat(picture, format="bgr24").to_ndarray()
        return _turned(cast("NDArray[np.uint8]", upright), picture)


@dataclass(frozen=True, slots=True, eq=False)
class AudioWindow:
    """512 ms of sound."""

    at_s: float
    """Session seconds of its first sample."""
    samples: NDArray[np.float32]
    """float32 (8192,), −1…1, 16 kHz mono. Zero where nothing was received."""
    lost_share: float
    """Share of the window that never arrived, 0…1; zeros there do not mean silence."""

    @property
    def ends_at_s(self) -> float:
        """Session seconds of its end, when it is complete."""
        return self.at_s + WINDOW_S


def video_frame(picture: av.VideoFrame, at_s: float, frame_id: int, damaged: bool = False) -> VideoFrame:
    """Wrap a decoder's frame; width and height are those of the upright picture."""
    width, height = picture.width, picture.height
    if picture.rotation % 180:
        width, height = height, width
    return VideoFrame(at_s, frame_id, width, height, damaged, picture)


def _is_full_range(picture: av.VideoFrame) -> bool:
    name = picture.format.name
    return name.startswith(("yuvj", "gray")) or int(picture.color_range) == _FULL_RANGE


def _turned(pixels: NDArray[np.uint8], picture: av.VideoFrame) -> NDArray[np.uint8]:
    """Apply the file's display rotation (counter-clockwise degrees, as phones record it)."""
    quarter_turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels
