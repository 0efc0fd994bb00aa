"""One event, with its debounce and what was seen while its condition held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.findings import NO, Evidence, Finding, Judgement, Phase, Scalar, Value, unseen
from edge.rules.hold import Hold, HoldState, State
from edge.rules.settings import RuleSettings
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import AtMost, Count, Omit

MAX_VALUES = 32
"""The most values in one judgement's evidence; the longest has eight."""
MAX_LISTED = 16
"""The most items in one list of it: tasks, scores, frames."""


@dataclass(slots=True)
class Tally:
    """The looks while a condition held: their number, frames, confidence and last values."""

    evidence: Annotated[
        dict[str, Scalar | Annotated[list[Scalar], AtMost(MAX_LISTED)]], AtMost(MAX_VALUES)
    ] = field(default_factory=dict)
    looks: Count = 0
    summed_confidence: float = 0.0
    first_frame: Count | None = None
    last_frame: Count | None = None

    @property
    def confidence(self) -> float:
        """Mean confidence, 0…1; 1 when nothing was added."""
        return round(self.summed_confidence / self.looks, 3) if self.looks else 1.0

    def add(self, judgement: Judgement, frame_id: int | None) -> None:
        self.evidence = dict(judgement.evidence)
        self.looks += 1
        self.summed_confidence += judgement.confidence
        if frame_id is not None:
            self.first_frame = frame_id if self.first_frame is None else self.first_frame
            self.last_frame = frame_id

    def frames(self) -> dict[str, Value]:
        """The number of looks of the event, and their first and last frame."""
        if self.first_frame is None:
            return {}
        return {"frames_looked_at": self.looks, "frame_ids": [self.first_frame, self.last_frame]}


@dataclass(slots=True)
class EpisodeState:
    """One event's state; only its debounce while nothing is pending or raised."""

    hold: HoldState = field(default_factory=HoldState)
    tally: Annotated[Tally, Omit.AT_DEFAULT] = field(default_factory=Tally)
    beside: Annotated[EventType | None, Omit.AT_DEFAULT] = None
    """An event that holds at the same time and is reported together with this one."""

    def forget(self) -> None:
        """Start a new tally."""
        self.tally, self.beside = Tally(), None


class Episode:
    """An event whose condition must last: turns judgements into findings."""

    __slots__ = ("_hold", "_hold_s", "_state", "event")

    def __init__(self, event: EventType, rule: RuleSettings, max_gap_s: float, state: EpisodeState) -> None:
        self.event = event
        self._hold_s = rule.hold_s
        self._state = state
        self._hold = Hold(rule.hold_s, rule.clear_s, max_gap_s, state.hold)

    @property
    def raised(self) -> bool:
        """Whether the event is raised and not yet over."""
        state = self._state.hold.state
        return state is State.RAISED or state is State.CLEARING

    @property
    def onset_s(self) -> float | None:
        """When the pending or raised condition began; None while neither."""
        hold = self._state.hold
        return None if hold.state is State.IDLE else hold.onset_s

    def span(self, at: float) -> tuple[float, float] | None:
        """The known start and end of the raised event's condition; None when not raised."""
        if not self.raised:
            return None
        clearing = self._hold.state is State.CLEARING
        return self._hold.onset_s, self._hold.gone_s if clearing else at

    def see(
        self, observation: Observation, judgement: Judgement, beside: EventType | None = None
    ) -> Finding | None:
        """Add one observation's judgement. Returns the change it makes, if any.

        `beside` is an event that holds at the same time and is reported together with this one.
        """
        if judgement is NO and self._hold.rests(observation.at):
            return None
        own, onset_s = self._state, self._hold.onset_s
        phase = self._hold.see(observation.at, judgement.value, judgement.since_s, judgement.until_s)
        if judgement.value:
            if self._hold.onset_s != onset_s:
                own.forget()
            own.tally.add(judgement, observation.frame_id)
            own.beside = beside or own.beside
        finding = None
        if phase is not None:
            finding = self._finding(phase, observation.at if phase is Phase.RAISED else self._hold.gone_s)
        if own.tally.looks and self._hold.state is State.IDLE:
            own.forget()
        return finding

    def join(self, other: EventType) -> None:
        """Set the event that holds at the same time as this one."""
        self._state.beside = other

    def finish(self) -> Finding | None:
        """End the event, if raised, at the end of the session."""
        was_clearing = self._hold.state is State.CLEARING
        if self._hold.finish() is None:
            return None
        ended = {} if was_clearing else {"open_at_end": True}
        return self._finding(Phase.CLEARED, self._hold.gone_s, ended)

    def forget(self, at: float) -> None:
        """End the event at `at`, untold."""
        self._hold.forget(at)
        self._state.forget()

    def pause(self, until_s: float) -> None:
        """Do not count the time until `until_s` as waiting."""
        self._hold.pause(until_s)

    def _finding(self, phase: Phase, at_s: float, more: Evidence | None = None) -> Finding:
        onset_s, unseen_s, tally = self._hold.onset_s, self._hold.unseen_s, self._state.tally
        return Finding(
            event=self.event,
            phase=phase,
            onset_s=onset_s,
            raised_s=self._hold.raised_s,
            at_s=at_s,
            confidence=tally.confidence,
            evidence={
                **tally.evidence,
                "duration_seconds": round(at_s - onset_s - unseen_s, 3),
                "hold_seconds": self._hold_s,
                **unseen(unseen_s),
                **tally.frames(),
                **(more or {}),
            },
            together_with=self._state.beside,
            unseen_s=unseen_s,
        )
