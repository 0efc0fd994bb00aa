"""The rehearsal's sound: a quiet room, and in one segment a voice made by espeak-ng."""

from __future__ import annotations

import io
import subprocess
import wave

import numpy as np
from numpy.typing import NDArray

from edge.rehearsal.script import SAMPLES_PER_S
from shared.errors import ConfigError

Sound = NDArray[np.float32]
"""Mono samples −1…1 at 48 kHz."""

SENTENCES = (
    "Are you ready for the next question? I think the answer to number seven is photosynthesis,"
    " the process by which plants turn light into sugar and oxygen."
    " Then write down the equation and go on to the last page."
)
_VOICE = ("-v", "en-us", "-s", "150", "-p", "42", "-a", "120")
_SPEECH_TIMEOUT_S = 20
_VOICE_RMS = 0.09
_ROOM_RMS = 0.0006
"""64 dB below full scale: a quiet room, but not digital silence, which would look like a muted track."""
_FADE_S = 0.02


def soundtrack(duration_s: float, voice_from_s: float, voice_until_s: float, seed: int) -> Sound:
    """The whole recording's sound; the voice starts at `voice_from_s` and is cut off at `voice_until_s`."""
    rng = np.random.default_rng(seed)
    sound = _room_tone(round(duration_s * SAMPLES_PER_S), rng)
    voice = speak(SENTENCES)[: round((voice_until_s - voice_from_s) * SAMPLES_PER_S)]
    fade = round(_FADE_S * SAMPLES_PER_S)
    voice[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    start = round(voice_from_s * SAMPLES_PER_S)
    sound[start : start + len(voice)] += voice
    return np.clip(sound, -1, 1).astype(np.float32)


def speak(text: str) -> Sound:
    """The text spoken by espeak-ng, at constant loudness. Raises `ConfigError` when espeak-ng cannot run."""
    try:
        done = subprocess.run(
            ["espeak-ng", *_VOICE, "--stdout", text],
            capture_output=True,
            timeout=_SPEECH_TIMEOUT_S,
            check=True,
        )
    except FileNotFoundError as error:
        raise ConfigError("espeak-ng is not installed (Debian: apt-get install espeak-ng)") from error
    except subprocess.SubprocessError as error:
        raise ConfigError(f"espeak-ng did not speak: {error}") from error
    with wave.open(io.BytesIO(done.stdout)) as recording:
        rate_hz = recording.getframerate()
        # espeak-ng cannot know the length when it writes to a pipe, so the count in its header is wrong.
        samples = np.frombuffer(recording.readframes(2**28), np.int16).astype(np.float32)
    voice = _resample(samples, rate_hz)
    return np.asarray(voice * (_VOICE_RMS / max(1e-6, float(np.sqrt(np.mean(voice**2))))), np.float32)


def _resample(samples: Sound, rate_hz: int) -> Sound:
    """Resample by linear interpolation: good enough for a voice that Opus encodes next."""
    length = round(len(samples) * SAMPLES_PER_S / rate_hz)
    at = np.arange(length, dtype=np.float64) * rate_hz / SAMPLES_PER_S
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def _room_tone(length: int, rng: np.random.Generator) -> Sound:
    """Brown-like noise: white noise through one pole at about 400 Hz, like distant traffic and a fan."""
    spectrum = np.fft.rfft(rng.normal(0, 1, length))
    frequency_hz = np.fft.rfftfreq(length, 1 / SAMPLES_PER_S)
    tone = np.fft.irfft(spectrum / (1 + frequency_hz / 400), length)
    return np.asarray(tone * (_ROOM_RMS / np.sqrt(np.mean(tone**2))), np.float32)
