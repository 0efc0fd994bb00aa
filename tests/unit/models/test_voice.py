"""Voice activity without a network, and features of voices."""

from __future__ import annotations

import numpy as np
import pytest
import webrtcvad

from models.results import Floats
from models.speaker import BANDS, louder, mel_filters, mel_power
from models.voice import PART_SAMPLES, WebRtcVoice


def buzz(duration_s: float, hz: float = 120.0, level: float = 0.3, glide: float = 0.0) -> Floats:
    """A buzz with the overtones of a voice, whose pitch swings by `glide` twice a second."""
    t = np.arange(int(duration_s * 16_000)) / 16_000
    phase = 2 * np.pi * hz * (t - glide * np.cos(4 * np.pi * t) / (4 * np.pi))
    overtones = np.arange(1, 12)[:, None]
    waves = np.sin(phase * overtones) / overtones
    sound: Floats = (level / 2 * waves.sum(axis=0)).astype(np.float32)
    return sound


def test_silence_is_no_voice_and_a_buzz_that_glides_like_a_voice_is() -> None:
    stream = WebRtcVoice().stream()
    assert stream.hear(np.zeros(8192, np.float32))[-8:] == (0.0,) * 8
    assert min(stream.hear(buzz(0.512, glide=0.2)[:8192])[4:]) > 0.8


def test_a_buzz_that_keeps_its_pitch_is_no_voice() -> None:
    assert set(WebRtcVoice().stream().hear(buzz(2.048))) == {0.0}


def test_sound_without_pitch_is_no_voice_though_the_detector_alone_takes_it_for_one() -> None:
    rng = np.random.default_rng(3)
    clicks = np.zeros(4 * 8192, np.float32)
    for start in range(200, len(clicks) - 900, 2_600):
        clicks[start : start + 900] = rng.normal(0, 0.3, 900) * np.exp(-np.arange(900) / 160)
    alone, frames = webrtcvad.Vad(3), (clicks * 32767).astype(np.int16)[: len(clicks) // 160 * 160]
    voiced = [alone.is_speech(frame.tobytes(), 16_000) for frame in frames.reshape(-1, 160)]
    assert np.mean(voiced) > 0.3
    assert set(WebRtcVoice().stream().hear(clicks)) == {0.0}


def test_every_part_gets_one_probability() -> None:
    answer = WebRtcVoice().stream().hear(np.zeros(16 * PART_SAMPLES, np.float32))
    assert len(answer) == 16
    assert all(0.0 <= p <= 1.0 for p in answer)


def test_streams_do_not_hear_one_another() -> None:
    detector = WebRtcVoice()
    quiet, loud = detector.stream(), detector.stream()
    quiet.hear(np.zeros(8192, np.float32))
    loud.hear(buzz(0.512)[:8192])
    assert quiet.hear(np.zeros(8192, np.float32)) == (0.0,) * 16


@pytest.mark.parametrize("samples", [0, 511, 8191])
def test_a_window_of_broken_parts_is_refused(samples: int) -> None:
    with pytest.raises(ValueError, match="multiple of 512"):
        WebRtcVoice().stream().hear(np.zeros(samples, np.float32))


def test_mel_filters_have_area_one_and_cover_the_band() -> None:
    filters = mel_filters()
    assert filters.shape == (BANDS, 201)
    # The narrow ones fall between few bins; the wide ones sum to their area at 40 Hz per bin.
    assert filters[-15:].sum(1) * 40 == pytest.approx(np.ones(15), rel=0.05)
    assert (filters.sum(0)[2:-1] > 0).all()


def test_a_tone_lights_up_the_band_it_lies_in() -> None:
    for hz in (300.0, 1000.0, 3000.0):
        tone = np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000).astype(np.float32)
        loudest = int(mel_power(tone)[50].argmax())
        peak_hz = float(mel_filters()[loudest].argmax()) * 40
        assert peak_hz == pytest.approx(hz, abs=0.12 * hz)


def test_there_is_one_mel_frame_per_ten_milliseconds() -> None:
    assert mel_power(np.zeros(25_600, np.float32)).shape == (161, 40)


def test_quiet_speech_is_brought_up_and_loud_speech_left_alone() -> None:
    quiet, loud = buzz(1, level=0.001), buzz(1, level=0.5)
    level_dbfs = 10 * np.log10(np.mean(louder(quiet).astype(np.float64) ** 2))
    assert level_dbfs == pytest.approx(-30, abs=0.1)
    assert louder(loud) is loud
    assert not louder(np.zeros(100, np.float32)).any()
