"""The networks one process listens with: what is there, what is missing, which voice detector serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from edge.analysis.levels import LEVELS, Task
from models.keywords import KeywordSpotter
from models.results import Floats
from models.serving import Serving
from models.sounds import SoundClassifier
from models.speakers import SpeakerCounter
from models.voice import VoiceDetector, WebRtcVoice
from models.whisper import Transcript
from shared.errors import Unavailable
from shared.events.types import EventType
from shared.policy.schema import Policy

T = TypeVar("T")

WEBRTC_LABEL = "webrtc-vad@2"
HEARD = (Task.SPEECH, Task.SPEAKERS, Task.SOUNDS, Task.PHRASES)
"""The tasks of hearing."""


class Transcriber(Protocol):
    """Says what was said. `models.whisper.Whisper` is one."""

    def transcribe(self, samples: Floats, /) -> Transcript: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Shared by all sessions; nothing in it remembers a stream. None: no network of that task is here."""

    voice: VoiceDetector | None = None
    light_voice: VoiceDetector = field(default_factory=WebRtcVoice)
    """The tier without a network, always there."""
    sounds: SoundClassifier | None = None
    speakers: SpeakerCounter | None = None
    keywords: KeywordSpotter | None = None
    transcriber: Transcriber | None = None
    """The optional extra: without it an excerpt has no text but the phrase."""

    def voice_at(self, level: int) -> VoiceDetector:
        """Who listens for speech on a level."""
        return self.light_voice if LEVELS[level].light or self.voice is None else self.voice


def open_ears(serving: Serving, missing: dict[Task, str]) -> Ears:
    """Open what serves each task of hearing; what cannot be had is put into `missing` with the reason.

    Speech is always listened for, by the light tier where there is no network.
    """

    def optional(opener: Callable[[], T], task: Task | None) -> T | None:
        try:
            return opener()
        except Unavailable as error:
            if task is not None:
                missing[task] = str(error)
            return None

    return Ears(
        voice=optional(serving.voice_detector, None),
        sounds=optional(serving.sounds, Task.SOUNDS),
        speakers=optional(serving.speaker_counter, Task.SPEAKERS),
        keywords=optional(serving.keywords, Task.PHRASES),
        transcriber=optional(serving.transcriber, None),
    )


def asked_to_hear(policy: Policy) -> frozenset[Task]:
    """What an exam and its candidate allow to be listened for; what no rule asks about is not."""
    if not policy.features.audio_monitoring:
        return frozenset()
    asked = {
        Task.SPEECH: True,
        Task.SPEAKERS: policy.rule(EventType.MULTIPLE_SPEAKERS).enabled,
        Task.SOUNDS: bool(policy.sounds) and policy.rule(EventType.AUDIO_ANOMALY).enabled,
        Task.PHRASES: policy.recognises_speech
        and bool(policy.phrases)
        and policy.rule(EventType.KEYWORD_SPOKEN).enabled,
    }
    return frozenset(task for task, wanted in asked.items() if wanted)


def unheard(missing: Mapping[Task, str], policy: Policy) -> dict[Task, str]:
    """Which tasks of hearing that the exam asks for nothing is said about, each with the reason."""
    asked = asked_to_hear(policy)
    reasons = {task: missing[task] for task in HEARD if task in missing and task in asked}
    if not policy.features.audio_monitoring:
        return reasons | {Task.SPEECH: "switched off by the policy"}
    if policy.phrases and not policy.recognises_speech:
        reasons[Task.PHRASES] = "the candidate has not agreed to speech recognition"
    elif policy.phrases and Task.PHRASES not in asked:
        reasons[Task.PHRASES] = "switched off by the policy"
    return reasons
