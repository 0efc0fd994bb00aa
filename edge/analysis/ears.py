"""The networks one process listens with: what is there, what is missing, which voice detector serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from edge.analysis.levels import LEVELS
from models.keywords import KeywordSpotter
from models.results import Floats
from models.serving import Serving
from models.sounds import SoundClassifier
from models.speakers import SpeakerCounter
from models.voice import VoiceDetector, WebRtcVoice
from models.whisper import Transcript
from shared.errors import Unavailable
from shared.events.looks import Look, Sense, looks_of
from shared.policy.asked import asked
from shared.policy.schema import Policy

T = TypeVar("T")

WEBRTC_LABEL = "webrtc-vad@2"
HEARD = looks_of(Sense.HEARING)


class Transcriber(Protocol):
    """Says what was said. `models.whisper.Whisper` is one."""

    def transcribe(self, samples: Floats, /) -> Transcript: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Shared by all sessions; nothing in it remembers a stream. None: no network for it is here."""

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


def open_ears(serving: Serving, missing: dict[Look, str]) -> Ears:
    """Open what serves each look of hearing; what cannot be had is put into `missing` with the reason.

    Speech is always listened for, by the light tier where there is no network.
    """

    def optional(opener: Callable[[], T], look: Look | None) -> T | None:
        try:
            return opener()
        except Unavailable as error:
            if look is not None:
                missing[look] = str(error)
            return None

    return Ears(
        voice=optional(serving.voice_detector, None),
        sounds=optional(serving.sounds, Look.SOUNDS),
        speakers=optional(serving.speaker_counter, Look.SPEAKERS),
        keywords=optional(serving.keywords, Look.PHRASES),
        transcriber=optional(serving.transcriber, None),
    )


def asked_to_hear(policy: Policy) -> frozenset[Look]:
    """What an exam and its candidate allow to be listened for; what no rule asks about is not."""
    return asked(policy).intersection(HEARD)


def unheard(missing: Mapping[Look, str], policy: Policy) -> dict[Look, str]:
    """What of hearing the exam asks for and nothing is said about, each with the reason."""
    wanted = asked_to_hear(policy)
    reasons = {look: missing[look] for look in HEARD if look in missing and look in wanted}
    if not policy.features.audio_monitoring:
        return reasons | {Look.SPEECH: "switched off by the policy"}
    if policy.phrases and not policy.recognises_speech:
        reasons[Look.PHRASES] = "the candidate has not agreed to speech recognition"
    elif policy.phrases and Look.PHRASES not in wanted:
        reasons[Look.PHRASES] = "switched off by the policy"
    return reasons
