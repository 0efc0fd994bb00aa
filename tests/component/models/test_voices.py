"""Voice activity and speakers, with the real networks on real and synthetic sounds."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from models.results import Floats
from models.speaker import SpeakerEncoder
from models.voice import Silero, VoiceDetector, WebRtcVoice
from tests.support.people import media
from tests.support.sounds import RATE_HZ, heard, spoken, whole_parts
from tests.support.weights import network

pytestmark = pytest.mark.weights

SENTENCE = "The answer to the second question is the square root of four hundred and forty one."


def silero() -> Silero:
    return Silero(network("silero-vad"))


@pytest.fixture(params=["silero", "webrtc"])
def detector(request: pytest.FixtureRequest) -> VoiceDetector:
    return silero() if request.param == "silero" else WebRtcVoice()


def probabilities(detector: VoiceDetector, samples: Floats) -> Floats:
    return np.array(detector.stream().hear(whole_parts(samples)), np.float32)


def test_speech_is_heard_and_the_silence_around_it_is_not(detector: VoiceDetector, tmp_path: Path) -> None:
    quiet = np.zeros(RATE_HZ, np.float32)
    speech = spoken(SENTENCE, tmp_path)
    heard_parts = probabilities(detector, np.concatenate([quiet, speech, quiet]))
    second = RATE_HZ // 512
    assert heard_parts[: second - 1].max() < 0.3
    assert (heard_parts[second : second + len(speech) // 512] > 0.8).mean() > 0.6
    assert heard_parts[-second // 2 :].max() < 0.3


def test_a_stream_gives_the_same_answers_in_pieces(detector: VoiceDetector, tmp_path: Path) -> None:
    samples = whole_parts(spoken(SENTENCE, tmp_path), 8192)
    stream = detector.stream()
    pieces = [p for start in range(0, len(samples), 8192) for p in stream.hear(samples[start : start + 8192])]
    assert pieces == pytest.approx(list(probabilities(detector, samples)), abs=1e-6)


def test_silero_keeps_its_streams_apart(tmp_path: Path) -> None:
    samples, shared = whole_parts(spoken(SENTENCE, tmp_path)), silero()
    alone = probabilities(shared, samples)
    one, other = shared.stream(), shared.stream()
    mixed: list[float] = []
    for start in range(0, len(samples), 512):
        mixed += one.hear(samples[start : start + 512])
        other.hear(np.random.default_rng(start).normal(0, 0.1, 512).astype(np.float32))
    assert mixed == pytest.approx(list(alone), abs=1e-6)


# Seconds of speech as annotated with the recordings.
SPOKEN_S = {
    "open_grid_bbaf2n.mpg": (0.99, 2.14),
    "open_grid_brbk7n.mpg": (0.54, 2.11),
    "open_grid_lbax4n.mpg": (0.45, 2.08),
    "open_grid_lrwp9a.mpg": (0.61, 2.30),
    "open_grid_pwij3p.mpg": (0.54, 2.24),
}


@pytest.mark.media
@pytest.mark.parametrize("name", SPOKEN_S)
def test_silero_hears_a_sentence_where_it_was_spoken(name: str) -> None:
    likely = np.flatnonzero(probabilities(silero(), heard(media(f"video/{name}"))) > 0.8) * 0.032
    begun_s, ended_s = SPOKEN_S[name]
    assert likely[0] == pytest.approx(begun_s, abs=0.2)
    assert likely[-1] + 0.032 == pytest.approx(ended_s, abs=0.3)


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    [
        "open_typing.flac",
        "open_rain.flac",
        "open_jazz_guitar.flac",
        "open_door_close.ogg",
        "open_phone-incoming-call.oga",
    ],
)
def test_noises_are_not_taken_for_speech(name: str, detector: VoiceDetector) -> None:
    """A guitar is the nearest to a voice: in pieces, never for the 2 s that an event needs."""
    likely = probabilities(detector, heard(media(f"audio/{name}"))) > 0.8
    if "guitar" in name and isinstance(detector, WebRtcVoice):
        assert likely.mean() < 0.2
    else:
        assert likely.mean() < 0.02


@pytest.mark.media
@pytest.mark.parametrize("reader", ["1688_142285-0006", "2033_164914-0000", "367_130732-0004"])
def test_real_speech_is_heard_for_most_of_its_time(reader: str, detector: VoiceDetector) -> None:
    assert (probabilities(detector, heard(media(f"audio/open_libri_{reader}.flac"))) > 0.8).mean() > 0.5


READERS = ("1688", "1998", "2033", "2414", "367")


@pytest.mark.media
def test_a_reader_is_nearer_to_himself_than_to_anybody_else() -> None:
    encoder = SpeakerEncoder(network("ge2e"))
    voices = [
        (reader, encoder.embed(heard(path)))
        for reader in READERS
        for path in sorted(media("audio").glob(f"open_libri_{reader}_*"))
    ]
    assert len(voices) == 10
    same: list[float] = []
    different: list[float] = []
    for (one, first), (other, second) in combinations(voices, 2):
        (same if one == other else different).append(float(first @ second))
    assert min(same) > 0.80
    assert max(different) < 0.76
    assert min(same) > max(different)


def test_two_synthetic_voices_are_told_apart(tmp_path: Path) -> None:
    encoder = SpeakerEncoder(network("ge2e"))
    man, again = (encoder.embed(spoken(text, tmp_path)) for text in (SENTENCE, SENTENCE[::-1] + SENTENCE))
    woman = encoder.embed(spoken(SENTENCE, tmp_path, voice="en-us+f4"))
    assert man @ again > man @ woman + 0.05
    assert np.linalg.norm(woman) == pytest.approx(1.0, abs=1e-5)


def test_too_little_speech_says_nothing_about_a_voice() -> None:
    with pytest.raises(ValueError, match=r"1\.6 s"):
        SpeakerEncoder(network("ge2e")).embed(np.zeros(RATE_HZ, np.float32))
