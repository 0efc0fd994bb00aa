"""Sounds, and a microphone without sound."""

from __future__ import annotations

from typing import Final

from shared.events.row import DefaultRule, EventRow, Gap, Threshold, Words
from shared.events.types import Action, EventClass, EventType, Feature

ROWS: Final = (
    EventRow(
        event=EventType.VOICE_DETECTED,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=2, clear_s=2, severity=0.5, action=Action.WARNING),
        # The same at every sensitivity: speech time is counted one way on every tier.
        threshold=Threshold(default=0.8, unit="speech probability", low=0, high=1),
        feature=Feature.AUDIO_MONITORING,
        needs="speech",
        words=Words(
            title="Voice heard",
            sentence=(
                "{speech_seconds:s} of speech were heard within {duration_seconds:s} (bound "
                "{speech_seconds_bound:s}; mean speech probability {mean_probability}, counted above "
                "{probability_bound})."
            ),
            raised="We hear talking. Please keep the room quiet.",
            cleared="Thank you, the room is quiet again.",
        ),
    ),
    EventRow(
        event=EventType.MULTIPLE_SPEAKERS,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(clear_s=10, severity=0.7, action=Action.ESCALATE),
        feature=Feature.AUDIO_MONITORING,
        needs="speakers",
        slow=True,
        words=Words(
            title="More than one voice",
            sentence=(
                "{speakers} voices were distinguished in {window_seconds:s} of sound (bound: more than one)."
            ),
            raised="We hear more than one voice. Please make sure that you sit alone.",
            cleared="Thank you, the room is quiet again.",
        ),
    ),
    EventRow(
        event=EventType.AUDIO_ANOMALY,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=1, clear_s=3, severity=0.3),
        threshold=Threshold(
            default=0.5,
            unit="sound class score",
            low=0,
            high=1,
            at_low_sensitivity=0.65,
            at_high_sensitivity=0.4,
        ),
        feature=Feature.AUDIO_MONITORING,
        needs="sounds",
        words=Words(
            title="Unusual sound",
            sentence=(
                "A sound of the kind “{class}” was heard for {duration_seconds:s} (bound {hold_seconds:s}; "
                "score {score}, bound {score_bound})."
            ),
            raised="We hear an unusual sound. Please keep the room quiet.",
            cleared="Thank you, the room is quiet again.",
        ),
    ),
    EventRow(
        event=EventType.KEYWORD_SPOKEN,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(severity=0.7, action=Action.ESCALATE),
        feature=Feature.SPEECH_TRANSCRIPTION,
        needs="phrases",
        words=Words(
            title="Listed phrase heard",
            sentence="A phrase of the exam's list was heard: “{phrase}” (score {score}).",
            raised="Please do not speak during the exam.",
            cleared="Thank you, the room is quiet again.",
        ),
    ),
    EventRow(
        event=EventType.MICROPHONE_MUTED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=10, clear_s=1, action=Action.WARNING),
        feature=Feature.AUDIO_MONITORING,
        needs="microphone_silent",
        gap=Gap("sound", "No sound arrived: what was audible is unknown."),
        words=Words(
            title="Microphone silent",
            sentence=(
                "The microphone gave only digital silence for {duration_seconds:s} (bound {hold_seconds:s})."
            ),
            raised="We hear nothing at all from your microphone. Please check that it is on.",
            cleared="Thank you, we hear your microphone again.",
        ),
    ),
)
