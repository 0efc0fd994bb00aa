"""A microphone that gives nothing at all is told from one that is merely late."""

from __future__ import annotations

from itertools import pairwise

from edge.analysis.owed_sound import GRACE_S, OwedSound, OwedSoundState


def told(owed: OwedSound, begins_s: float, ends_s: float) -> list[float]:
    """What is said over a stretch of pictures, ten a second."""
    times = [begins_s + number / 10 for number in range(round((ends_s - begins_s) * 10))]
    return [at for at in map(owed.overdue, times) if at is not None]


def test_nothing_is_said_while_sound_comes_a_little_late() -> None:
    owed = OwedSound()
    for second in range(60):
        owed.heard(second - 1.5)
        assert told(owed, second, second + 1) == []


def test_a_track_that_never_comes_is_told_once_a_second_after_a_grace() -> None:
    said = told(OwedSound(), 5.0, 15.0)
    assert said[0] == 5.0 + GRACE_S - 1.0
    assert len(said) == 7
    assert all(0.9 < later - sooner < 1.2 for sooner, later in pairwise(said))


def test_sound_that_stops_is_told_and_sound_that_comes_back_ends_it() -> None:
    owed = OwedSound()
    owed.heard(10.0)
    assert told(owed, 9.0, 12.9) == []
    assert told(owed, 13.0, 15.0)
    owed.heard(15.0)
    assert told(owed, 15.0, 17.9) == []


def test_a_gap_of_the_pictures_speaks_of_the_network_and_begins_the_wait_anew() -> None:
    owed = OwedSound()
    owed.heard(10.0)
    assert told(owed, 9.0, 11.0) == []
    assert told(owed, 60.0, 62.9) == []
    assert told(owed, 63.0, 65.0)


def test_a_hand_over_in_which_neither_could_come_begins_the_wait_anew() -> None:
    state = OwedSoundState()
    OwedSound(state).heard(10.0)
    assert told(OwedSound(state), 9.0, 12.9) == []
    going_on = OwedSound(state)
    going_on.pause(15.0)
    assert told(going_on, 15.0, 17.9) == []
    assert told(going_on, 18.0, 19.0)
