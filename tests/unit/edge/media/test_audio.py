from __future__ import annotations

import av
import numpy as np
import pytest

from edge.media.audio import WindowMaker
from edge.media.frames import WINDOW_S, AudioWindow


def sound(level: int = 3_000, duration_s: float = 0.02, rate_hz: int = 48_000) -> av.AudioFrame:
    samples = np.full((1, round(duration_s * rate_hz)), level, np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def play(maker: WindowMaker, from_s: float, until_s: float, lost_before: bool = False) -> list[AudioWindow]:
    windows: list[AudioWindow] = []
    for n in range(round((until_s - from_s) / 0.02)):
        windows += maker.push(sound(), from_s + n * 0.02, lost_before and n == 0)
    return windows


def test_steady_sound_gives_a_window_every_half_second() -> None:
    windows = play(WindowMaker(), 0.0, 2.1)
    assert [window.at_s for window in windows] == [pytest.approx(n * WINDOW_S) for n in range(4)]
    assert all(window.lost_share == 0.0 for window in windows)
    assert windows[1].samples.mean() == pytest.approx(3_000 / 32_768, rel=0.01)


def test_lost_sound_is_zeros_marked_as_lost() -> None:
    maker = WindowMaker()
    windows = play(maker, 0.0, 0.2) + play(maker, 0.328, 2.0, lost_before=True)
    assert windows[0].lost_share == pytest.approx(0.25, abs=0.01)
    assert windows[1].lost_share == 0.0
    assert windows[0].samples[round(0.26 * 16_000)] == 0.0
    assert windows[1].at_s == pytest.approx(WINDOW_S)


def test_silence_that_was_not_sent_is_silence_and_not_loss() -> None:
    maker = WindowMaker()
    windows = play(maker, 0.0, 0.2) + play(maker, 0.4, 2.0)
    assert windows[0].lost_share == 0.0
    assert windows[0].samples[round(0.3 * 16_000)] == 0.0


def test_an_outage_gives_windows_that_are_lost_entirely() -> None:
    maker = WindowMaker()
    play(maker, 0.0, 0.2)
    windows = play(maker, 8.2, 8.9, lost_before=True)
    assert sum(window.lost_share == 1.0 for window in windows) == 15


def test_a_gap_of_hours_starts_a_new_timeline() -> None:
    maker = WindowMaker()
    play(maker, 0.0, 0.2)
    windows = play(maker, 7_200.0, 7_200.6)
    assert len(windows) == 2
    assert windows[0].lost_share == pytest.approx(1 - 0.2 / WINDOW_S, abs=0.01)
    assert windows[1].at_s == 7_200.0


def test_stereo_at_another_rate_is_taken_too() -> None:
    maker = WindowMaker()
    windows: list[AudioWindow] = []
    for n in range(60):
        frame = av.AudioFrame.from_ndarray(np.full((1, 882), 3_000, np.int16), format="s16", layout="stereo")
        frame.sample_rate = 44_100
        windows += maker.push(frame, n * 0.01, lost_before=False)
    assert windows[0].samples[4_000] == pytest.approx(3_000 / 32_768, rel=0.02)


def test_the_end_of_the_track_fills_the_last_window_and_marks_what_is_missing() -> None:
    maker = WindowMaker()
    play(maker, 0.0, 0.12)
    last = maker.finish()
    assert len(last) == 1
    assert last[0].lost_share == pytest.approx(1 - 0.12 / WINDOW_S, abs=0.005)
    assert maker.finish() == []
