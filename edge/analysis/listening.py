"""From a window of sound to one observation."""

from __future__ import annotations

from edge.analysis.attempts import Attempts
from edge.analysis.levels import Task
from edge.analysis.networks import Networks
from edge.media.frames import AudioWindow
from models.voice import VoiceStream
from shared.observations import Observation, SpeechHeard


class Listening:
    """The ears of one session: remembers what its voice detectors heard."""

    def __init__(self, attempts: Attempts, networks: Networks) -> None:
        self._attempts = attempts
        self._networks = networks
        self._voices: dict[bool, VoiceStream] = {}

    async def listen(self, window: AudioWindow, level: int) -> Observation:
        """What a window of sound says."""
        samples = window.samples
        voice = self._voice(level)
        failed: list[str] = []
        heard = await self._attempts.make(Task.SPEECH, lambda: voice.hear(samples), failed)
        duration_s = window.ends_at_s - window.at_s
        speech = (
            None
            if heard is None
            else SpeechHeard(duration_s=duration_s, probabilities=heard, lost_share=window.lost_share)
        )
        return Observation(at=window.ends_at_s, level=level, speech=speech, failed=tuple(failed))

    def _voice(self, level: int) -> VoiceStream:
        """The stream of the tier in force; each tier remembers its own."""
        detector = self._networks.voice_at(level)
        light = detector is self._networks.light_voice
        if light not in self._voices:
            self._voices[light] = detector.stream()
        return self._voices[light]
