"""Voices, sounds, phrases and a dead microphone: heard when they are there, unknown when nobody listened."""

from __future__ import annotations

from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.observations import Observation, PhraseHeard, SoundHeard, SpeakersHeard
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation
from tests.support.observations import lines, play, sound, windows

LISTENING: dict[str, Any] = {
    "features": {"speech_transcription": True},
    "phrases": ["Hey Siri", "what is the answer"],
}


def found(observations: list[Observation], policy: Policy | None = None) -> list[tuple[str, str, Any]]:
    return lines(play(Monitor(monitor_settings(policy or Policy())), observations))


def speakers(at: float, count: int) -> Observation:
    return sound(at, speakers=SpeakersHeard(count=count, window_s=10.0, confidence=0.9))


def sounds(start_s: float, count: int, *heard: tuple[str, float]) -> list[Observation]:
    """Windows of just under a second, as the sound network takes them."""
    kinds = tuple(SoundHeard(kind=kind, score=score) for kind, score in heard)
    return [sound(start_s + 0.96 * number, sounds=kinds) for number in range(count)]


def test_a_second_voice_is_found_at_once_and_over_after_ten_quiet_seconds() -> None:
    heard = [speakers(20, 1), speakers(25, 2), speakers(30, 2), *windows(30.1, 50, 0.02)]
    assert found(heard) == [
        ("MULTIPLE_SPEAKERS", "raised", 25),
        ("MULTIPLE_SPEAKERS", "cleared", pytest.approx(30.612)),
    ]


def test_one_voice_alone_ends_it_too() -> None:
    heard = [speakers(25, 2), *(speakers(30 + 5 * number, 1) for number in range(4))]
    assert found(heard) == [("MULTIPLE_SPEAKERS", "raised", 25), ("MULTIPLE_SPEAKERS", "cleared", 30)]


def test_one_voice_or_none_is_no_second_voice() -> None:
    assert found([speakers(5 * number, number % 2) for number in range(30)]) == []


@pytest.mark.parametrize("kind", ["typing", "phone_ringing", "door", "whispering"])
def test_a_listed_sound_that_lasts_begins_in_the_middle_of_its_first_window(kind: str) -> None:
    monitor = Monitor(monitor_settings(Policy()))
    (raised,) = play(monitor, [*sounds(0, 5), *sounds(10, 4, (kind, 0.8), ("door", 0.1))])
    assert (raised.event, raised.onset_s, raised.evidence["class"]) == ("AUDIO_ANOMALY", 10 - 0.975 / 2, kind)


@pytest.mark.parametrize(
    "heard",
    [
        sounds(0, 30, ("typing", 0.45)),
        sounds(0, 30, ("music", 0.99)),
        [*sounds(0, 10), *sounds(9.6, 1, ("door", 0.9)), *sounds(10.56, 20)],
    ],
    ids=["too unsure", "not listed", "too short"],
)
def test_other_weaker_or_shorter_sounds_raise_nothing(heard: list[Observation]) -> None:
    assert found(heard) == []


@pytest.mark.parametrize(("windows_in_a_row", "raised"), [(2, 0), (3, 1)])
def test_a_second_of_a_sound_is_three_windows_at_the_pace_of_the_stream(
    windows_in_a_row: int, raised: int
) -> None:
    door = (SoundHeard(kind="door", score=0.9),)
    rows = [sound((n + 1) * 0.512, sounds=door if 9 < n < 10 + windows_in_a_row else ()) for n in range(30)]
    assert len([line for line in found(rows) if line[1] == "raised"]) == raised


def test_the_list_of_sounds_is_policy() -> None:
    assert found(sounds(0, 10, ("typing", 0.9)), parse_policy({"sounds": ["door"]})) == []


def phrase(at: float, *words: str) -> Observation:
    return sound(at, phrases=tuple(PhraseHeard(phrase=each, score=0.7) for each in words))


def listening(*, opt_in: bool) -> Policy:
    return parse_policy(LISTENING).for_candidate(Accommodation(), speech_opt_in=opt_in)


def test_a_listed_phrase_is_found_where_policy_and_candidate_allow_it() -> None:
    heard = [phrase(1), phrase(2, "hey siri"), phrase(3)]
    assert found(heard, listening(opt_in=True)) == [
        ("KEYWORD_SPOKEN", "raised", 2), ("KEYWORD_SPOKEN", "cleared", 3)]  # fmt: skip
    assert found([phrase(1), phrase(2, "good morning")], listening(opt_in=True)) == []


def test_without_the_candidates_opt_in_no_phrase_is_found() -> None:
    heard = [phrase(1), phrase(2, "hey siri")]
    assert found(heard, listening(opt_in=False)) == []
    assert found(heard, parse_policy(LISTENING)) == []


def test_a_microphone_that_gives_digital_silence_is_technical() -> None:
    silent = [sound(number * 0.512, microphone_silent=True) for number in range(30)]
    back = [sound(16 + number * 0.512, microphone_silent=False) for number in range(5)]
    assert found([*silent, *back]) == [
        ("MICROPHONE_MUTED", "raised", 0.0), ("MICROPHONE_MUTED", "cleared", 16.0)]  # fmt: skip
    assert found([sound(number * 0.512, microphone_silent=number % 10 > 7) for number in range(90)]) == []


def test_nothing_is_said_of_sound_that_nobody_listened_to() -> None:
    assert found([sound(number * 0.512) for number in range(200)]) == []
