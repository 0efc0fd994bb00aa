"""What the candidates of a measurement send, and the face they are enrolled with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import cv2

from edge.media.frames import VideoFrame
from edge.media.outgoing import sendable_video
from edge.media.recording import open_recording
from edge.rehearsal.make import make_rehearsal
from shared.errors import ConfigError, Rejected

CONVERSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Material:
    """A recording that can be sent as it is."""

    recording: Path
    portrait: bytes
    """A JPEG picture of its candidate."""
    described: Mapping[str, object]
    """The recording in words and numbers."""


def made_material(folder: Path) -> Material:
    """Make the demo's recording; takes half a minute. Raises `ConfigError` when it cannot be made."""
    made = make_rehearsal(folder)
    return read_material(made.recording, made.enrollment[0].read_bytes())


def read_material(recording: Path, portrait: bytes | None = None) -> Material:
    """Check a recording. Without a portrait, its first picture is one. Raises `ConfigError`."""
    try:
        codec = sendable_video(recording)
        frames = list(islice(_pictures(recording), 2))
        duration_s = open_recording(recording).duration_s
    except (Rejected, IndexError) as error:
        raise ConfigError(f"{recording} cannot be sent: {error}") from error
    if codec is None or len(frames) < 2:
        raise ConfigError(
            f"{recording} cannot be sent as it is: it must be H.264 without B-frames or VP8, with a keyframe "
            "every two seconds"
        )
    first, second = frames
    described = {
        "name": recording.name,
        "codec": codec,
        "width_px": first.width,
        "height_px": first.height,
        "frames_per_s": round(1 / (second.at_s - first.at_s)),
        "duration_s": duration_s,
    }
    return Material(recording, portrait or _jpeg(first), described)


def convert_s(recording: Path) -> float:
    """What turning one of its decoded pictures into pixels takes: the quickest of some."""
    frame = next(_pictures(recording))
    took_s = []
    for _ in range(CONVERSIONS):
        begun_s = time.perf_counter()
        frame.to_bgr()
        took_s.append(time.perf_counter() - begun_s)
    return min(took_s)


def _pictures(recording: Path) -> Iterator[VideoFrame]:
    return (media for media in open_recording(recording).media() if isinstance(media, VideoFrame))


def _jpeg(frame: VideoFrame) -> bytes:
    done, data = cv2.imencode(".jpg", frame.to_bgr())
    if not done:
        raise ConfigError("this OpenCV cannot write JPEG")
    return data.tobytes()
