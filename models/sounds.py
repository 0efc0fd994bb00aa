"""Classifies sounds by YAMNet (Google, Apache-2.0): 521 classes of AudioSet, grouped for exams.

Input: 0.975 s of samples −1…1 at 16 kHz. Output: 521 scores 0…1, several may be high at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from models.network import Network
from models.results import Floats

WINDOW_SAMPLES = 15_600


class SoundKind(StrEnum):
    """The kinds of sound that are detected; the first four are names used in policies."""

    TYPING = "typing"
    PHONE_RINGING = "phone_ringing"
    DOOR = "door"
    WHISPERING = "whispering"
    SPEECH = "speech"


CLASSES: Mapping[SoundKind, Mapping[int, str]] = {
    SoundKind.TYPING: {378: "Typing", 379: "Typewriter", 380: "Computer keyboard"},
    SoundKind.PHONE_RINGING: {383: "Telephone", 384: "Telephone bell ringing", 385: "Ringtone"},
    SoundKind.DOOR: {348: "Door", 351: "Sliding door", 352: "Slam", 353: "Knock"},
    SoundKind.WHISPERING: {12: "Whispering"},
    SoundKind.SPEECH: {
        0: "Speech",
        1: "Child speech, kid speaking",
        2: "Conversation",
        3: "Narration, monologue",
    },
}
"""Numbers and names of the classes in YAMNet's class map; a kind scores as high as its highest class."""

Sounds = Mapping[SoundKind, float]


class SoundClassifier:
    """May be shared by all sessions."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def device(self) -> str:
        return self._network.device

    def classify(self, samples: Floats) -> Sounds:
        """The likelihood of each kind in (15600,) float32 −1…1 at 16 kHz; other lengths raise ValueError."""
        if len(samples) != WINDOW_SAMPLES:
            raise ValueError(f"{len(samples)} samples, but {WINDOW_SAMPLES} are needed")
        scores = next(iter(self._network.run({"waveform_binary": samples}).values())).reshape(-1)
        return MappingProxyType({kind: float(scores[list(rows)].max()) for kind, rows in CLASSES.items()})

    def stream(self) -> SoundStream:
        return SoundStream(self)


class SoundStream:
    """Takes one stream in windows of any length and classifies the last 0.975 s on request."""

    def __init__(self, classifier: SoundClassifier) -> None:
        self._classifier = classifier
        self._last = np.zeros(WINDOW_SAMPLES, np.float32)
        self._unbroken = WINDOW_SAMPLES

    @property
    def whole(self) -> bool:
        """Whether the last 0.975 s are complete: a gap sounds like a knock."""
        return self._unbroken >= WINDOW_SAMPLES

    def add(self, samples: Floats, *, lost: bool = False) -> None:
        """Add the next sound; `lost` if part of it never arrived."""
        self._last = np.concatenate([self._last, samples])[-WINDOW_SAMPLES:]
        self._unbroken = 0 if lost else min(WINDOW_SAMPLES, self._unbroken + len(samples))

    def judge(self) -> Sounds:
        """The likelihood of each kind in the last 0.975 s."""
        return self._classifier.classify(self._last)
