"""Many short sentences are found together; a cough now and then and a sentence a minute are not."""

from __future__ import annotations

from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.errors import Rejected
from shared.events.types import EventType
from shared.observations import Observation, SpeechHeard
from shared.policy.schema import parse_policy
from tests.support.observations import heard, moved, play

TALK, QUIET, PART_S = 0.95, 0.02, 0.032


def said(*stretches: tuple[float, float], from_s: float = 0.0) -> list[Observation]:
    """Windows from stretches (seconds, probability)."""
    each = [value for seconds, value in stretches for _ in range(round(seconds / PART_S))]
    each += [QUIET] * (-len(each) % 16)
    windows = [heard(0.512 * (1 + at // 16), each[at : at + 16]) for at in range(0, len(each), 16)]
    return [moved(window, from_s) for window in windows]


def sentences(length_s: float, every_s: float, for_s: float) -> list[tuple[float, float]]:
    return [(length_s, TALK), (every_s - length_s, QUIET)] * round(for_s / every_s)


def monitor(**policy: Any) -> Monitor:
    return Monitor(monitor_settings(parse_policy(policy)))


def voices(subject: Monitor, observations: list[Observation]) -> list[Finding]:
    return [each for each in play(subject, observations) if each.event is EventType.VOICE_DETECTED]


@pytest.mark.parametrize("length_s", [1.5, 1.7, 1.9])
def test_a_sentence_every_three_seconds_is_muttering(length_s: float) -> None:
    found = voices(monitor(), said((1.0, QUIET), *sentences(length_s, 3.0, 36.0), (4.0, QUIET)))
    raised, cleared = found[:2]
    assert raised.onset_s == pytest.approx(1.0, abs=0.04)
    assert raised.raised_s <= 1 + 18
    assert 8.0 < float(str(raised.evidence["speech_seconds"])) < 8.1
    assert (raised.evidence["speech_seconds_bound"], raised.evidence["window_seconds"]) == (8, 30)
    assert (cleared.phase.value, cleared.onset_s) == ("cleared", raised.onset_s)


@pytest.mark.parametrize(
    ("length_s", "every_s"),
    [(0.4, 2.0), (1.9, 60.0), (1.9, 10.0), (1.0, 4.0)],
    ids=["coughs", "a sentence a minute", "six sentences a minute", "a quarter of the time"],
)
def test_coughs_and_a_sentence_now_and_then_are_not(length_s: float, every_s: float) -> None:
    assert voices(monitor(), said(*sentences(length_s, every_s, 180.0))) == []


def test_the_same_sentences_spread_over_more_than_the_window_are_not() -> None:
    assert voices(monitor(), said(*sentences(1.5, 6.0, 120.0))) == []


def test_what_was_told_does_not_count_again_and_muttering_after_it_is_a_second_event() -> None:
    once = said(*sentences(1.6, 3.0, 18.0), (4.0, QUIET))
    short = said(*sentences(1.6, 3.0, 9.0), (4.0, QUIET), from_s=30.0)
    again = said(*sentences(1.6, 3.0, 18.0), (4.0, QUIET), from_s=60.0)
    assert [each.phase.value for each in voices(monitor(), [*once, *short])] == ["raised", "cleared"]
    found = voices(monitor(), [*once, *again])
    assert [each.phase.value for each in found] == ["raised", "cleared"] * 2
    assert found[2].onset_s >= 60


def test_longer_speech_is_told_by_its_own_bound() -> None:
    (raised,) = voices(monitor(), said((3.0, TALK)))
    assert raised.evidence["speech_seconds_bound"] == 2.0
    assert "window_seconds" not in raised.evidence


def test_it_goes_on_over_save_and_restore_in_the_middle() -> None:
    whole, first, second = monitor(), monitor(), monitor()
    muttered = said(*sentences(1.6, 3.0, 36.0))
    found = voices(first, muttered[:25])
    second.restore(first.snapshot())
    assert found + voices(second, muttered[25:]) == voices(whole, muttered)


def test_a_hand_over_counts_for_no_part_of_the_window() -> None:
    first, second = monitor(), monitor()
    muttered = said(*sentences(1.6, 3.0, 12.0))
    assert voices(first, muttered) == []
    resumed_s = muttered[-1].at + 25.0
    second.restore(first.snapshot(), resumed_s=resumed_s)
    (raised,) = voices(second, said(*sentences(1.6, 3.0, 6.0), from_s=resumed_s))
    assert raised.evidence["speech_seconds_bound"] == 8


def test_lost_sound_adds_nothing() -> None:
    half = [heard(0.512 * (1 + n), [QUIET] * 16, lost_share=1.0) for n in range(200)]
    assert voices(monitor(), half) == []


def test_the_bounds_are_policy() -> None:
    muttered = said(*sentences(1.6, 3.0, 36.0))
    assert voices(monitor(muttering={"speech_s": None}), muttered) == []
    assert voices(monitor(muttering={"speech_s": 20}), muttered) == []
    assert voices(monitor(muttering={"speech_s": 3, "window_s": 10}), muttered) != []


@pytest.mark.parametrize(
    "wrong", [{"speech_s": 30}, {"speech_s": 0.5}, {"window_s": 4}, {"window_s": 601}, {"speech_s": "8"}]
)
def test_a_bound_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        parse_policy({"muttering": wrong})


def test_a_recorded_part_that_is_longer_than_the_window_counts_as_it_is() -> None:
    long_part = Observation(
        at=40.0, level=1, speech=SpeechHeard(duration_s=31.0, probabilities=(TALK,), lost_share=0.0)
    )
    [raised] = voices(monitor(), [long_part])
    assert raised.evidence["speech_seconds"] == 31.0
