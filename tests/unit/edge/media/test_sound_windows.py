"""A sender says freely when its sound was; what is heard is bounded by when it arrived."""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np
import pytest

from edge.media.decoder import AUDIO_CLOCK_HZ
from edge.media.encoded import Encoded
from edge.media.frames import WINDOW_S, AudioWindow
from edge.media.sound_pace import CREDIT_S
from edge.media.sound_windows import SoundWindows

SLACK_S = 0.15
"""A piece may be so long, and a step of the sender's clock so large."""


def piece(duration_s: float) -> av.AudioFrame:
    samples = np.full((1, round(duration_s * AUDIO_CLOCK_HZ)), 3_000, np.int16)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = AUDIO_CLOCK_HZ
    return frame


def heard(sent: Iterable[tuple[float, float]], duration_s: float) -> list[tuple[AudioWindow, float]]:
    """Windows with their arrival; what is sent are pieces as `(begins_s, arrived_at)`, none of them lost."""
    track, frame = SoundWindows(), piece(duration_s)
    found = []
    for number, (begins_s, arrived_at) in enumerate(sent, 1):
        timestamp = round(begins_s * AUDIO_CLOCK_HZ)
        source = Encoded(number, timestamp, arrived_at, keyframe=True, damaged=False, codec="opus", data=b"")
        found += [(window, arrived_at) for window in track.add(frame, source) or ()]
    return found


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9, 1.0, 1.01, 1.99])
@pytest.mark.parametrize("piece_s", [0.0025, 0.02, 0.06])
def test_whatever_the_senders_clock_no_window_ends_after_it_arrived(rate: float, piece_s: float) -> None:
    sent = [(rate * n * piece_s, 100.0 + n * piece_s) for n in range(round(6.0 / piece_s))]
    windows = heard(sent, piece_s)
    assert all(window.ends_at_s <= arrived_at + SLACK_S for window, arrived_at in windows)


def test_pieces_of_a_time_that_was_heard_make_no_more_windows_however_many_come() -> None:
    told = [(1.0, 101.0 + n / 10_000) for n in range(4_000)]
    steady = [(n * 0.02, 100.0 + n * 0.02) for n in range(50)]
    assert len(heard([*steady, *told], 0.0025)) <= (1.1 + 0.02) / WINDOW_S


def test_sound_comes_as_fast_as_time_passes_however_small_its_pieces_are() -> None:
    sent = [(n * 0.01, 100.0 + n / 4_000) for n in range(8_000)]
    assert len(heard(sent, 0.0025)) * WINDOW_S <= CREDIT_S + 2.0 * 1.01


@pytest.mark.parametrize(
    ("away_s", "lost"), [(0.4, False), (0.9, False), (1.2, True), (2.5, True), (29.0, True)]
)
def test_of_time_in_which_nothing_was_sent_nothing_is_known(away_s: float, lost: bool) -> None:
    began = [(n * 0.02, 100.0 + n * 0.02) for n in range(100)]
    later = [(2.0 + away_s + n * 0.02, 102.0 + away_s + n * 0.02) for n in range(100)]
    windows = [window for window, _ in heard([*began, *later], 0.02)]
    unknown_s = sum(window.lost_share for window in windows) * WINDOW_S
    assert unknown_s == pytest.approx(away_s if lost else 0.0, abs=0.03)
    assert sum(float((window.samples == 0).mean()) for window in windows) * WINDOW_S == pytest.approx(
        away_s, abs=0.05
    )


def test_windows_lie_where_their_sound_was_captured() -> None:
    """Also where a sender's sound card runs a little slow or fast."""
    for rate in (0.9995, 1.0005):
        sent = [(rate * n * 0.06, 100.0 + n * 0.06) for n in range(5_000)]
        window, arrived_at = heard(sent, 0.06)[-1]
        assert window.ends_at_s == pytest.approx(arrived_at, abs=0.08)
