"""A part of the rehearsal's recording as Chromium's fake camera and microphone play it, over and over."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Final

import numpy as np

from edge.rehearsal import faces
from edge.rehearsal.make import film
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import FRAMES_PER_S, SAMPLES_PER_S, rehearsal_script, speech_span
from edge.rehearsal.speech import soundtrack
from tests.support.bad_pictures import jpeg
from tests.support.chromium import FakeDevices

FAKE_CAMERA_FRAMES_PER_S: Final = 30
"""Chromium plays every Motion-JPEG file at 30 frames per second, whatever it was recorded at."""


def camera_files(folder: Path, begins_s: float, ends_s: float, seed: int = 1) -> FakeDevices:
    """Writes Motion-JPEG and WAV into an existing folder."""
    script = rehearsal_script()
    scene = Scene({"candidate": faces.candidate(), "other": faces.other()}, seed)
    video, audio = folder / "camera.mjpeg", folder / "microphone.wav"
    with video.open("wb") as stream:
        for frame in film(scene, script, begins_s, ends_s):
            stream.write(jpeg(frame) * (FAKE_CAMERA_FRAMES_PER_S // FRAMES_PER_S))
    sound = soundtrack(script.duration_s, *speech_span(script), seed)
    part = sound[round(begins_s * SAMPLES_PER_S) : round(ends_s * SAMPLES_PER_S)]
    with wave.open(str(audio), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(SAMPLES_PER_S)
        recording.writeframes(np.round(part * 32_767).astype("<i2").tobytes())
    return FakeDevices(video, audio)
