"""Judges one audio observation, speech excepted: voices, kinds of sound, phrases, a dead microphone."""

from __future__ import annotations

from edge.rules.findings import NO, UNKNOWN, Evidence, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation

QUIET = 0.5
"""A window with all speech probabilities below this has no second voice either."""

LOOK_BACK_S = 0.4875
"""Half of the 0.975 s that YAMNet judges at once. A sound is assumed to begin at the middle of this time,
and a window's value holds until the middle: so a hold of 1 s takes three windows in a row, not two."""


def multiple_speakers(observation: Observation) -> Judgement:
    """More than one voice in the last stretch of speech; a quiet window means that there is none now."""
    speakers = observation.speakers
    if speakers is not None:
        if speakers.count < 2:
            return NO
        evidence = {"speakers": speakers.count, "window_seconds": speakers.window_s}
        return Judgement(True, speakers.confidence, evidence)
    speech = observation.speech
    if speech is None or speech.lost_share > 0 or max(speech.probabilities, default=1.0) >= QUIET:
        return UNKNOWN
    return NO


def audio_anomaly(observation: Observation, settings: Settings) -> Judgement:
    """A sound of the policy's list, loud and certain enough."""
    if observation.sounds is None:
        return UNKNOWN
    bound = settings.threshold(EventType.AUDIO_ANOMALY)
    heard = [each for each in observation.sounds if each.kind in settings.sounds and each.score >= bound]
    if not heard:
        return NO
    surest = max(heard, key=lambda each: each.score)
    evidence: Evidence = {"class": surest.kind, "score": round(surest.score, 3), "score_bound": bound}
    middle_s = observation.at - LOOK_BACK_S
    return Judgement(True, min(1.0, surest.score), evidence, middle_s, middle_s)


def keyword_spoken(observation: Observation, settings: Settings) -> Judgement:
    """A phrase of the policy's list."""
    if observation.phrases is None:
        return UNKNOWN
    heard = [each for each in observation.phrases if each.phrase.casefold() in settings.phrases]
    if not heard:
        return NO
    surest = max(heard, key=lambda each: each.score)
    return Judgement(True, min(1.0, surest.score), {"phrase": surest.phrase, "score": round(surest.score, 3)})


def microphone_muted(observation: Observation) -> Judgement:
    """Digital silence only: a real room is never so quiet."""
    if observation.microphone_silent is None:
        return UNKNOWN
    return Judgement(True) if observation.microphone_silent else NO
