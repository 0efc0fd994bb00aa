"""VOICE_DETECTED: speech counted in the equal parts of each audio window (32 ms with Silero).

A part is speech when its probability exceeds the threshold. Speech time adds up over a stretch; pauses up to
`pause_s` belong to the stretch and are not counted; a longer one ends it. The event is raised when a stretch
holds more than `hold_s` of speech and is over after `clear_s` without any. Audio that was lost proves
nothing: a window's silence counts only for the share of it that arrived, and when more than `max_gap_s` in a
row is missing or lost, every wait begins again.
"""

from __future__ import annotations

from edge.rules.findings import Finding, Phase, Value, unseen
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, number, optional_number
from shared.events.types import EventType
from shared.observations import Observation, SpeechHeard


class Speech:
    """The voice rule of one session."""

    __slots__ = (
        "_bound", "_heard_s", "_known_s", "_last_speech_s", "_lost_s", "_onset_s", "_pause_s", "_probability",
        "_raised_s", "_rule", "_settings", "_unheard_s", "_unseen_s",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rule = settings.rules[EventType.VOICE_DETECTED]
        self._bound = settings.threshold(EventType.VOICE_DETECTED)
        self._onset_s: float | None = None
        self._raised_s: float | None = None
        self._heard_s = 0.0
        """Speech in this stretch."""
        self._probability = 0.0
        """Probability × seconds of it."""
        self._pause_s = 0.0
        """Silence heard since the last speech."""
        self._last_speech_s = 0.0
        self._lost_s = 0.0
        """Audio lost since something last arrived."""
        self._unheard_s = 0.0
        """Long losses since the last speech of the raised event."""
        self._unseen_s = 0.0
        """Those before it: in the middle of the event, and no part of what it lasted."""
        self._known_s: float | None = None
        """End of the last window."""

    @property
    def raised(self) -> bool:
        """Raised and not yet over."""
        return self._raised_s is not None

    @property
    def onset_s(self) -> float | None:
        """When the stretch now counted, or the raised event, began."""
        return self._onset_s

    @property
    def span(self) -> tuple[float, float] | None:
        """From the onset to the last speech of the raised event; None while nothing is raised."""
        return (
            None if self._raised_s is None or self._onset_s is None else (self._onset_s, self._last_speech_s)
        )

    def see(self, observation: Observation) -> list[Finding]:
        """Take one observation; answers what changed within its audio window, in order."""
        speech = observation.speech
        if speech is None or not speech.probabilities:
            return []
        start_s = observation.at - speech.duration_s
        if self._known_s is not None and start_s > self._known_s:
            self._miss(start_s - self._known_s)
        self._known_s = observation.at
        if self._onset_s is None and not speech.lost_share and max(speech.probabilities) <= self._bound:
            return []
        part_s = speech.duration_s / len(speech.probabilities)
        findings = []
        for index, probability in enumerate(speech.probabilities, 1):
            finding = self._hear(start_s + index * part_s, part_s, probability, speech)
            if finding is not None:
                findings.append(finding)
        return findings

    def finish(self) -> Finding | None:
        """The session is over: end the event if it is raised, with the last speech heard."""
        return self._over() if self.raised else None

    def pause(self, until_s: float) -> None:
        """Let the time until then count as neither speech nor silence nor loss."""
        if self._known_s is not None:
            self._known_s = max(self._known_s, until_s)

    def _hear(self, end_s: float, part_s: float, probability: float, speech: SpeechHeard) -> Finding | None:
        if probability > self._bound:
            return self._speak(end_s, part_s, probability)
        if speech.lost_share > 0:
            self._miss(part_s * speech.lost_share)
        return self._stay_silent(part_s * (1.0 - speech.lost_share))

    def _speak(self, end_s: float, part_s: float, probability: float) -> Finding | None:
        if self._onset_s is None:
            self._onset_s = end_s - part_s
        self._pause_s = self._lost_s = 0.0
        self._unseen_s, self._unheard_s = self._unseen_s + self._unheard_s, 0.0
        self._last_speech_s = end_s
        self._heard_s += part_s
        self._probability += probability * part_s
        if self.raised or self._heard_s <= self._rule.hold_s + EPSILON_S:
            return None
        self._raised_s = end_s
        return self._finding(Phase.RAISED, end_s)

    def _stay_silent(self, silent_s: float) -> Finding | None:
        if self._onset_s is None or silent_s <= 0:
            return None
        self._lost_s = 0.0
        self._pause_s += silent_s
        if self.raised:
            return self._over() if self._pause_s >= self._rule.clear_s - EPSILON_S else None
        if self._pause_s > self._settings.speech_pause_s + EPSILON_S:
            self._forget()
        return None

    def _miss(self, lost_s: float) -> None:
        """Audio that never arrived: a short piece changes nothing, a long one restarts every wait."""
        self._lost_s += lost_s
        if self._lost_s <= self._settings.max_gap_s + EPSILON_S:
            return
        self._pause_s = 0.0
        if self.raised:
            self._unheard_s, self._lost_s = self._unheard_s + self._lost_s, 0.0
        else:
            self._forget()

    def _over(self) -> Finding:
        finding = self._finding(Phase.CLEARED, self._last_speech_s)
        self._raised_s = None
        self._forget()
        return finding

    def _forget(self) -> None:
        self._onset_s = None
        self._heard_s = self._probability = self._pause_s = self._unheard_s = self._unseen_s = 0.0

    def _finding(self, phase: Phase, at_s: float) -> Finding:
        onset_s = at_s if self._onset_s is None else self._onset_s
        confidence = round(self._probability / self._heard_s, 3)
        evidence: dict[str, Value] = {
            "speech_seconds": round(self._heard_s, 3),
            "speech_seconds_bound": self._rule.hold_s,
            "mean_probability": confidence,
            "probability_bound": self._bound,
            "duration_seconds": round(at_s - onset_s - self._unseen_s, 3),
            **unseen(self._unseen_s),
        }
        return Finding(
            event=EventType.VOICE_DETECTED,
            phase=phase,
            onset_s=onset_s,
            raised_s=at_s if self._raised_s is None else self._raised_s,
            at_s=at_s,
            confidence=confidence,
            evidence=evidence,
            unseen_s=self._unseen_s,
        )

    def snapshot(self) -> Saved:
        return {
            "raised_s": self._raised_s,
            "onset_s": self._onset_s,
            "heard_s": self._heard_s,
            "probability": self._probability,
            "pause_s": self._pause_s,
            "last_speech_s": self._last_speech_s,
            "lost_s": self._lost_s,
            "unheard_s": self._unheard_s,
            "unseen_s": self._unseen_s,
            "known_s": self._known_s,
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._raised_s = optional_number(saved, "raised_s")
        self._onset_s = optional_number(saved, "onset_s")
        self._heard_s = number(saved, "heard_s")
        self._probability = number(saved, "probability")
        self._pause_s = number(saved, "pause_s")
        self._last_speech_s = number(saved, "last_speech_s")
        self._lost_s = number(saved, "lost_s")
        self._unheard_s = number(saved, "unheard_s")
        self._unseen_s = number(saved, "unseen_s")
        self._known_s = optional_number(saved, "known_s")
