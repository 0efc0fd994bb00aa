"""Sound comes as fast as time passes; what leaps is no time that has passed."""

from collections import Counter

import pytest

from edge.media.sound_pace import CREDIT_S, Pace, SoundPace

PIECE_S = 0.02


def judged(pace: SoundPace, pieces: list[tuple[float, float]]) -> list[Pace]:
    """Pieces as `(media time, arrival)`."""
    return [pace.judge(start_s, PIECE_S, arrived_at) for start_s, arrived_at in pieces]


def steady(number: int, from_s: float = 0.0, arrived_at: float = 100.0) -> list[tuple[float, float]]:
    return [(from_s + n * PIECE_S, arrived_at + n * PIECE_S) for n in range(number)]


def test_steady_sound_follows_for_hours_also_from_a_fast_card() -> None:
    fast = [(n * PIECE_S * 1.005, n * PIECE_S) for n in range(500_000)]
    assert set(judged(SoundPace(), fast)) == {Pace.FOLLOWS}


@pytest.mark.parametrize("gap_s", [0.3, 3.0, 29.0])
def test_an_outage_is_filled_also_a_second_one_and_after_silence_that_was_not_sent(gap_s: float) -> None:
    pace = SoundPace()
    assert set(judged(pace, steady(50))) == {Pace.FOLLOWS}
    for n in (1, 2):
        later = n * (1.0 + gap_s)
        assert set(judged(pace, steady(50, later, 100.0 + later))) == {Pace.FOLLOWS}


def test_what_a_network_held_back_comes_at_once_and_follows() -> None:
    pace = SoundPace()
    judged(pace, steady(50))
    assert set(judged(pace, [(1.0 + n * PIECE_S, 109.0) for n in range(400)])) == {Pace.FOLLOWS}


@pytest.mark.parametrize("leap_s", [29.0, 31.0, 5.0, 3_600.0, -31.0])
def test_a_sender_that_leaps_with_every_piece_gains_no_time_to_fill(leap_s: float) -> None:
    pace, filled_s, end_s = SoundPace(), 0.0, 0.0
    found: Counter[Pace] = Counter()
    for n in range(3_000):
        start_s = n * leap_s
        judgement = pace.judge(start_s, PIECE_S, 100.0 + n * PIECE_S)
        if judgement is Pace.FOLLOWS:
            filled_s += max(0.0, start_s - end_s)
        end_s = start_s + PIECE_S
        found[judgement] += 1
    assert filled_s <= CREDIT_S + 3_000 * PIECE_S * 1.01 + PIECE_S
    assert found[Pace.LEAPS] > 2_000


def test_one_leap_is_told_once_and_sound_goes_on_behind_it() -> None:
    pace = SoundPace()
    judged(pace, steady(50))
    found = judged(pace, steady(50, 7_200.0, 101.0))
    assert found == [Pace.LEAPS] + 49 * [Pace.FOLLOWS]
    back = judged(pace, steady(50, 2.0, 102.0))
    assert back == [Pace.LEAPS] + 49 * [Pace.FOLLOWS]


@pytest.mark.parametrize("back_s", [0.6, 4.0, 29.0])
def test_a_clock_set_back_is_told_once_and_no_sound_is_left_out_also_the_second_time(back_s: float) -> None:
    pace = SoundPace()
    judged(pace, steady(2_000))
    for n in (1, 2):
        back = judged(pace, steady(2_000, n * 40.0 - n * back_s, 100.0 + n * 40.0))
        assert back == [Pace.LEAPS] + 1_999 * [Pace.FOLLOWS]


def test_sound_that_comes_many_times_too_fast_is_left_out() -> None:
    found = Counter(judged(SoundPace(), [(n * PIECE_S, 100.0 + n * 0.001) for n in range(10_000)]))
    taken_s = (found[Pace.FOLLOWS] + found[Pace.LEAPS]) * PIECE_S
    assert CREDIT_S <= taken_s <= CREDIT_S + 10.0 * 1.01 + PIECE_S
    assert found[Pace.TOO_FAST] > 7_000


def test_sound_left_out_is_a_gap_behind_which_the_rest_follows() -> None:
    pace = SoundPace()
    judged(pace, [(n * PIECE_S, 100.0) for n in range(5_000)])
    assert judged(pace, steady(10, 100.0, 200.0)) == [Pace.LEAPS, *9 * [Pace.FOLLOWS]]


def test_late_pieces_cost_nothing() -> None:
    pace = SoundPace()
    judged(pace, steady(50))
    assert set(judged(pace, [(0.5, 101.0)] * 10_000)) == {Pace.FOLLOWS}
    assert judged(pace, [(1.0, 101.0)]) == [Pace.FOLLOWS]
