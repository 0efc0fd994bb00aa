"""Tests voice detectors on labelled sound, and speaker encoders on speech of known people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from edge.accuracy.folder import Sound, Turn, Voice
from edge.accuracy.results import SpeakerResult, VoiceResult
from edge.accuracy.statistics import Scores, Share
from edge.media.frames import AudioWindow
from edge.media.recording import open_recording
from models.results import Floats
from models.speaker import SAMPLE_RATE_HZ
from models.speakers import VoiceEncoder
from models.voice import PART_SAMPLES, VoiceDetector

SPEECH = 0.8
"""Probability above which a part counts as speech."""
PART_S = PART_SAMPLES / SAMPLE_RATE_HZ
COLLAR_S = 0.1
"""Time left out around every start and end of speech, because labels are not more exact."""
WINDOW_S = 3.0
"""Length of speech compared at a time."""
MAX_WINDOWS = 1_000


def voice_errors(
    network: str, standing: str, detector: VoiceDetector, sounds: Sequence[Sound]
) -> VoiceResult:
    """Test one detector on all sounds, in parts of 32 ms."""
    missed, false = Share(0, 0), Share(0, 0)
    silent: list[tuple[str, Share]] = []
    heard_s = 0.0
    for sound in sounds:
        here_missed, here_false = _listen(detector, sound)
        missed, false = _plus(missed, here_missed), _plus(false, here_false)
        heard_s += (here_missed.of + here_false.of) * PART_S
        if not sound.turns:
            silent.append((sound.path.stem, here_false))
    return VoiceResult(
        network=network,
        standing=standing,
        missed=missed,
        false=false,
        unique_s=heard_s,
        sounds=tuple(silent),
    )


def _listen(detector: VoiceDetector, sound: Sound) -> tuple[Share, Share]:
    """Parts of speech missed, and other parts detected as speech."""
    stream = detector.stream()
    counts = {True: [0, 0], False: [0, 0]}
    for window in _windows(sound.path):
        for number, probability in enumerate(stream.hear(window.samples)):
            spoken = speaks(sound.turns, window.at_s + (number + 0.5) * PART_S)
            # Lost sound (the padding of the last window) counts as neither speech nor silence.
            if spoken is None or window.lost_share > 0:
                continue
            counts[spoken][0] += (probability > SPEECH) != spoken
            counts[spoken][1] += 1
    return Share(*counts[True]), Share(*counts[False])


def speaks(turns: Sequence[Turn], at_s: float) -> bool | None:
    """Whether a person speaks at this time; None too close to a boundary."""
    edges = (edge_s for turn in turns for edge_s in (turn.begins_s, turn.ends_s))
    if any(abs(at_s - edge_s) < COLLAR_S for edge_s in edges):
        return None
    return any(turn.begins_s <= at_s < turn.ends_s for turn in turns)


def speaker_errors(
    network: str, standing: str, encoder: VoiceEncoder, voices: Sequence[Voice]
) -> SpeakerResult:
    """Test one encoder: windows of 3 s, each compared with every other; the equal error rate."""
    known = [(voice.person, encoder.embed(window)) for voice in voices for window in _speech(voice.path)][
        :MAX_WINDOWS
    ]
    same: list[float] = []
    different: list[float] = []
    for (one, first), (other, second) in combinations(known, 2):
        (same if one == other else different).append(float(first @ second))
    return SpeakerResult(
        network=network,
        standing=standing,
        windows=len(known),
        voices=len({person for person, _ in known}),
        scores=Scores.of(same, different),
    )


def _speech(path: Path) -> Iterator[Floats]:
    """Complete windows of a recording of speech, in order."""
    samples = np.concatenate([window.samples for window in _windows(path)])
    step = round(WINDOW_S * SAMPLE_RATE_HZ)
    for start in range(0, len(samples) - step + 1, step):
        yield samples[start : start + step]


def _windows(path: Path) -> Iterator[AudioWindow]:
    return (media for media in open_recording(path).media() if isinstance(media, AudioWindow))


def _plus(one: Share, other: Share) -> Share:
    return Share(one.count + other.count, one.of + other.of)
