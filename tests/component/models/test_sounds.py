"""Sound classes on real sounds, against MediaPipe's own classifier."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from models.results import Floats
from models.sounds import CLASSES, WINDOW_SAMPLES, SoundClassifier, SoundKind
from tests.support.people import media
from tests.support.sounds import RATE_HZ, heard, spoken
from tests.support.weights import network, present, store

pytestmark = pytest.mark.weights

HOP_SAMPLES = 8192


@pytest.fixture(scope="module")
def classifier() -> SoundClassifier:
    return SoundClassifier(network("yamnet"))


def scores(classifier: SoundClassifier, samples: Floats) -> dict[SoundKind, Floats]:
    """Per kind the score after each 0.512 s, as a session hears them."""
    padded = np.concatenate([samples, np.zeros(WINDOW_SAMPLES, np.float32)])
    stream = classifier.stream()
    parts = range(0, len(padded) - HOP_SAMPLES + 1, HOP_SAMPLES)
    found = []
    for start in parts:
        stream.add(padded[start : start + HOP_SAMPLES])
        found.append(stream.judge())
    return {kind: np.array([sounds[kind] for sounds in found], np.float32) for kind in SoundKind}


def test_classes_are_the_ones_of_the_class_map() -> None:
    (path,) = (path for path in store().paths(present("yamnet")) if path.suffix == ".csv")
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    names = {int(row["index"]): row["display_name"] for row in rows}
    for classes in CLASSES.values():
        assert {number: names[number] for number in classes} == dict(classes)


def test_scores_are_mediapipes_own(classifier: SoundClassifier, tmp_path: Path) -> None:
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import audio
    from mediapipe.tasks.python.components.containers import AudioData

    options = audio.AudioClassifierOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(store().path(present("yamnet")))), max_results=521
    )
    samples = spoken("Who knocks on the door while I am typing?", tmp_path)
    with audio.AudioClassifier.create_from_options(options) as reference:
        for start in range(0, len(samples) - WINDOW_SAMPLES, WINDOW_SAMPLES):
            window = samples[start : start + WINDOW_SAMPLES]
            (answer, *_) = reference.classify(AudioData.create_from_array(window, RATE_HZ))
            theirs = {row.index: row.score for row in answer.classifications[0].categories}
            ours = classifier.classify(window)
            for kind, classes in CLASSES.items():
                assert ours[kind] == pytest.approx(max(theirs[number] for number in classes), abs=1e-4)


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "kind", "share"),
    [
        ("open_typing.flac", SoundKind.TYPING, 0.9),
        ("open_phone-incoming-call.oga", SoundKind.PHONE_RINGING, 0.5),
        ("open_door_close.ogg", SoundKind.DOOR, 0.3),
        ("open_libri_1688_142285-0003.flac", SoundKind.SPEECH, 0.8),
        ("open_jfk.flac", SoundKind.SPEECH, 0.7),
    ],
)
def test_a_sound_is_heard_for_what_it_is(
    classifier: SoundClassifier, name: str, kind: SoundKind, share: float
) -> None:
    found = scores(classifier, heard(media(f"audio/{name}")))
    assert (found[kind] >= 0.5).mean() >= share
    others = set(SoundKind) - {kind}
    assert max(found[other].max() for other in others) < 0.5


@pytest.mark.media
@pytest.mark.parametrize(
    "name",
    [
        "open_rain.flac",
        "open_jazz_guitar.flac",
        "open_speech_60s.flac",
        "open_two_speakers_30s.wav",
        "open_libri_2414_128291-0004.flac",
        "open_libri_367_130732-0001.flac",
        "open_chinese_short.wav",
        "open_bell.oga",
    ],
)
def test_speech_rain_and_music_are_no_forbidden_sounds(classifier: SoundClassifier, name: str) -> None:
    found = scores(classifier, heard(media(f"audio/{name}")))
    assert max(found[kind].max() for kind in set(SoundKind) - {SoundKind.SPEECH}) < 0.3


@pytest.mark.media
def test_typing_is_heard_through_speech_at_equal_loudness(classifier: SoundClassifier) -> None:
    typing, speech = (
        heard(media(f"audio/{name}")) for name in ("open_typing.flac", "open_libri_2033_164914-0000.flac")
    )
    length = min(len(typing), len(speech))
    typing, speech = (part[:length] / np.sqrt(np.mean(part[:length] ** 2)) for part in (typing, speech))
    found = scores(classifier, np.clip((typing + speech) * 0.03, -1, 1).astype(np.float32))
    assert found[SoundKind.SPEECH].max() >= 0.5
    assert found[SoundKind.TYPING].max() >= 0.3


def test_silence_is_nothing(classifier: SoundClassifier) -> None:
    assert max(classifier.classify(np.zeros(WINDOW_SAMPLES, np.float32)).values()) < 0.1


def test_another_length_than_the_networks_is_refused(classifier: SoundClassifier) -> None:
    with pytest.raises(ValueError, match="15600"):
        classifier.classify(np.zeros(16_000, np.float32))
