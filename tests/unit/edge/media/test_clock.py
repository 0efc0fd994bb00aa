from __future__ import annotations

import random

import pytest

from edge.media.clock import CaptureClock, SessionClock

HZ = 90_000


def test_jitter_of_the_network_does_not_show_in_capture_times() -> None:
    clock, chance = CaptureClock(HZ), random.Random(7)
    errors = []
    for n in range(300):
        captured_s = n / 15
        clock.heard(round(captured_s * HZ), 100.0 + captured_s + 0.03 + chance.random() ** 3 * 0.2)
        errors.append(clock.at(round(captured_s * HZ)) - (100.0 + captured_s))
    assert max(errors[30:]) - min(errors[30:]) < 0.02


def test_two_tracks_with_unrelated_origins_lie_on_one_clock() -> None:
    video, audio = CaptureClock(HZ), CaptureClock(48_000)
    for n in range(100):
        video.heard(10**9 + n * 6_000, 50.0 + n / 15 + 0.04)
        audio.heard(77 + n * 3_200, 50.0 + n / 15 + 0.04)
    assert video.at(10**9 + 99 * 6_000) == pytest.approx(audio.at(77 + 99 * 3_200), abs=0.001)


def test_a_sound_card_that_runs_slow_is_followed_for_three_hours() -> None:
    clock = CaptureClock(48_000)
    for second in range(0, 10_800, 2):
        clock.heard(round(second * 48_000 * (1 - 100e-6)), second + 0.05)
    assert clock.at(10_798 * 48_000 * (1 - 100e-6)) == pytest.approx(10_798.05, abs=0.01)


def test_a_media_clock_set_back_is_followed_at_once() -> None:
    clock = CaptureClock(HZ)
    clock.heard(10**7, 20.0)
    clock.heard(0, 21.0)
    assert clock.at(0) == pytest.approx(21.0)


def test_session_time_begins_with_the_first_media_and_goes_on_for_the_next_peer() -> None:
    clock = SessionClock()
    assert clock.session_s(500.0) == 0.0
    assert clock.session_s(512.5) == 12.5
    assert SessionClock(zero_at=clock.zero_at).session_s(520.0) == 20.0


def test_a_session_ordered_again_goes_on_where_its_clock_would_be() -> None:
    clock = SessionClock(begins_s=600.0)
    assert clock.session_s(500.0) == 600.0
    assert clock.session_s(512.5) == 612.5
