from __future__ import annotations

import itertools
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


@pytest.mark.parametrize("step_s", [0.4, 1.0, 4.0, 4.9, 100.0])
def test_a_media_clock_set_back_by_little_is_followed_at_once_too_and_a_second_time(step_s: float) -> None:
    clock, back_s = CaptureClock(HZ), 0.0
    for n in range(900):
        back_s += step_s if n in (300, 600) else 0.0
        timestamp = round((1_000 + n / 15 - back_s) * HZ)
        clock.heard(timestamp, n / 15 + 0.05)
        assert clock.at(timestamp) == pytest.approx(n / 15 + 0.05, abs=0.05)


@pytest.mark.parametrize("step_s", [0.8, 3.2, 4.9])
def test_media_that_stays_behind_settles_and_no_capture_time_jumps(step_s: float) -> None:
    clock, captured, behind = CaptureClock(HZ), [], []
    for n in range(15 * 120):
        arrived_s = n / 15 + 0.05 + (step_s if n >= 150 else 0.0)
        clock.heard(n * 6_000, arrived_s)
        captured.append(clock.at(n * 6_000))
        behind.append(arrived_s - captured[-1])
    assert max(behind[:150]) < 0.01
    assert behind[151] == pytest.approx(step_s, abs=0.05)
    assert max(behind[-150:]) < 0.55
    steps = [later - sooner for sooner, later in itertools.pairwise(captured)]
    assert min(steps) > 0
    assert max(steps) < 0.1


def test_a_delay_that_goes_again_leaves_the_clock_where_it_was() -> None:
    clock = CaptureClock(HZ)
    for n in range(15 * 60):
        clock.heard(n * 6_000, n / 15 + 0.05 + (2.0 if 150 <= n < 225 else 0.0))
    assert clock.at(899 * 6_000) == pytest.approx(899 / 15 + 0.05, abs=0.03)


def test_session_time_begins_with_the_first_media_and_goes_on_for_the_next_peer() -> None:
    clock = SessionClock()
    assert clock.session_s(500.0) == 0.0
    assert clock.session_s(512.5) == 12.5
    assert SessionClock(zero_at=clock.zero_at).session_s(520.0) == 20.0


def test_a_session_ordered_again_goes_on_where_its_clock_would_be() -> None:
    clock = SessionClock(begins_s=600.0)
    assert clock.session_s(500.0) == 600.0
    assert clock.session_s(512.5) == 612.5
