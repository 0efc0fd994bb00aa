"""The rehearsal's pictures and sound, made from the real portraits by the real espeak-ng."""

from __future__ import annotations

import shutil
import wave
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.rehearsal import faces, scene as scenes
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import FRAMES_PER_S, SAMPLES_PER_S, Person, camera_at, figures_at, rehearsal_script
from edge.rehearsal.speech import soundtrack
from tests.support.camera_files import camera_files

SCRIPT = rehearsal_script()

needs_portraits = pytest.mark.skipif(
    find_spec("skimage") is None or find_spec("matplotlib") is None,
    reason="scikit-image or matplotlib (extra `demo`) is not installed",
)
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def people() -> dict[Person, faces.Cutout]:
    return {"candidate": faces.candidate(), "other": faces.other()}


def frame_at(scene: Scene, at_s: float) -> faces.Image:
    return scene.frame(figures_at(SCRIPT, at_s), camera_at(at_s))


@needs_portraits
def test_a_cutout_has_the_person_and_none_of_the_background(
    people: dict[Person, faces.Cutout],
) -> None:
    for cutout in people.values():
        x, y = cutout.face
        assert cutout.alpha[y - 20 : y + 20, x - 20 : x + 20].min() == 255
        assert cutout.alpha[:40, :40].max() == 0
        assert cutout.colour[cutout.alpha == 0].max() == 0
        assert 0.2 < cutout.alpha.mean() / 255 < 0.8


@needs_portraits
def test_the_same_seed_gives_the_same_pixels_and_another_seed_other_noise(
    people: dict[Person, faces.Cutout],
) -> None:
    first, again, other = (frame_at(Scene(people, seed), 5.0) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@needs_portraits
def test_what_is_drawn_in_parts_and_of_a_room_seen_before_is_what_is_drawn_whole(
    people: dict[Person, faces.Cutout], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everybody at every size: somebody beside, somebody else in the seat, on the way out of the picture.
    times_s = (5.0, 14.4, 18.0, 31.7, 36.0, 42.3, 51.5, 5.0, 5.0)
    parts, whole = Scene(people, 1), Scene(people, 1)
    drawn = [frame_at(parts, at_s) for at_s in times_s]
    monkeypatch.setattr(scenes, "_covered", lambda alpha: [np.s_[:, :]])
    for at_s, frame in zip(times_s, drawn, strict=True):
        whole._seen_by = None
        assert np.array_equal(frame_at(whole, at_s), frame)


@needs_portraits
def test_an_honest_frame_has_the_candidates_orange_suit_and_the_empty_chair_has_not(
    people: dict[Person, faces.Cutout],
) -> None:
    def orange_share(picture: faces.Image) -> float:
        hue, saturation, _ = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
        middle = np.s_[300:480, 120:480]
        return float(((hue[middle] < 14) & (saturation[middle] > 150)).mean())

    scene = Scene(people, 1)
    assert orange_share(frame_at(scene, 8.0)) > 0.25
    assert orange_share(frame_at(scene, 56.0)) < 0.01
    assert orange_share(frame_at(scene, 36.0)) < 0.12


@needs_portraits
def test_the_picture_is_never_frozen(people: dict[Person, faces.Cutout]) -> None:
    scene = Scene(people, 1)
    before, after = frame_at(scene, 56.0), frame_at(scene, 56.0 + 1 / FRAMES_PER_S)
    assert np.abs(before.astype(np.int16) - after.astype(np.int16)).mean() > 0.5


@needs_espeak
def test_the_voice_is_loud_in_its_span_and_the_rest_is_quiet_but_not_silent() -> None:
    sound = soundtrack(6.0, 2.0, 4.0, seed=1)

    def rms(begins_s: float, ends_s: float) -> float:
        part = sound[round(begins_s * SAMPLES_PER_S) : round(ends_s * SAMPLES_PER_S)]
        return float(np.sqrt(np.mean(np.square(part))))

    assert len(sound) == 6 * SAMPLES_PER_S
    assert rms(2.0, 4.0) > 0.05
    for quiet in (rms(0.0, 2.0), rms(4.0, 6.0)):
        assert 0.0002 < quiet < 0.002


@needs_portraits
@needs_espeak
def test_the_fake_camera_files_run_in_real_time_at_thirty_frames(tmp_path: Path) -> None:
    files = camera_files(tmp_path, 71.0, 72.0)
    assert files.video is not None
    pictures = files.video.read_bytes().split(b"\xff\xd8\xff")[1:]
    assert len(pictures) == 30
    with wave.open(str(files.audio)) as audio:
        assert audio.getnframes() / audio.getframerate() == pytest.approx(1.0)
        assert (audio.getnchannels(), audio.getsampwidth()) == (1, 2)
