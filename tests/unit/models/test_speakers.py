"""Counting voices among embeddings written here."""

from __future__ import annotations

import numpy as np
import pytest

from models.results import Floats
from models.speakers import SpeakerCounter, SpeechBuffer, count_voices, halves


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


@pytest.mark.parametrize("shares", [(6, 5), (9, 2), (4, 4, 3), (3, 3, 3, 2)])
def test_voices_are_counted_in_any_order(shares: tuple[int, ...]) -> None:
    mixed = np.concatenate([voice(number, windows) for number, windows in enumerate(shares)])
    shuffled = np.random.default_rng(1).permutation(mixed)
    speakers, cosine = count_voices(shuffled)
    assert speakers == len(shares)
    assert cosine < 0.5


def test_a_single_odd_window_is_no_second_speaker() -> None:
    assert count_voices(np.concatenate([voice(0, 10), voice(1, 1)]))[0] == 1


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


def test_too_little_speech_says_nothing_about_the_number() -> None:
    counter = SpeakerCounter(Loudness())
    assert counter.count(np.ones(60_000, np.float32)) is None
    alone = counter.count(np.ones(64_000, np.float32))
    assert alone is not None
    assert alone.speakers == 1


def test_only_the_last_ten_seconds_count() -> None:
    one, other = np.ones(160_000, np.float32), -np.ones(80_000, np.float32)
    counter = SpeakerCounter(Loudness())
    both = counter.count(np.concatenate([one, other]))
    assert both is not None
    assert (both.speakers, both.speech_s) == (2, 10.0)
    gone = counter.count(np.concatenate([other, one]))
    assert gone is not None
    assert gone.speakers == 1


def test_pauses_are_taken_out_and_old_speech_is_forgotten() -> None:
    buffer = SpeechBuffer(span_s=2.0)
    window = np.repeat(np.arange(16, dtype=np.float32), 512)
    buffer.add(window, [0.9 if part in (3, 7) else 0.1 for part in range(16)])
    assert np.unique(buffer.samples).tolist() == [3.0, 7.0]
    for _ in range(4):
        buffer.add(window, [0.0] * 16)
    assert len(buffer.samples) == 0


def test_a_buffer_never_holds_more_than_ten_seconds() -> None:
    buffer = SpeechBuffer(span_s=600.0)
    for number in range(60):
        buffer.add(np.full(8192, number, np.float32), [1.0] * 16)
    assert 9.9 * 16_000 <= len(buffer.samples) <= 160_000
    assert buffer.samples[-1] == 59
