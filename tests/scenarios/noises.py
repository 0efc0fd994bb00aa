"""What the microphone hears: a quiet room, voices, a telephone, a keyboard, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from edge.rehearsal.speech import speak
from tests.scenarios.camera import SAMPLES_PER_S, Sound

_VOICE_RMS = 0.09
_ROOM_RMS = 0.0006
_SENTENCES = (
    "Are you ready for the next question? I think the answer to number seven is photosynthesis, "
    "the process by which plants turn light into sugar and oxygen. Then write down the equation."
)
_ONE, _OTHER = "open_libri_1688_142285-0006.flac", "open_libri_2414_128291-0004.flac"


@dataclass(frozen=True, slots=True)
class Library:
    """Sounds by what they are; each can be made as long as wanted."""

    make: Mapping[str, Callable[[float], Sound]]

    def of(self, kind: str, lasts_s: float) -> Sound:
        """Mono samples at 48 kHz, exactly as long as asked for."""
        wanted = round(lasts_s * SAMPLES_PER_S)
        sound = self.make[kind](lasts_s)[:wanted]
        return np.pad(sound, (0, wanted - len(sound))).astype(np.float32)


def library(media: Path | None) -> Library:
    """Real sounds where there are some, else espeak-ng and arithmetic."""
    if media is None:
        return Library(
            {
                "voice": lambda lasts_s: _repeated(speak(_SENTENCES), lasts_s),
                "word": lambda lasts_s: speak("Hm, right."),
                "voices": lambda lasts_s: _dialogue(
                    speak(_SENTENCES), _higher(speak(_SENTENCES), 1.35), lasts_s
                ),
                "ring": _ringing,
                "typing": _typing,
                "rain": lambda lasts_s: room_tone(lasts_s, 5, _ROOM_RMS * 12),
                "music": _arpeggio,
            }
        )
    sounds = media / "audio"
    return Library(
        {
            "voice": lambda lasts_s: _repeated(_loud(heard(sounds / _ONE)), lasts_s),
            "word": lambda lasts_s: _loud(heard(sounds / _ONE))[
                round(0.5 * SAMPLES_PER_S) : round(1.4 * SAMPLES_PER_S)
            ],
            "voices": lambda lasts_s: _dialogue(
                _loud(heard(sounds / _ONE)), _loud(heard(sounds / _OTHER)), lasts_s
            ),
            "ring": lambda lasts_s: _repeated(_loud(heard(sounds / "open_phone-incoming-call.oga")), lasts_s),
            "typing": lambda lasts_s: _repeated(_loud(heard(sounds / "open_typing.flac"), 0.03), lasts_s),
            "rain": lambda lasts_s: _repeated(_loud(heard(sounds / "open_rain.flac"), 0.02), lasts_s),
            "music": lambda lasts_s: _repeated(_loud(heard(sounds / "open_jazz_guitar.flac"), 0.04), lasts_s),
        }
    )


def heard(path: Path) -> Sound:
    """A sound file, mono at 48 kHz."""
    with av.open(str(path)) as recording:
        resampler = av.AudioResampler("flt", "mono", SAMPLES_PER_S)
        parts = [
            part.to_ndarray()[0]
            for frame in (*recording.decode(audio=0), None)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)


def room_tone(lasts_s: float, seed: int, rms: float = _ROOM_RMS) -> Sound:
    """Far-away traffic and a fan: white noise through one pole at about 400 Hz. Never digital silence."""
    length = round(lasts_s * SAMPLES_PER_S)
    short = min(length, 20 * SAMPLES_PER_S)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, short))
    tone = np.fft.irfft(spectrum / (1 + np.fft.rfftfreq(short, 1 / SAMPLES_PER_S) / 400), short)
    scaled: Sound = np.resize(tone * (rms / np.sqrt(np.mean(tone**2))), length).astype(np.float32)
    return scaled


def _loud(sound: Sound, rms: float = _VOICE_RMS) -> Sound:
    louder: Sound = (sound * (rms / max(1e-6, float(np.sqrt(np.mean(sound**2)))))).astype(np.float32)
    return louder


def _repeated(sound: Sound, lasts_s: float) -> Sound:
    return np.resize(sound, round(lasts_s * SAMPLES_PER_S))


def _dialogue(one: Sound, other: Sound, lasts_s: float) -> Sound:
    """Two voices, three seconds each in turn."""
    turn = 3 * SAMPLES_PER_S
    turns = [(one, other)[number % 2][number // 2 * turn :][:turn] for number in range(4)]
    return _repeated(np.concatenate(turns), lasts_s)


def _higher(voice: Sound, factor: float) -> Sound:
    at = np.arange(0, len(voice) - 1, factor)
    raised: Sound = np.interp(at, np.arange(len(voice)), voice).astype(np.float32)
    return raised


def _ringing(lasts_s: float) -> Sound:
    """A telephone's tone: 440 and 480 Hz, two seconds on and one off."""
    at_s = np.arange(round(lasts_s * SAMPLES_PER_S)) / SAMPLES_PER_S
    tone = 0.1 * (np.sin(2 * np.pi * 440 * at_s) + np.sin(2 * np.pi * 480 * at_s))
    ringing: Sound = np.where(at_s % 3 < 2, tone, 0).astype(np.float32)
    return ringing


def _arpeggio(lasts_s: float) -> Sound:
    """Plucked strings (Karplus and Strong 1983), a chord up and down."""
    rng = np.random.default_rng(6)
    sound = np.zeros(round(lasts_s * SAMPLES_PER_S), np.float32)
    step = SAMPLES_PER_S * 3 // 10
    for number, start in enumerate(range(0, len(sound) - step, step)):
        string = rng.uniform(-0.2, 0.2, round(SAMPLES_PER_S / (196, 247, 294, 392, 294, 247)[number % 6]))
        plucked = []
        for _ in range(step // len(string) + 1):
            plucked.append(string)
            string = 0.498 * (string + np.roll(string, 1))
        sound[start : start + step] = np.concatenate(plucked)[:step]
    return sound


def _typing(lasts_s: float) -> Sound:
    """Short clicks at an uneven rhythm."""
    rng = np.random.default_rng(4)
    sound = np.zeros(round(lasts_s * SAMPLES_PER_S), np.float32)
    click = (rng.normal(0, 0.25, 900) * np.exp(-np.arange(900) / 160)).astype(np.float32)
    at_s = 0.1
    while (start := round(at_s * SAMPLES_PER_S)) + len(click) < len(sound):
        sound[start : start + len(click)] += click * rng.uniform(0.4, 1.0)
        at_s += rng.uniform(0.08, 0.3)
    return sound
