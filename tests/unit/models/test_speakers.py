"""Counting voices among embeddings written here."""

from __future__ import annotations

import numpy as np
import pytest

from models.results import Floats
from models.speakers import SpeakerCount, SpeakerCounter, TrailState, count_voices, halves
from shared.saving import restore, save


def voice(number: int, windows: int, *, spread: float = 0.3, seed: int = 0) -> Floats:
    """Embeddings of one voice: around its own axis, as scattered as real ones."""
    random = np.random.default_rng((seed, number))
    middle = np.zeros(256)
    middle[number] = 1.0
    vectors = middle + random.normal(0, spread / 16, (windows, 256))
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.mark.parametrize("seed", range(10))
def test_one_scattered_voice_is_one(seed: int) -> None:
    assert count_voices(voice(0, 11, spread=0.5, seed=seed))[0] == 1


@pytest.mark.parametrize("shares", [(6, 5), (9, 3), (4, 4, 3), (3, 3, 3, 4)])
def test_voices_are_counted_in_any_order(shares: tuple[int, ...]) -> None:
    mixed = np.concatenate([voice(number, windows) for number, windows in enumerate(shares)])
    shuffled = np.random.default_rng(1).permutation(mixed)
    speakers, cosine = count_voices(shuffled)
    assert speakers == len(shares)
    assert cosine < 0.5


@pytest.mark.parametrize("odd", [1, 2])
def test_an_odd_moment_is_no_second_speaker(odd: int) -> None:
    assert count_voices(np.concatenate([voice(0, 10), voice(1, odd)]))[0] == 1


def test_no_more_than_four_are_counted() -> None:
    assert count_voices(np.concatenate([voice(number, 3) for number in range(7)]))[0] == 4


def test_equal_or_single_windows_cannot_be_split() -> None:
    same = np.repeat(voice(0, 1), 5, axis=0)
    for embeddings in (same, same[:1]):
        cosine, second = halves(embeddings)
        assert cosine == 1.0
        assert not second.any()


class Loudness:
    """An encoder whose voices differ by sign."""

    device = "test"

    def embed(self, samples: Floats, /) -> Floats:
        return np.array([1.0, 0.0] if samples.mean() > 0 else [0.0, 1.0], np.float32)


def counted(speech: Floats, *, step: int = 8192) -> SpeakerCount | None:
    """The last count of a stream in which all is speech."""
    trail, found = SpeakerCounter(Loudness()).trail(span_s=600), None
    for start in range(0, len(speech) // step * step, step):
        trail.add(speech[start : start + step], (1.0,))
        found = trail.count()
    return found


ONE, OTHER = np.ones(16 * 8192, np.float32), -np.ones(16 * 8192, np.float32)


def test_too_little_speech_says_nothing_about_the_number() -> None:
    assert counted(ONE[: 7 * 8192]) is None
    assert counted(ONE[: 8 * 8192]) == SpeakerCount(1, 1.0, 4.0)


def test_a_second_voice_is_counted_after_three_windows_of_its_own() -> None:
    # To this encoder a window is the voice that fills more than half of it.
    for more, speakers in ((2, 1), (5, 2)):
        found = counted(np.concatenate([ONE, OTHER[: more * 8192]]))
        assert found is not None
        assert found.speakers == speakers


def test_only_the_last_ten_seconds_of_speech_count() -> None:
    gone = counted(np.concatenate([OTHER[: 8 * 8192], ONE, ONE[: 6 * 8192]]))
    assert gone == SpeakerCount(1, 1.0, 10.0)


def test_pauses_are_taken_out() -> None:
    trail, ready = SpeakerCounter(Loudness()).trail(), []
    for _ in range(7):
        trail.add(ONE[:8192], [0.9, 0.1] * 8)
        ready.append(trail.ready)
    # Half of 0.512 s each: 1.6 s are whole in the seventh.
    assert ready == [False] * 6 + [True]


def test_speech_older_than_the_span_is_forgotten() -> None:
    trail = SpeakerCounter(Loudness()).trail(span_s=20)
    for _ in range(16):
        trail.add(OTHER[:8192], (1.0,))
        trail.count()
    for _ in range(41):
        trail.add(ONE[:8192], (0.0,))
    for _ in range(16):
        trail.add(ONE[:8192], (1.0,))
        found = trail.count()
    assert found is not None
    assert found.speakers == 1


def test_what_waits_to_be_counted_is_bounded() -> None:
    trail = SpeakerCounter(Loudness()).trail(span_s=600)
    for _ in range(60):
        trail.add(ONE[:8192], (1.0,))
    found = trail.count()
    assert found is not None
    assert found.speech_s <= 10


def test_a_trail_goes_on_where_another_stopped_but_for_the_speech_in_no_window_yet() -> None:
    counter, state = SpeakerCounter(Loudness()), TrailState()
    first = counter.trail(state, span_s=600)
    for _ in range(16):
        first.add(ONE[:8192], (1.0,))
        first.count()
    second = counter.trail(restore(TrailState, save(state)), span_s=600)
    said = []
    for _ in range(8):
        second.add(OTHER[:8192], (1.0,))
        said.append(second.count())
    assert [found and found.speakers for found in said] == [1, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize(
    "windows",
    [
        ((5, b"\0\0\0"),),
        ((5, bytes(4)), (6, bytes(8))),
        ((5, np.array([np.nan], np.float32).tobytes()),),
    ],
)
def test_what_no_network_answers_is_no_memory_of_voices(windows: tuple[tuple[int, bytes], ...]) -> None:
    with pytest.raises(ValueError, match="snapshot"):
        TrailState(windows=windows)
