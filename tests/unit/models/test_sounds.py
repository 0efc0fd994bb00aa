"""Kinds of sound, and listening in windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.sounds import CLASSES, WINDOW_SAMPLES, SoundClassifier, SoundKind
from shared.policy.terms import Sound
from tests.support.foreign import Answering

TYPING, RINGTONE, LAUGHTER = 378, 385, 13


def of_level() -> SoundClassifier:
    """A network that takes the mean level for the score of typing, and is sure of ringing and laughter."""

    def answer(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        scores = np.zeros((1, 521), np.float32)
        scores[0, TYPING] = inputs["waveform_binary"].mean()
        scores[0, [RINGTONE, LAUGHTER]] = 1.0
        return {"scores": scores}

    return SoundClassifier(Answering(answer))


def test_a_policy_asks_for_kinds_there_are() -> None:
    assert {sound.value for sound in Sound} < {kind.value for kind in SoundKind}


def test_a_kind_is_as_likely_as_its_likeliest_class() -> None:
    found = of_level().classify(np.full(WINDOW_SAMPLES, 0.25, np.float32))
    assert set(found) == set(SoundKind)
    assert found[SoundKind.TYPING] == pytest.approx(0.25)
    assert found[SoundKind.PHONE_RINGING] == 1.0
    assert found[SoundKind.DOOR] == 0.0


def test_no_class_that_tells_feelings_is_read() -> None:
    # 6 to 11 shouting and screaming, 13 to 23 laughter, crying, sighing, 24 to 33 singing.
    read = {number for classes in CLASSES.values() for number in classes}
    assert not read & set(range(6, 12))
    assert not read & set(range(13, 34))


def test_a_stream_judges_the_last_second_whatever_the_windows() -> None:
    stream = of_level().stream()
    windows = (np.full(7800, 0.5, np.float32), np.full(7800, 0.5, np.float32), np.zeros(40_000, np.float32))
    for samples, level in zip(windows, (0.25, 0.5, 0.0), strict=True):
        stream.add(samples)
        assert stream.judge()[SoundKind.TYPING] == pytest.approx(level)


def test_after_a_loss_a_stream_is_whole_again_once_the_gap_has_passed() -> None:
    stream = of_level().stream()
    whole = [stream.whole]
    for lost in (True, False, False):
        stream.add(np.zeros(8192, np.float32), lost=lost)
        whole.append(stream.whole)
    assert whole == [True, False, False, True]


def test_streams_remember_nothing_of_one_another() -> None:
    classifier = of_level()
    one, other = classifier.stream(), classifier.stream()
    one.add(np.ones(WINDOW_SAMPLES, np.float32))
    assert other.judge()[SoundKind.TYPING] == 0.0
