"""Whether sound that may be speech is voiced like human speech: harmonic, with a gliding pitch.

For detectors that take other sounds for speech. Rain and keys have no pitch, a ring or a creaking door has a
constant one, an instrument changes in steps; a voice glides all the time. Judged over about a second, by the
autocorrelation of 64 ms every 32 ms, normalised by the window (Boersma 1993), between 60 and 1,500 Hz.
Whispers are not voiced: the sound classes detect them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.results import Floats

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 1_024
HOP_SAMPLES = 512
MIN_CORRELATION = 0.55
"""A part is harmonic if its autocorrelation reaches this within the pitch range of voices."""
MIN_HARMONIC_SHARE = 0.25
"""This share of possible speech must be harmonic …"""
MIN_GLIDING_SHARE = 0.5
"""… and this share of its steps from part to part a glide: more than rounding, less than a jump …"""
MIN_STEPS = 4
"""… of at least this many steps."""
GLIDE_SEMITONES = (0.1, 3.0)
_PITCH_HZ = (70, 400)
_BAND_HZ = (60, 1_500)

Flags = NDArray[np.bool_]


def is_voiced(samples: Floats, candidates: Flags) -> bool:
    """Whether possible speech is speech.

    `candidates` says for each 512 samples whether a detector takes them for speech; `samples` (N,) float32 at
    16 kHz are these samples with the 512 before them.
    """
    lags, strengths = pitches(samples)
    harmonic = candidates & (strengths >= MIN_CORRELATION)
    if not candidates.any() or harmonic.sum() < MIN_HARMONIC_SHARE * candidates.sum():
        return False
    steps = np.abs(12 * np.log2(lags[1:] / lags[:-1]))[harmonic[1:] & harmonic[:-1]]
    gliding = (steps > GLIDE_SEMITONES[0]) & (steps < GLIDE_SEMITONES[1])
    return len(steps) >= MIN_STEPS and float(gliding.mean()) >= MIN_GLIDING_SHARE


def pitches(samples: Floats) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each 512 samples after the first 512: the lag of the most likely pitch, and the correlation
    there."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES].astype(
        np.float64
    )
    window, band, own = _tables()
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    power = np.abs(np.fft.rfft(centred, 2 * FRAME_SAMPLES)) ** 2 * band
    correlation = np.fft.irfft(power)[:, :FRAME_SAMPLES]
    relative = correlation / np.maximum(correlation[:, :1], 1e-12) / own
    first, last = (SAMPLE_RATE_HZ // hz for hz in reversed(_PITCH_HZ))
    lags = relative[:, first:last].argmax(axis=1) + first
    return lags, relative[np.arange(len(lags)), lags]


@cache
def _tables() -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Window, pass band, and the window's autocorrelation, which divides that of the sound."""
    window = np.hanning(FRAME_SAMPLES)
    rates_hz = np.fft.rfftfreq(2 * FRAME_SAMPLES, 1 / SAMPLE_RATE_HZ)
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * FRAME_SAMPLES)) ** 2)[:FRAME_SAMPLES]
    # At large lags the window's autocorrelation is too small to divide by.
    return window, (rates_hz > _BAND_HZ[0]) & (rates_hz < _BAND_HZ[1]), np.maximum(own / own[0], 0.1)
