"""Log mel energies as Kaldi computes them (Povey et al. 2011), for speaker networks trained on them.

Frames of 25 ms every 10 ms, only whole ones; per frame the mean taken out, pre-emphasis 0.97, Hamming window,
power of a 512-point transform, 80 triangles on the mel scale 1127 ln(1 + f/700) from 20 Hz to 8 kHz, natural
logarithm. Samples are in whole-number steps of 16 bit, as in the training.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.results import Floats

SAMPLE_RATE_HZ = 16_000
BANDS = 80
FRAME_SAMPLES = 400
HOP_SAMPLES = 160
FFT_SAMPLES = 512
LOWEST_HZ = 20.0
PREEMPHASIS = 0.97
FULL_SCALE = 32_768.0
_SMALLEST = 1.1920929e-07
"""Energy used for silence: the float32 epsilon."""


def band_energies(samples: Floats) -> Floats:
    """(frames, 80) from (N,) float32 −1…1 at 16 kHz; no frame for less than 25 ms."""
    if len(samples) < FRAME_SAMPLES:
        return np.zeros((0, BANDS), np.float32)
    scaled = samples.astype(np.float64) * FULL_SCALE
    frames = np.lib.stride_tricks.sliding_window_view(scaled, FRAME_SAMPLES)[::HOP_SAMPLES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    shaped = (frames - PREEMPHASIS * before) * np.hamming(FRAME_SAMPLES)
    power = np.abs(np.fft.rfft(shaped, FFT_SAMPLES, axis=1)) ** 2
    energies = power[:, :-1] @ _filters().T
    return np.log(np.maximum(energies, _SMALLEST)).astype(np.float32)


@cache
def _filters() -> NDArray[np.float64]:
    """(80, 256): triangles of equal width on the mel scale, each one high in its middle."""
    bins = _mel(np.arange(FFT_SAMPLES // 2) * SAMPLE_RATE_HZ / FFT_SAMPLES)
    edges = np.linspace(_mel(np.array(LOWEST_HZ)), _mel(np.array(SAMPLE_RATE_HZ / 2)), BANDS + 2)
    low, middle, high = (edges[i : i + BANDS, None] for i in range(3))
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.clip(np.minimum(rising, falling), 0.0, None)


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hz / 700.0)
