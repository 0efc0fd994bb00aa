"""How many people speak, by the real network on real voices."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from models.results import Floats
from models.speaker import SpeakerEncoder
from models.speakers import SpeakerCount, SpeakerCounter
from models.voice import Silero
from tests.support.people import media
from tests.support.sounds import RATE_HZ, heard, spoken, whole_parts
from tests.support.weights import network

pytestmark = pytest.mark.weights

READERS = ("1688", "1998", "2033", "2414", "367")


@pytest.fixture(scope="module")
def counter() -> SpeakerCounter:
    return SpeakerCounter(SpeakerEncoder(network("ge2e")))


def speech_of(samples: Floats) -> Floats:
    """Speech with its pauses taken out, as a session hears it."""
    stream, whole = Silero(network("silero-vad")).stream(), whole_parts(samples, 8192)
    parts = [
        part
        for start in range(0, len(whole), 8192)
        for part, probability in zip(
            whole[start : start + 8192].reshape(-1, 512),
            stream.hear(whole[start : start + 8192]),
            strict=True,
        )
        if probability > 0.5
    ]
    return np.concatenate(parts)[-160_000:]


def reader(name: str) -> Floats:
    paths = sorted(media("audio").glob(f"open_libri_{name}_*"))
    return speech_of(np.concatenate([heard(path) for path in paths]))


def speakers(counter: SpeakerCounter, speech: Floats) -> int:
    found = counted(counter, speech)
    assert found is not None
    return found.speakers


def counted(counter: SpeakerCounter, speech: Floats) -> SpeakerCount | None:
    """All of it at once, in windows cut from its beginning."""
    trail = counter.trail(span_s=600)
    for start in range(0, len(speech) - 511, 512):
        trail.add(speech[start : start + 512], (1.0,))
    return trail.count()


@pytest.mark.media
@pytest.mark.parametrize("name", READERS)
def test_one_reader_is_one_speaker(counter: SpeakerCounter, name: str) -> None:
    assert speakers(counter, reader(name)) == 1


@pytest.mark.media
def test_an_old_recording_is_one_speaker(counter: SpeakerCounter) -> None:
    assert speakers(counter, speech_of(heard(media("audio/open_jfk.flac")))) == 1


@pytest.mark.media
@pytest.mark.parametrize("name", READERS)
def test_one_reader_through_noise_and_at_another_loudness_is_one(counter: SpeakerCounter, name: str) -> None:
    speech = reader(name)
    half = len(speech) // 2
    quieter = np.concatenate([speech[:half], speech[half:] * 0.3])
    noise = np.random.default_rng(1).normal(0, 0.003, len(quieter))
    assert speakers(counter, (quieter + noise).astype(np.float32)) == 1


@pytest.mark.media
def test_two_readers_are_two_speakers_in_halves_and_in_turns(counter: SpeakerCounter) -> None:
    voices = {name: reader(name) for name in READERS}
    turn_s = 2.5
    missed = []
    for one, other in combinations(READERS, 2):
        first, second = voices[one], voices[other]
        turn = int(turn_s * RATE_HZ)
        turns = [first[:turn], second[:turn], first[turn : 2 * turn], second[turn : 2 * turn]]
        for mixed in (np.concatenate([first[: 2 * turn], second[: 2 * turn]]), np.concatenate(turns)):
            if speakers(counter, mixed) < 2:
                missed.append((one, other))
    assert len(missed) <= 1


def test_a_synthetic_voice_is_one_speaker(counter: SpeakerCounter, tmp_path: Path) -> None:
    text = "The answer to the second question is the square root of four hundred and forty one."
    voice = spoken(text, tmp_path)
    assert speakers(counter, np.concatenate([voice, voice])[:160_000]) == 1
    assert counted(counter, voice[:50_000]) is None
