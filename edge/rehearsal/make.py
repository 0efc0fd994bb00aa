"""Makes the rehearsal's files. The same seed gives the same pictures and sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.media.writer import write_recording
from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import (
    FRAMES_PER_S,
    SAMPLES_PER_S,
    camera_at,
    enrollment_shots,
    figures_at,
    rehearsal_script,
    speech_span,
)
from edge.rehearsal.speech import soundtrack
from shared.errors import ConfigError
from shared.rehearsal import Script, script_json

_ENROLLMENT_JPEG_QUALITY = 94


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The paths of the files."""

    recording: Path
    enrollment: tuple[Path, ...]
    """Five JPEG pictures of the candidate."""
    expected: Path
    """The script as JSON (`shared.rehearsal.script_from_json`)."""


def make_rehearsal(folder: Path, seed: int = 1) -> Rehearsal:
    """Write the recording, the enrollment pictures and the script to a folder, created if missing.

    Takes about 20 s of one core. Raises `ConfigError` when the portraits or espeak-ng are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = rehearsal_script()
    people = Scene({"candidate": faces.candidate(), "other": faces.other()}, seed)
    sound = soundtrack(script.duration_s, *speech_span(script), seed)
    recording = folder / "rehearsal.mkv"
    frames = film(people, script, 0, script.duration_s)
    write_recording(recording, frames, sound, frames_per_s=FRAMES_PER_S, samples_per_s=SAMPLES_PER_S)
    expected = folder / "expected.json"
    expected.write_bytes(script_json(script))
    return Rehearsal(recording, enrollment_pictures(folder, seed), expected)


def film(scene: Scene, script: Script, begins_s: float, ends_s: float) -> Iterator[faces.Image]:
    """The script's pictures from one time until before another, BGR at `FRAMES_PER_S`."""
    for number in range(round(begins_s * FRAMES_PER_S), round(ends_s * FRAMES_PER_S)):
        at_s = number / FRAMES_PER_S
        yield scene.frame(figures_at(script, at_s), camera_at(at_s))


def enrollment_pictures(folder: Path, seed: int = 1) -> tuple[Path, ...]:
    """Write five JPEG pictures of the candidate to an existing folder.

    They show another room than the exam's, so that none of their pixels is in the recording.
    """
    scene = Scene({"candidate": faces.candidate()}, seed + 1)
    paths = []
    for number, (figure, camera) in enumerate(enrollment_shots(), 1):
        path = folder / f"enrollment-{number}.jpg"
        path.write_bytes(_jpeg(scene.frame((figure,), camera), _ENROLLMENT_JPEG_QUALITY))
        paths.append(path)
    return tuple(paths)


def _jpeg(picture: faces.Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ConfigError("this OpenCV cannot write JPEG")
    return data.tobytes()
