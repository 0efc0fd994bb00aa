"""Reads recordings like live media: pictures and windows of sound on one session clock.

Each stream is read through a container of its own and the two are merged by time, so only one picture is in
memory for every interleaving of the file.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.container import InputContainer

from edge.media.audio import WindowMaker
from edge.media.frames import AudioWindow, VideoFrame, video_frame
from edge.media.gaps import Gaps
from edge.media.tracks import Track, Tracks
from shared.errors import Rejected

Media: TypeAlias = VideoFrame | AudioWindow

_PIXELS = 7680 * 4320
_NO_RECORDINGS = ("tty", "txd")
"""Formats that FFmpeg guesses for text files, as pictures of their bytes. They are refused."""
_PICTURE_S = 0.04
"""Seconds assumed between pictures without times, as FFmpeg does for bare streams."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that can be opened; `media()` reads it from the start each time."""

    path: Path
    sound_path: Path | None
    """The file with the sound; None without sound."""
    has_video: bool
    has_audio: bool
    duration_s: float | None
    """The duration that the file declares, if it does."""
    declared_s: tuple[float | None, float | None]
    """The lengths of the pictures and of the sound that the file declares."""
    start_s: float
    """The file's time that is session time zero."""

    def media(self, tracks: Tracks | None = None) -> Iterator[Media]:
        """All pictures and windows of sound by time (a picture's capture, a window's end), as fast as the
        consumer takes them. `tracks` is told how much was read.

        Undecodable data is skipped. After it, or after a hole in the times, pictures are marked as damaged
        up to the next keyframe. Raises Rejected when there is no picture, or no sound in a recording without
        pictures; an empty sound track beside pictures is no sound.
        """
        tracks = tracks or Tracks()
        tracks.declared_s = self.duration_s
        tracks.pictures.declared_s, tracks.sound.declared_s = self.declared_s
        streams: list[Iterator[tuple[float, Media]]] = []
        if self.has_video:
            pictures = _pictures(self.path, self.start_s, tracks.pictures)
            streams.append((frame.at_s, frame) for frame in pictures)
        if self.sound_path is not None:
            start_s = self.start_s if self.sound_path == self.path else 0.0
            windows = _windows(self.sound_path, start_s, tracks.sound, needed=not self.has_video)
            streams.append((window.ends_at_s, window) for window in windows)
        for _, media in heapq.merge(*streams, key=lambda timed: timed[0]):
            yield media


def open_recording(path: Path, sound: Path | None = None) -> Recording:
    """Open `path` (and `sound`, whose audio then replaces its own and starts with the pictures).

    Opens anything that FFmpeg reads: films, animations, still pictures (one frame), sound alone. Raises
    Rejected with the reason when it has neither pictures nor sound.
    """
    with reading(path) as container:
        has_video = bool(container.streams.video)
        has_audio = bool(container.streams.audio)
        duration_s = container.duration / av.time_base if container.duration else None
        start_s = _start_s(container)
        seen_s, heard_s = (_declared_s(kind) for kind in (container.streams.video, container.streams.audio))
    if sound is not None:
        with reading(sound) as container:
            if not container.streams.audio:
                raise Rejected(f"{sound.name}: has no sound", code="no-sound", status=422)
            heard_s = _declared_s(container.streams.audio)
    if not has_video and not has_audio and sound is None:
        raise Rejected(f"{path.name}: has neither pictures nor sound", code="no-media", status=422)
    sound_path = sound or (path if has_audio else None)
    declared_s = seen_s, heard_s
    return Recording(path, sound_path, has_video, sound_path is not None, duration_s, declared_s, start_s)


@contextmanager
def reading(path: Path) -> Iterator[InputContainer]:
    """Open a file for reading. Raises Rejected with the reason."""
    try:
        # "file:" and the list of protocols keep names and playlists from reaching the network.
        container = av.open(
            f"file:{path}", mode="r", metadata_errors="replace", options={"protocol_whitelist": "file"}
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Rejected(f"{path.name}: cannot be read ({reason})", code="unreadable", status=422) from error
    with container:
        if container.format.name in _NO_RECORDINGS:
            raise Rejected(f"{path.name}: not a recording", code="unreadable", status=422)
        yield container


def _start_s(container: InputContainer) -> float:
    starts = [
        float(stream.start_time * stream.time_base)
        for stream in container.streams
        if stream.type in ("video", "audio")
        and stream.start_time is not None
        and stream.time_base is not None
    ]
    return min(starts, default=0.0)


def _declared_s(streams: Sequence[Any]) -> float | None:
    """The length that the file declares for the first of these streams; None if it declares none."""
    if not streams or not streams[0].duration:
        return None
    return float(streams[0].duration * streams[0].time_base)


def _pictures(path: Path, start_s: float, track: Track) -> Iterator[VideoFrame]:
    at_s = -_PICTURE_S
    number = 0
    gaps = Gaps()
    with reading(path) as container:
        stream = container.streams.video[0]
        if stream.width * stream.height > _PIXELS:
            raise Rejected(f"{path.name}: pictures are too large", code="too-large", status=422)
        for frame in _decoded(container, stream, track, gaps.lost):
            # Times that repeat or go back (broken files) advance by one step.
            given_s = None if frame.time is None else frame.time - start_s
            at_s = at_s + _PICTURE_S if given_s is None or given_s <= at_s else given_s
            number += 1
            track.read_s = at_s
            if frame.is_corrupt:
                track.undecodable += 1
                gaps.lost()
            yield video_frame(frame, at_s, number, gaps.damaged(at_s, keyframe=_is_whole(frame)))

    if not track.frames:
        raise _refused(path, "pictures", track)


def _windows(path: Path, start_s: float, track: Track, *, needed: bool) -> Iterator[AudioWindow]:
    maker = WindowMaker()
    next_s: float | None = None
    with reading(path) as container:
        for frame in _decoded(container, container.streams.audio[0], track):
            if frame.samples == 0:
                continue
            at_s = next_s if frame.time is None else frame.time
            at_s = start_s if at_s is None else at_s
            next_s = at_s + frame.samples / frame.sample_rate
            track.read_s = next_s - start_s
            for window in maker.push(frame, at_s, lost_before=True):
                yield replace(window, at_s=window.at_s - start_s)
        for window in maker.finish():
            yield replace(window, at_s=window.at_s - start_s)
    if needed and not track.frames:
        raise _refused(path, "sound", track)


def _refused(path: Path, kind: str, track: Track) -> Rejected:
    why = "cannot be decoded" if track.undecodable else "has no data: the track is empty"
    return Rejected(f"{path.name}: its {kind} {why}", code="unreadable", status=422)


def _is_whole(frame: av.VideoFrame) -> bool:
    """Whether a picture depends on no other picture."""
    return bool(frame.key_frame) and not frame.is_corrupt


def _decoded(
    container: InputContainer, stream: Any, track: Track, on_loss: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """Frames of one stream. Undecodable packets are skipped and reported."""
    stream.codec_context.thread_count = 1
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            frames = packet.decode()
        except av.FFmpegError as error:
            if isinstance(error, av.EOFError):
                break
            track.undecodable += 1
            on_loss()
            continue
        for frame in frames:
            track.frames += 1
            yield frame
