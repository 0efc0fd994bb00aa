from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge.media.frames import AudioWindow, VideoFrame, video_frame
from edge.media.recording import Media, open_recording
from edge.media.tracks import Tracks
from edge.media.writer import write_recording
from shared.errors import Rejected
from tests.scenarios.camera import Shot, send
from tests.support.people import media as media_file

FPS = 10


def pixels(number: int, width: int = 160, height: int = 120) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture whose grey says its number."""
    return np.full((height, width, 3), 40 + 4 * number, np.uint8)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mkv"
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * 48_000) / 48_000).astype(np.float32)
    write_recording(path, (pixels(n) for n in range(30)), tone, frames_per_s=FPS, samples_per_s=48_000)
    return path


def known_at(media: Media) -> float:
    return media.at_s if isinstance(media, VideoFrame) else media.ends_at_s


def test_pictures_and_sound_come_in_the_order_in_which_they_are_known(film: Path) -> None:
    media = list(open_recording(film).media())
    assert [known_at(item) for item in media] == sorted(known_at(item) for item in media)
    frames = [item for item in media if isinstance(item, VideoFrame)]
    assert [frame.frame_id for frame in frames] == list(range(1, 31))
    assert [frame.at_s for frame in frames] == [pytest.approx(n / FPS, abs=0.02) for n in range(30)]
    windows = [item for item in media if isinstance(item, AudioWindow)]
    assert len(windows) == 6
    assert np.abs(windows[2].samples).max() == pytest.approx(0.5, rel=0.1)
    assert [window.lost_share for window in windows[:5]] == [0.0] * 5


def test_pixels_are_those_that_were_written(film: Path) -> None:
    frames = [item for item in open_recording(film).media() if isinstance(item, VideoFrame)]
    for number in (0, 15, 29):
        assert frames[number].to_bgr().mean() == pytest.approx(40 + 4 * number, abs=3)
    assert (frames[0].width, frames[0].height) == (160, 120)


def test_a_recording_can_be_read_again(film: Path) -> None:
    recording = open_recording(film)
    assert len(list(recording.media())) == len(list(recording.media())) == 36
    assert recording.duration_s == pytest.approx(3.0, abs=0.1)


def test_sound_of_another_file_takes_the_place_of_the_films_own(film: Path, tmp_path: Path) -> None:
    sound = tmp_path / "other.wav"
    write_wav(sound, np.full(16_000, 8_000, np.int16), 16_000)
    recording = open_recording(film, sound)
    windows = [item for item in recording.media() if isinstance(item, AudioWindow)]
    assert len(windows) == 2
    assert windows[0].samples[100:8_000].mean() == pytest.approx(8_000 / 32_768, rel=0.02)
    assert windows[1].lost_share == pytest.approx(0.047, abs=0.01), "nothing is known after the end"


def test_sound_alone_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    write_wav(path, np.zeros(24_000, np.int16), 8_000)
    recording = open_recording(path)
    assert (recording.has_video, recording.has_audio) == (False, True)
    assert [type(item) for item in recording.media()] == [AudioWindow] * 6


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "moving.gif", "bare.mjpeg"])
def test_still_pictures_and_animations_are_recordings(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    count = 1 if name.startswith("still") else 5
    write_pictures(path, count)
    frames = [item for item in open_recording(path).media() if isinstance(item, VideoFrame)]
    assert len(frames) == count
    assert frames[0].at_s == 0.0
    assert frames[0].to_bgr().mean() == pytest.approx(40, abs=6), "whatever range and format the file uses"


def test_black_is_zero_and_white_is_255_though_streams_use_a_narrower_range() -> None:
    for value, expected in ((0, 0), (255, 255)):
        picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), value, np.uint8), format="bgr24")
        frame = video_frame(picture.reformat(format="yuv420p"), 0.0, 1)
        assert frame.to_bgr().mean() == pytest.approx(expected, abs=2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("text.txt", b"These are the notes of the meeting.\n" * 50),
        ("text.mp4", b"These are the notes of the meeting.\n" * 50),
        ("cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ("noise.mkv", bytes(range(256)) * 40),
    ],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Rejected, match=name.replace(".", r"\.")):
        list(open_recording(path).media())


def test_a_file_that_is_not_there_and_a_film_without_sound_are_refused(film: Path, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="No such file"):
        open_recording(tmp_path / "absent.mkv")
    silent = tmp_path / "still.png"
    write_pictures(silent, 1)
    with pytest.raises(Rejected, match="no sound"):
        open_recording(film, silent)


def test_a_film_cut_off_in_the_middle_is_read_up_to_there(film: Path) -> None:
    content = film.read_bytes()
    film.write_bytes(content[: len(content) // 2])
    frames = [item for item in open_recording(film).media() if isinstance(item, VideoFrame)]
    assert 5 < len(frames) < 30


def read_of(path: Path) -> Tracks:
    """How much of a recording is read."""
    tracks = Tracks()
    for _ in open_recording(path).media(tracks):
        pass
    return tracks


def test_of_a_whole_recording_nothing_is_missing(film: Path) -> None:
    tracks = read_of(film)
    assert tracks.missing == {}
    assert (tracks.pictures.frames, tracks.pictures.undecodable) == (30, 0)


def test_of_a_film_that_is_cut_off_the_missing_length_is_told(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    tone = np.zeros(10 * 48_000, np.float32)
    write_recording(path, (pixels(n % 30) for n in range(100)), tone, frames_per_s=FPS, samples_per_s=48_000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert " of 10." in read_of(path).missing["recording"]


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "pictures", "sound"),
    [
        (
            "trunc_fs.mp4",
            "1.1 of 7.0 s could be read; 1 frame was damaged or could not be decoded",
            "1.2 of 7.0 s could be read",
        ),
        (
            "corrupt.mp4",
            "67 frames were damaged or could not be decoded",
            "9 frames were damaged or could not be decoded",
        ),
    ],
)
def test_what_a_damaged_recording_does_not_give_is_told(name: str, pictures: str, sound: str) -> None:
    assert read_of(media_file(f"faults/{name}")).missing == {"pictures": pictures, "sound": sound}


def test_an_empty_sound_track_beside_pictures_is_no_sound_and_alone_it_is_refused(tmp_path: Path) -> None:
    with_empty, alone = tmp_path / "one.mkv", tmp_path / "alone.wav"
    nothing = np.zeros(0, np.float32)
    write_recording(with_empty, [pixels(0)], nothing, frames_per_s=FPS, samples_per_s=48_000)
    recording = open_recording(with_empty)
    assert recording.has_audio
    tracks = Tracks()
    assert [type(item) for item in recording.media(tracks)] == [VideoFrame]
    assert (tracks.sound.frames, tracks.missing) == (0, {})
    with wave.open(str(alone), "wb") as empty:
        empty.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
    with pytest.raises(Rejected, match="its sound has no data: the track is empty"):
        list(open_recording(alone).media())


def write_wav(path: Path, samples: np.ndarray[Any, np.dtype[np.int16]], rate_hz: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_pictures(path: Path, count: int) -> None:
    codecs = {
        ".png": ("png", "rgb24", "image2"),
        ".jpg": ("mjpeg", "yuvj420p", "image2"),
        ".gif": ("gif", "rgb8", "gif"),
        ".mjpeg": ("mjpeg", "yuvj420p", "mjpeg"),
    }
    codec, pixel_format, container_format = codecs[path.suffix]
    options = {"update": "1"} if container_format == "image2" else {}
    with av.open(str(path), "w", format=container_format, options=options) as container:
        stream: Any = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 160, 120, pixel_format
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(pixels(number), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame.reformat(format=pixel_format)))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("codec", ["VP8", "H.264"])
def test_pictures_after_a_lost_one_are_damaged_until_the_next_keyframe(tmp_path: Path, codec: str) -> None:
    path, noise = tmp_path / "lossy.mkv", np.random.default_rng(1)
    scene = noise.integers(0, 255, (480, 640, 3), np.uint8)
    frames = (np.roll(scene, 3 * number, axis=1) for number in range(75))
    send(path, frames, np.zeros(5 * 48_000, np.float32), Shot(codec=codec, loss=0.04), seed=2)
    seen = [item for item in open_recording(path).media() if isinstance(item, VideoFrame)]
    numbers = [round(frame.at_s * 15) for frame in seen]
    assert 60 < len(seen) < 75, "some are lost and most are not"
    damaged, expected = False, []
    for before, number, frame in zip([-1, *numbers[:-1]], numbers, seen, strict=True):
        damaged = (damaged or number > before + 1) and not frame.picture.key_frame
        expected.append(damaged)
    assert [frame.damaged for frame in seen] == expected
    assert any(expected)
    assert not all(expected)


def test_a_whole_recording_has_no_damaged_picture(film: Path) -> None:
    frames = [item for item in open_recording(film).media() if isinstance(item, VideoFrame)]
    assert not any(frame.damaged for frame in frames)
