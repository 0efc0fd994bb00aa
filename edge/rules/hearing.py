"""Judges all sound: speech, voices, kinds of sound, phrases, and a microphone without sound."""

from __future__ import annotations

from collections.abc import Collection

from edge.rules import sounds
from edge.rules.episodes import Episodes
from edge.rules.findings import Finding
from edge.rules.settings import Settings
from edge.rules.speech import Speech, SpeechState
from shared.events.types import EventType
from shared.observations import Observation

EVENTS = (
    EventType.MULTIPLE_SPEAKERS,
    EventType.AUDIO_ANOMALY,
    EventType.KEYWORD_SPOKEN,
    EventType.MICROPHONE_MUTED,
)
"""Events of audio whose condition must last."""


class Hearing:
    """Judges audio observations. The monitor owns the episodes."""

    __slots__ = ("_episodes", "_settings", "_speech")

    def __init__(self, settings: Settings, episodes: Episodes, speech: SpeechState) -> None:
        self._settings = settings
        self._episodes = episodes
        self._speech = Speech(settings, speech) if EventType.VOICE_DETECTED in settings.rules else None

    @property
    def voice_onset_s(self) -> float | None:
        """When the stretch of speech now counted, or the raised event, began."""
        return None if self._speech is None else self._speech.onset_s

    @property
    def voice_span(self) -> tuple[float, float] | None:
        """Start and end of the raised voice; None while not raised."""
        return None if self._speech is None else self._speech.span

    def hear(self, observation: Observation, findings: list[Finding]) -> None:
        """Judge a window of sound; changes are appended to `findings`."""
        if self._speech is not None and observation.speech is not None:
            findings += self._speech.see(observation)
        note, settings = self._episodes.note, self._settings
        speakers = EventType.MULTIPLE_SPEAKERS
        if observation.speakers is not None or self._episodes.raised(speakers):
            note(findings, speakers, observation, sounds.multiple_speakers(observation))
        if observation.sounds is not None and EventType.AUDIO_ANOMALY in settings.rules:
            judgement = sounds.audio_anomaly(observation, settings)
            note(findings, EventType.AUDIO_ANOMALY, observation, judgement)
        if observation.phrases is not None:
            judgement = sounds.keyword_spoken(observation, settings)
            note(findings, EventType.KEYWORD_SPOKEN, observation, judgement)
        if observation.microphone_silent is not None:
            judgement = sounds.microphone_muted(observation)
            note(findings, EventType.MICROPHONE_MUTED, observation, judgement)

    def finish(self) -> Finding | None:
        """End the voice, if raised, at the end of the session."""
        return None if self._speech is None else self._speech.finish()

    def forget(self, events: Collection[EventType]) -> None:
        """End the voice, untold, if it is among these events."""
        if self._speech is not None and EventType.VOICE_DETECTED in events:
            self._speech.forget()

    def pause(self, until_s: float) -> None:
        if self._speech is not None:
            self._speech.pause(until_s)
