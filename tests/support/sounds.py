"""Sounds for tests: synthetic speech, and the media collection where it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from models.results import Floats

RATE_HZ = 16_000


def heard(path: Path) -> Floats:
    """A sound file as float32 −1…1, mono, 16 kHz."""
    with av.open(str(path)) as recording:
        resampler = av.AudioResampler("flt", "mono", RATE_HZ)
        parts = [
            part.to_ndarray()[0]
            for frame in (*recording.decode(audio=0), None)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


def spoken(text: str, folder: Path, *, voice: str = "en-us") -> Floats:
    """Synthetic speech; skips loudly where espeak-ng is missing."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed: no synthetic speech")
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True, timeout=30)
    return heard(path)


def whole_parts(samples: Floats, part: int = 512) -> Floats:
    """Cut to a whole number of parts."""
    return samples[: len(samples) // part * part]
