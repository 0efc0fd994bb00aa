"""The networks that a process listens with: which exist, which are missing, which detects voice."""

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
from shared.policy.asked import looks_asked_for
from shared.policy.schema import Policy

T = TypeVar("T")

WEBRTC_LABEL = "webrtc-vad@2"
HEARD = looks_of(Sense.HEARING)


class Transcriber(Protocol):
    """Writes down speech. `models.whisper.Whisper` is one."""

    def transcribe(self, samples: Floats, /) -> Transcript: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Shared by all sessions; it keeps no state of a stream. None: there is no network for it here."""

    voice: VoiceDetector | None = None
    light_voice: VoiceDetector = field(default_factory=WebRtcVoice)
    """The tier without a network; always available."""
    sounds: SoundClassifier | None = None
    speakers: SpeakerCounter | None = None
    keywords: KeywordSpotter | None = None
    transcriber: Transcriber | None = None
    """Optional: without it an excerpt's only text is the phrase."""

    def voice_at(self, level: int) -> VoiceDetector:
        """The voice detector of a level."""
        return self.light_voice if LEVELS[level].light or self.voice is None else self.voice


def open_ears(serving: Serving, missing: dict[Look, str]) -> Ears:
    """Open the networks for each look of hearing; those not available go to `missing` with the reason.

    Speech is always detected; without a network by the light tier.
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
    """What may be listened for: allowed by exam and candidate, and needed by a rule."""
    return looks_asked_for(policy).intersection(HEARD)


def unheard(missing: Mapping[Look, str], policy: Policy) -> dict[Look, str]:
    """Looks of hearing that the exam asks for and this node cannot do, each with the reason."""
    wanted = asked_to_hear(policy)
    reasons = {look: missing[look] for look in HEARD if look in missing and look in wanted}
    if not policy.features.audio_monitoring:
        return reasons | {Look.SPEECH: "switched off by the policy"}
    if policy.phrases and not policy.recognises_speech:
        reasons[Look.PHRASES] = "the candidate has not agreed to speech recognition"
    elif policy.phrases and Look.PHRASES not in wanted:
        reasons[Look.PHRASES] = "switched off by the policy"
    return reasons
