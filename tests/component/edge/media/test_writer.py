"""A recording written is a recording that PyAV reads back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.media.writer import write_recording

FRAMES_PER_S = 15
SAMPLES_PER_S = 48_000


def brightening(count: int) -> Iterator[NDArray[np.uint8]]:
    for number in range(count):
        yield np.full((120, 160, 3), 60 + 2 * number, np.uint8)


def tone(duration_s: float) -> NDArray[np.float32]:
    at_s = np.arange(round(duration_s * SAMPLES_PER_S)) / SAMPLES_PER_S
    return (0.3 * np.sin(2 * np.pi * 440 * at_s)).astype(np.float32)


def test_pictures_and_sound_come_back_in_time_and_content(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_recording(path, brightening(60), tone(4), frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S)

    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert [round(float(frame.time) * FRAMES_PER_S) for frame in frames] == list(range(60))
    brightness = [frame.to_ndarray(format="gray").mean() for frame in frames]
    assert brightness[0] == pytest.approx(60, abs=4)
    assert brightness[-1] == pytest.approx(178, abs=4)

    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
    assert len(sound) / SAMPLES_PER_S == pytest.approx(4, abs=0.05)
    assert np.sqrt(np.mean(np.square(sound))) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_a_sender_finds_a_keyframe_every_two_seconds_and_no_reordering(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_recording(path, brightening(90), tone(6), frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [number for number, packet in enumerate(packets) if packet.is_keyframe] == [0, 30, 60]
    assert all(packet.pts == packet.dts for packet in packets)


def test_a_source_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield from brightening(5)
        raise RuntimeError("the camera broke")

    with pytest.raises(RuntimeError, match="camera"):
        write_recording(
            tmp_path / "clip.mkv", failing(), tone(1), frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S
        )
    assert list(tmp_path.iterdir()) == []
