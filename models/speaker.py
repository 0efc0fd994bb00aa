"""Embeds voices by GE2E (Wan et al. 2018; Resemblyzer's weights, Apache-2.0): 256 numbers of length one.

Features: the power (not its logarithm) of 40 mel bands, Hann windows of 25 ms every 10 ms, of audio amplified
to −30 dBFS. The network takes 1.6 s at a time; the windows overlap by half and their embeddings are averaged.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.network import Network
from models.results import Floats

SAMPLE_RATE_HZ = 16_000
BANDS = 40
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
FRAMES = 160
"""Mel frames of one network input."""
LOUDNESS_DBFS = -30.0
SHORTEST_S = 1.6


class SpeakerEncoder:
    """Embeds speech; voices are compared by the cosine of their embeddings."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def embed(self, samples: Floats) -> Floats:
        """(256,) of length one, from (N,) float32 −1…1 of speech at 16 kHz.

        Raises ValueError for less than 1.6 s, which is too short to describe a voice.
        """
        if len(samples) < SHORTEST_S * SAMPLE_RATE_HZ:
            raise ValueError(
                f"{len(samples) / SAMPLE_RATE_HZ:.2f} s of speech; at least {SHORTEST_S} s are needed"
            )
        mel = mel_power(louder(samples))
        last = len(mel) - FRAMES
        starts = list(range(0, last + 1, FRAMES // 2))
        # A remainder of a few frames adds nothing and would cost a whole window.
        if last - starts[-1] > FRAMES // 8:
            starts.append(last)
        windows = np.stack([mel[start : start + FRAMES] for start in starts])
        answers = self._network.run({"mel": windows})["embedding"]
        mean = np.mean(answers, axis=0)
        unit: Floats = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        return unit


def louder(samples: Floats) -> Floats:
    """Amplified to the loudness of the network's training; never made quieter, and silence stays silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    wanted = 10 ** (LOUDNESS_DBFS / 10)
    if power == 0.0 or power >= wanted:
        return samples
    raised: Floats = (samples * np.sqrt(wanted / power)).astype(np.float32)
    return raised


def mel_power(samples: Floats) -> Floats:
    """(frames, 40): power in each mel band, one frame per 10 ms, centred (zeros before and after)."""
    padded = np.pad(samples, WINDOW_SAMPLES // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)) ** 2
    return (power @ mel_filters().T).astype(np.float32)


@cache
def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)


@cache
def mel_filters(bands: int = BANDS) -> NDArray[np.float64]:
    """(bands, 201): triangles on Slaney's mel scale up to 8 kHz, each of area one (Auditory Toolbox 1998)."""
    edges_hz = _to_hz(np.linspace(0.0, _to_mel(SAMPLE_RATE_HZ / 2), bands + 2))
    bins_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, WINDOW_SAMPLES // 2 + 1)
    low, middle, high = (edges_hz[i : i + bands, None] for i in range(3))
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    return np.clip(np.minimum(rising, falling), 0.0, None) * (2.0 / (high - low))


# Slaney's scale: 200/3 Hz per mel up to 1 kHz, then 27 mels for each factor of 6.4.
_LINEAR_HZ = 200.0 / 3
_BEND_HZ = 1000.0
_BEND_MEL = _BEND_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27


def _to_mel(hz: float) -> float:
    return hz / _LINEAR_HZ if hz < _BEND_HZ else _BEND_MEL + float(np.log(hz / _BEND_HZ)) / _LOG_STEP


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bent = _BEND_HZ * np.exp(_LOG_STEP * (mel - _BEND_MEL))
    return np.where(mel < _BEND_MEL, mel * _LINEAR_HZ, bent)
