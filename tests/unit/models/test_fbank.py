"""Log mel energies against Kaldi's own."""

from __future__ import annotations

import numpy as np
import pytest

from models.fbank import band_energies


def test_energies_of_a_tone_are_kaldis() -> None:
    tone = (np.sin(np.arange(1600) * 0.2) * 0.5).astype(np.float32)
    # kaldi-native-fbank 1.23.0: Hamming window, no dither, 80 bands, 16 kHz, 16-bit scale; frame 3.
    assert band_energies(tone).shape == (8, 80)
    assert band_energies(tone)[3, [0, 10, 20, 40, 79]].tolist() == pytest.approx(
        [14.649382, 14.259268, 15.775579, 13.031335, 11.90123], abs=1e-4
    )


def test_silence_is_finite_and_too_little_gives_no_frame() -> None:
    assert np.isfinite(band_energies(np.zeros(800, np.float32))).all()
    assert band_energies(np.zeros(399, np.float32)).shape == (0, 80)
