"""Turns a window of sound into one observation: speech, voices, kinds of sound, phrases, a dead microphone.

Every window is checked for speech. The other networks run as often as the policy says and only when useful:
voices and phrases during speech, sounds when it is not silent. When much of a window was lost only speech is
judged. The sound kept is bounded and is deleted with the session: 10 s of speech to count voices, 1 s to
classify, and 8 s for an excerpt if exam and candidate agreed to speech recognition.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.analysis.attempts import Attempts
from edge.analysis.ears import Ears, asked_to_hear
from edge.analysis.levels import FULL, LEVELS
from edge.analysis.owed_sound import OwedSound, OwedSoundState
from edge.analysis.phrases import Phrases
from edge.analysis.schedule import slot
from edge.media.frames import AudioWindow
from models.sounds import SoundKind, SoundStream
from models.speakers import TrailState, VoiceTrail
from models.voice import VoiceStream
from shared.events.looks import LOOKS, Look
from shared.excerpts import Excerpt
from shared.observations import Observation, PhraseHeard, SoundHeard, SpeakersHeard, SpeechHeard
from shared.policy.schema import Policy

SPEAKS = 0.7
"""Above this probability a part of a window counts as speech: voices are counted and phrases searched."""
SILENT_PEAK = 1e-4
"""Three steps of 16 bits: a microphone that is on is never so quiet; a muted one may dither."""
RATES_HZ = {look: LOOKS[look].rates_hz[FULL] for look in (Look.SOUNDS, Look.SPEAKERS)}
"""Rates when the policy sets none: with every window."""
MAX_LOST_SHARE = 0.2
"""When a larger share of a window was lost, only speech is judged, and the share is reported. A loss of 8 %
of 20 ms packets raised no score of rain, music, speech or a quiet room above 0.1 and left typing at 1.0."""
SLACK_S = 0.1
"""A longer time between two windows is a gap."""
LEAST_SCORE = 0.1
"""Less likely sounds are not written to a recorded exam."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An observation, with the spoken words if they are to be sealed with the alert."""

    observation: Observation
    excerpt: Excerpt | None = None


@dataclass(slots=True)
class ListeningState:
    """The state of one session's listening, without sound."""

    owed: OwedSoundState = field(default_factory=OwedSoundState)
    last_s: dict[Look, float] = field(default_factory=dict)
    """When each task last ran."""
    adjoins: tuple[float, frozenset[Look]] | None = None
    """The end of the last window, and the looks done on it."""
    trail: TrailState = field(default_factory=TrailState)
    """The voices so far, if they are counted."""


class Listening:
    """Listens for one session."""

    def __init__(
        self, attempts: Attempts, ears: Ears, policy: Policy, state: ListeningState | None = None
    ) -> None:
        self._attempts = attempts
        self._ears = ears
        self._wanted = asked_to_hear(policy)
        self._rates_hz = {look: policy.cadences_hz.get(look, rate_hz) for look, rate_hz in RATES_HZ.items()}
        self._kinds = frozenset(sound.value for sound in policy.sounds)
        self._state = state or ListeningState()
        self._owed = OwedSound(self._state.owed)
        # Parts that hold sound are never saved and are empty after a restore. The cost: in Silero's first
        # window 4 or 5 parts of 16 are judged differently, then one within ten windows; a sound is judged
        # with silence before it; a phrase being spoken is lost.
        self._voices: dict[bool, VoiceStream] = {}
        self._sounds = self._sound_stream()
        self._trail = self._voice_trail()
        self._phrases: Phrases | None = None
        if ears.keywords is not None and Look.PHRASES in self._wanted:
            self._phrases = Phrases(ears.keywords, ears.transcriber, policy.phrases)

    async def listen(self, window: AudioWindow, level: int) -> Heard | None:
        """Observe a window of sound; None when the session does not listen. Call in order, one at a time."""
        hears = LEVELS[level].hears & self._wanted
        if Look.SPEECH not in hears:
            return None
        self._owed.heard(window.ends_at_s)
        self._begin_anew(window, hears)
        failed: list[str] = []
        speech = await self._hear_speech(window, level, failed)
        whole = window.lost_share <= MAX_LOST_SHARE
        silent = is_silent(window)
        speaks = whole and speech is not None and max(speech.probabilities, default=0.0) > SPEAKS
        sounds = await self._classify(window, hears, failed, silent=silent is True)
        speakers = None
        if self._trail is not None and Look.SPEAKERS in hears:
            spoken = speech.probabilities if speaks and speech is not None else (0.0,)
            speakers = await self._count(self._trail, window, spoken, failed)
        phrases, excerpt = None, None
        if self._phrases is not None and Look.PHRASES in hears:
            if whole:
                phrases, excerpt = await self._seek(self._phrases, window, failed, speaks=speaks)
            else:
                self._phrases.forget()
        observation = Observation(
            at=window.ends_at_s,
            level=level,
            speech=speech,
            speakers=speakers,
            sounds=sounds,
            phrases=phrases,
            microphone_silent=silent,
            failed=tuple(failed),
        )
        return Heard(observation, excerpt)

    def miss(self, at_s: float, level: int) -> Observation | None:
        """At a picture taken at `at_s`, report expected sound that has not arrived; mostly None."""
        if Look.SPEECH not in LEVELS[level].hears & self._wanted:
            return None
        overdue_s = self._owed.overdue(at_s)
        return None if overdue_s is None else Observation(at=overdue_s, level=level, microphone_silent=True)

    def pause(self, until_s: float) -> None:
        """Do not count the time until `until_s` as waiting."""
        self._owed.pause(until_s)

    def _begin_anew(self, window: AudioWindow, hears: frozenset[Look]) -> None:
        """Forget voices, sounds and the sound kept for an excerpt when the window does not directly follow
        the last one: after a gap, or when they were not listened for in between."""
        last, self._state.adjoins = self._state.adjoins, (window.ends_at_s, hears)
        if last is not None and abs(window.at_s - last[0]) <= SLACK_S and hears == last[1]:
            return
        self._sounds = self._sound_stream()
        self._state.trail = TrailState()
        self._trail = self._voice_trail()
        if self._phrases is not None:
            self._phrases.forget()

    async def _hear_speech(self, window: AudioWindow, level: int, failed: list[str]) -> SpeechHeard | None:
        voice = self._voice(level)
        heard = await self._attempts.make(Look.SPEECH, lambda: voice.hear(window.samples), failed)
        if heard is None:
            return None
        duration_s = window.ends_at_s - window.at_s
        return SpeechHeard(duration_s=duration_s, probabilities=heard, lost_share=window.lost_share)

    async def _classify(
        self, window: AudioWindow, hears: Collection[Look], failed: list[str], *, silent: bool
    ) -> tuple[SoundHeard, ...] | None:
        """Kinds of sound that the policy lists; None when not classified or part of the sound is missing."""
        stream = self._sounds
        if stream is None or Look.SOUNDS not in hears:
            return None
        stream.add(window.samples, lost=window.lost_share > MAX_LOST_SHARE)
        if not stream.whole or not self._due(Look.SOUNDS, window.ends_at_s):
            return None
        if silent:
            return ()
        judged = await self._attempts.make(Look.SOUNDS, stream.judge, failed)
        if judged is None:
            return None
        return tuple(
            SoundHeard(kind=kind.value, score=round(score, 3))
            for kind, score in judged.items()
            if kind is not SoundKind.SPEECH and kind.value in self._kinds and score >= LEAST_SCORE
        )

    async def _count(
        self, trail: VoiceTrail, window: AudioWindow, spoken: Sequence[float], failed: list[str]
    ) -> SpeakersHeard | None:
        # Every window is added, so that old speech is forgotten.
        trail.add(window.samples, spoken)
        if not trail.ready or not self._due(Look.SPEAKERS, window.ends_at_s):
            return None
        counted = await self._attempts.make(Look.SPEAKERS, trail.count, failed)
        if counted is None:
            return None
        return SpeakersHeard(count=counted.speakers, window_s=round(counted.speech_s, 3))

    async def _seek(
        self, phrases: Phrases, window: AudioWindow, failed: list[str], *, speaks: bool
    ) -> tuple[tuple[PhraseHeard, ...] | None, Excerpt | None]:
        samples = phrases.worth_hearing(window.samples, speaks=speaks)
        if samples is None:
            return (None if phrases.broken else ()), None
        found = await self._attempts.make(Look.PHRASES, lambda: phrases.hear(samples), failed)
        if not found:
            return found, None
        # When the transcription fails, the excerpt still has its phrases and its sound.
        ignored: list[str] = []
        text = await self._attempts.make(Look.PHRASES, phrases.transcript, ignored)
        said = await self._attempts.make(Look.PHRASES, lambda: phrases.excerpt(text), ignored)
        return found, said

    def _due(self, task: Look, at_s: float) -> bool:
        rate_hz, last_s = self._rates_hz[task], self._state.last_s.get(task)
        if last_s is not None and slot(at_s, rate_hz) <= slot(last_s, rate_hz):
            return False
        self._state.last_s[task] = at_s
        return True

    def _sound_stream(self) -> SoundStream | None:
        return None if self._ears.sounds is None else self._ears.sounds.stream()

    def _voice_trail(self) -> VoiceTrail | None:
        return None if self._ears.speakers is None else self._ears.speakers.trail(self._state.trail)

    def _voice(self, level: int) -> VoiceStream:
        """The stream of the tier in force; each tier keeps its own."""
        detector = self._ears.voice_at(level)
        light = detector is self._ears.light_voice
        if light not in self._voices:
            self._voices[light] = detector.stream()
        return self._voices[light]


def is_silent(window: AudioWindow) -> bool | None:
    """Whether a window is digital silence; None when part of it was lost and the rest is silent."""
    if float(np.abs(window.samples).max(initial=0.0)) > SILENT_PEAK:
        return False
    return True if window.lost_share == 0 else None
