"""VOICE_DETECTED: speech counted in the equal parts of each audio window (32 ms with Silero).

A part is speech when its probability exceeds the threshold. Speech is summed over a stretch; pauses up to
`pause_s` belong to the stretch but are not counted; a longer one ends it. The event is raised when a stretch
has more than `hold_s` of speech and is over after `clear_s` without any. It is raised too when many short
stretches together have more speech than `edge.rules.muttering` allows. Lost audio proves nothing: the silence
of a window counts only for the share that arrived. When more than `max_gap_s` in a row is missing or lost,
every wait restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.rules.findings import Finding, Phase, Value, unseen
from edge.rules.hold import EPSILON_S
from edge.rules.muttering import Muttering, MutteringState
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation, SpeechHeard


@dataclass(slots=True)
class SpeechState:
    """The stretch of speech counted now, or raised."""

    onset_s: float | None = None
    raised_s: float | None = None
    heard_s: float = 0.0
    """Seconds of speech in this stretch."""
    probability: float = 0.0
    """Sum of probability × seconds of the speech."""
    pause_s: float = 0.0
    """Seconds of silence heard since the last speech."""
    last_speech_s: float = 0.0
    lost_s: float = 0.0
    """Seconds of audio lost since audio last arrived."""
    unheard_s: float = 0.0
    """Seconds of long losses since the last speech of the raised event."""
    unseen_s: float = 0.0
    """Seconds of long losses before it, within the event; they do not count towards its duration."""
    known_s: float | None = None
    """End of the last window."""
    muttered: bool = False
    """Whether the raised event is made of many short stretches."""
    muttering: MutteringState = field(default_factory=MutteringState)

    def __post_init__(self) -> None:
        if self.raised_s is not None and self.heard_s <= 0:
            raise ValueError("the snapshot has a raised voice without speech")


class Speech:
    """The voice rule of one session."""

    __slots__ = ("_bound", "_muttering", "_rule", "_settings", "_state")

    def __init__(self, settings: Settings, state: SpeechState) -> None:
        self._settings = settings
        self._rule = settings.rules[EventType.VOICE_DETECTED]
        self._bound = settings.threshold(EventType.VOICE_DETECTED)
        self._state = state
        self._muttering = Muttering(settings, state.muttering)

    @property
    def raised(self) -> bool:
        """Whether the event is raised and not yet over."""
        return self._state.raised_s is not None

    @property
    def onset_s(self) -> float | None:
        """When the stretch counted now, or the raised event, began."""
        return self._state.onset_s

    @property
    def span(self) -> tuple[float, float] | None:
        """From the onset to the last speech of the raised event; None while nothing is raised."""
        own = self._state
        return None if own.raised_s is None or own.onset_s is None else (own.onset_s, own.last_speech_s)

    def see(self, observation: Observation) -> list[Finding]:
        """Add one observation. Returns the changes within its audio window, in order."""
        own = self._state
        speech = observation.speech
        if speech is None or not speech.probabilities:
            return []
        start_s = observation.at - speech.duration_s
        if own.known_s is not None and start_s > own.known_s:
            self._miss(start_s - own.known_s)
        own.known_s = observation.at
        if own.onset_s is None and not speech.lost_share and max(speech.probabilities) <= self._bound:
            return []
        part_s = speech.duration_s / len(speech.probabilities)
        findings = []
        for index, probability in enumerate(speech.probabilities, 1):
            finding = self._hear(start_s + index * part_s, part_s, probability, speech)
            if finding is not None:
                findings.append(finding)
        return findings

    def finish(self) -> Finding | None:
        """End the event, if raised, at the last speech heard."""
        return self._over() if self.raised else None

    def forget(self) -> None:
        """End the event, untold, and count speech from zero."""
        self._state.raised_s = None
        self._state.muttered = False
        self._muttering.forget()
        self._forget()

    def pause(self, until_s: float) -> None:
        """Do not count the time until `until_s` as speech, silence or loss."""
        own = self._state
        if own.known_s is not None and until_s > own.known_s:
            self._muttering.pause(until_s - own.known_s)
            own.known_s = until_s

    def _hear(self, end_s: float, part_s: float, probability: float, speech: SpeechHeard) -> Finding | None:
        if probability > self._bound:
            return self._speak(end_s, part_s, probability)
        if speech.lost_share > 0:
            self._miss(part_s * speech.lost_share)
        return self._stay_silent(part_s * (1.0 - speech.lost_share))

    def _speak(self, end_s: float, part_s: float, probability: float) -> Finding | None:
        own = self._state
        if own.onset_s is None:
            own.onset_s = end_s - part_s
        own.pause_s = own.lost_s = 0.0
        own.unseen_s, own.unheard_s = own.unseen_s + own.unheard_s, 0.0
        own.last_speech_s = end_s
        own.heard_s += part_s
        own.probability += probability * part_s
        if self.raised:
            return None
        muttered = self._muttering.add(end_s - part_s, part_s, probability)
        if own.heard_s <= self._rule.hold_s + EPSILON_S:
            if muttered is None:
                return None
            own.onset_s, own.heard_s, own.probability = muttered
            own.muttered = True
        own.raised_s = end_s
        return self._finding(Phase.RAISED, end_s)

    def _stay_silent(self, silent_s: float) -> Finding | None:
        own = self._state
        if own.onset_s is None or silent_s <= 0:
            return None
        own.lost_s = 0.0
        own.pause_s += silent_s
        if self.raised:
            return self._over() if own.pause_s >= self._rule.clear_s - EPSILON_S else None
        if own.pause_s > self._settings.speech_pause_s + EPSILON_S:
            self._forget()
        return None

    def _miss(self, lost_s: float) -> None:
        """Note lost audio: a short piece changes nothing, a long one restarts every wait."""
        own = self._state
        own.lost_s += lost_s
        if own.lost_s <= self._settings.max_gap_s + EPSILON_S:
            return
        own.pause_s = 0.0
        if self.raised:
            own.unheard_s, own.lost_s = own.unheard_s + own.lost_s, 0.0
        else:
            self._forget()

    def _over(self) -> Finding:
        finding = self._finding(Phase.CLEARED, self._state.last_speech_s)
        self.forget()
        return finding

    def _forget(self) -> None:
        own = self._state
        own.onset_s = None
        own.heard_s = own.probability = own.pause_s = own.unheard_s = own.unseen_s = 0.0

    def _bounds(self) -> dict[str, Value]:
        if not self._state.muttered:
            return {"speech_seconds_bound": self._rule.hold_s}
        return {
            "speech_seconds_bound": self._muttering.bound_s,
            "window_seconds": self._muttering.window_s,
        }

    def _finding(self, phase: Phase, at_s: float) -> Finding:
        own = self._state
        onset_s = at_s if own.onset_s is None else own.onset_s
        confidence = round(own.probability / own.heard_s, 3)
        evidence: dict[str, Value] = {
            "speech_seconds": round(own.heard_s, 3),
            **self._bounds(),
            "mean_probability": confidence,
            "probability_bound": self._bound,
            "duration_seconds": round(at_s - onset_s - own.unseen_s, 3),
            **unseen(own.unseen_s),
        }
        return Finding(
            event=EventType.VOICE_DETECTED,
            phase=phase,
            onset_s=onset_s,
            raised_s=at_s if own.raised_s is None else own.raised_s,
            at_s=at_s,
            confidence=confidence,
            evidence=evidence,
            unseen_s=own.unseen_s,
        )
