"""One event with its debounce and what was seen while its condition held."""

from __future__ import annotations

from edge.rules.findings import NO, Evidence, Finding, Judgement, Phase, Value, unseen
from edge.rules.hold import FRAME_S, Hold, State
from edge.rules.settings import RuleSettings
from edge.rules.snapshots import Json, Saved, integer, number, optional_integer, part, text
from shared.events.types import EventType
from shared.observations import Observation


class Tally:
    """What was looked at while a condition held: how often, which frames, how sure, and the last values."""

    __slots__ = ("_confidence", "_first_frame", "_last_frame", "_looks", "evidence")

    def __init__(self) -> None:
        self.evidence: dict[str, Value] = {}
        self._looks = 0
        self._confidence = 0.0
        self._first_frame: int | None = None
        self._last_frame: int | None = None

    @property
    def confidence(self) -> float:
        """Mean confidence, 0…1; 1 when nothing was added."""
        return round(self._confidence / self._looks, 3) if self._looks else 1.0

    def add(self, judgement: Judgement, frame_id: int | None) -> None:
        self.evidence = dict(judgement.evidence)
        self._looks += 1
        self._confidence += judgement.confidence
        if frame_id is not None:
            self._first_frame = frame_id if self._first_frame is None else self._first_frame
            self._last_frame = frame_id

    def frames(self) -> dict[str, Value]:
        """How many looks the event rests on, and the first and last frame of them."""
        if self._first_frame is None:
            return {}
        return {"frames_looked_at": self._looks, "frame_ids": [self._first_frame, self._last_frame]}

    def snapshot(self) -> Saved:
        evidence: dict[str, Json] = {
            name: [*value] if isinstance(value, list) else value for name, value in self.evidence.items()
        }
        return {
            "looks": self._looks,
            "confidence": self._confidence,
            "first_frame": self._first_frame,
            "last_frame": self._last_frame,
            "evidence": evidence,
        }

    def restore(self, saved: Saved) -> None:
        self._looks = integer(saved, "looks")
        self._confidence = number(saved, "confidence")
        self._first_frame = optional_integer(saved, "first_frame")
        self._last_frame = optional_integer(saved, "last_frame")
        self.evidence = {name: _value(value) for name, value in part(saved, "evidence").items()}


class Episode:
    """An event whose condition must last: judgements in, findings out."""

    __slots__ = ("_beside", "_hold", "_hold_s", "_tally", "_tally_onset_s", "event")

    def __init__(self, event: EventType, rule: RuleSettings, max_gap_s: float) -> None:
        self.event = event
        self._hold_s = rule.hold_s
        self._hold = Hold(rule.hold_s, rule.clear_s, max_gap_s)
        self._tally = Tally()
        self._tally_onset_s: float | None = None
        self._beside: EventType | None = None

    @property
    def raised(self) -> bool:
        """Raised and not yet over."""
        return self._hold.state in (State.RAISED, State.CLEARING)

    @property
    def onset_s(self) -> float | None:
        """Since when the condition is pending or raised; None while nothing is."""
        return None if self._hold.state is State.IDLE else self._hold.onset_s

    def span(self, at: float) -> tuple[float, float] | None:
        """Since when, and until when as far as is known, the raised event's condition holds; None: not
        raised."""
        if not self.raised:
            return None
        clearing = self._hold.state is State.CLEARING
        return self._hold.onset_s, self._hold.gone_s if clearing else at

    def see(
        self, observation: Observation, judgement: Judgement, beside: EventType | None = None
    ) -> Finding | None:
        """Take what one observation says; answers the change it makes, if any.

        `beside` names what holds at the same time and is told together with this event.
        """
        if judgement is NO and self._hold.rests(observation.at):
            return None
        phase = self._hold.see(observation.at, judgement.value, judgement.since_s, judgement.until_s)
        if judgement.value:
            if self._hold.onset_s != self._tally_onset_s:
                self._tally, self._tally_onset_s, self._beside = Tally(), self._hold.onset_s, None
            self._tally.add(judgement, observation.frame_id)
            self._beside = beside or self._beside
        if phase is None:
            return None
        return self._finding(phase, observation.at if phase is Phase.RAISED else self._hold.gone_s)

    def join(self, other: EventType) -> None:
        """Name what holds beside this event while it lasts."""
        self._beside = other

    def finish(self) -> Finding | None:
        """The session is over: end the event if it is raised."""
        was_clearing = self._hold.state is State.CLEARING
        if self._hold.finish() is None:
            return None
        ended = {} if was_clearing else {"open_at_end": True}
        return self._finding(Phase.CLEARED, self._hold.gone_s, ended)

    def pause(self, until_s: float) -> None:
        """Let the time until then count for no wait."""
        self._hold.pause(until_s)

    def _finding(self, phase: Phase, at_s: float, more: Evidence | None = None) -> Finding:
        onset_s, unseen_s = self._hold.onset_s, self._hold.unseen_s
        lasted_s = at_s - onset_s - unseen_s
        if self._hold_s - FRAME_S <= lasted_s < self._hold_s:
            lasted_s = self._hold_s  # what a frame shows lasts until the next one comes
        return Finding(
            event=self.event,
            phase=phase,
            onset_s=onset_s,
            raised_s=self._hold.raised_s,
            at_s=at_s,
            confidence=self._tally.confidence,
            evidence={
                **self._tally.evidence,
                "duration_seconds": round(lasted_s, 3),
                "hold_seconds": self._hold_s,
                **unseen(unseen_s),
                **self._tally.frames(),
                **(more or {}),
            },
            together_with=self._beside,
            unseen_s=unseen_s,
        )

    def snapshot(self) -> Saved:
        """State and tally; the settings are the restorer's own, and an idle event has no tally."""
        saved: Saved = {"hold": self._hold.snapshot()}
        if self.onset_s is not None:
            saved["tally"] = self._tally.snapshot()
            saved["beside"] = None if self._beside is None else self._beside.value
        return saved

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._hold.restore(part(saved, "hold"))
        if self.onset_s is None:
            return
        self._tally.restore(part(saved, "tally"))
        self._tally_onset_s = self.onset_s
        self._beside = None if saved.get("beside") is None else EventType(text(saved, "beside"))


def _value(saved: Json) -> Value:
    if isinstance(saved, dict):
        raise ValueError("the snapshot's evidence holds an object")
    if isinstance(saved, list):
        return [item for item in saved if not isinstance(item, list | dict)]
    return saved
