"""Judges whether it is the enrolled person. Counted in checks, not in seconds.

A check whose frame failed the verification gate is neither match nor mismatch. FACE_MISMATCH is raised after
the given number of consecutive mismatches and begins at the first of them; it is over after the given number
of consecutive matches and ends at the first of those. Checks further apart than `APART_S` do not count as
consecutive: another person may have sat there between. When no check is possible, the event is
IDENTITY_UNVERIFIED.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.rules.episode import Tally
from edge.rules.findings import NO, UNKNOWN, Finding, Judgement, Phase, Value, unseen
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import IdentityCheck, Observation
from shared.saving import Count

SURE_MISMATCH = 0.25
"""Confidence is 1 this far below the threshold: the median stranger is at 0.50, the threshold at 0.75."""
APART_S = 30.0
"""The default hold of IDENTITY_UNVERIFIED, which reports a face that is unverified for longer."""


def is_mismatch(check: IdentityCheck | None, settings: Settings) -> bool:
    """Whether a check passed its gate and its similarity is too low."""
    threshold = settings.threshold(EventType.FACE_MISMATCH)
    return check is not None and check.similarity is not None and check.similarity < threshold


@dataclass(slots=True)
class MismatchState:
    """The checks counted now, and the raised event."""

    mismatches: Count = 0
    matches: Count = 0
    onset_s: float = 0.0
    raised_s: float | None = None
    ended_s: float = 0.0
    last_s: float = 0.0
    unseen_s: float = 0.0
    tally: Tally = field(default_factory=Tally)


class Mismatch:
    """Judges FACE_MISMATCH by consecutive checks."""

    __slots__ = ("_settings", "_state")

    def __init__(self, settings: Settings, state: MismatchState) -> None:
        self._settings = settings
        self._state = state

    @property
    def raised(self) -> bool:
        """Whether the event is raised and not yet over."""
        return self._state.raised_s is not None

    @property
    def onset_s(self) -> float | None:
        """Time of the first mismatch counted now; None without one."""
        return self._state.onset_s if self.raised or self._state.mismatches else None

    def see(self, observation: Observation) -> Finding | None:
        """Add one observation. Returns the change that its check makes, if any."""
        check = observation.identity
        if check is None or check.similarity is None:
            return None
        if check.similarity < self._settings.threshold(EventType.FACE_MISMATCH):
            return self._mismatch(observation, check, check.similarity)
        return self._match(observation.at)

    def finish(self) -> Finding | None:
        """End the event, if raised, at the last known mismatch."""
        own = self._state
        if not self.raised:
            return None
        own.ended_s = own.ended_s if own.matches else own.last_s
        return self._over({} if own.matches else {"open_at_end": True})

    def pause(self, until_s: float) -> None:
        """Do not count the time since the last mismatch, neither as a gap nor as part of the event: after a
        hand-over or a pause, earlier checks remain valid."""
        own = self._state
        if own.mismatches and not self.raised and until_s > own.last_s:
            own.unseen_s += until_s - own.last_s
            own.last_s = until_s

    def forget(self) -> None:
        """End the event, untold, and count checks from zero."""
        self._state.raised_s = None
        self._state.mismatches = self._state.matches = 0

    def _mismatch(self, observation: Observation, check: IdentityCheck, similarity: float) -> Finding | None:
        own = self._state
        stale = self._note_gap(observation.at)
        if not self.raised and (stale or own.mismatches == 0):
            own.onset_s, own.mismatches, own.unseen_s = observation.at, 0, 0.0
            own.tally = Tally()
        own.mismatches += 1
        own.matches = 0
        own.last_s = observation.at
        threshold = self._settings.threshold(EventType.FACE_MISMATCH)
        confidence = min(1.0, 0.5 + 0.5 * (threshold - similarity) / SURE_MISMATCH)
        evidence: dict[str, Value] = {
            "enrolled_embedding_id": check.embedding_id,
            "current_similarity": round(similarity, 3),
            "threshold": threshold,
            "frame_quality_score": round(check.quality, 3),
            "consecutive_mismatches": own.mismatches,
            "recogniser": check.recogniser,
        }
        own.tally.add(Judgement(True, confidence, evidence), observation.frame_id)
        if self.raised or own.mismatches < self._settings.mismatch_checks:
            return None
        own.raised_s = observation.at
        return self._finding(Phase.RAISED, observation.at, {})

    def _match(self, at: float) -> Finding | None:
        own = self._state
        if not self.raised:
            own.mismatches = 0
            return None
        if own.matches == 0:
            self._note_gap(at)
            own.ended_s = at
        own.matches += 1
        return self._over({}) if own.matches >= self._settings.match_checks else None

    def _note_gap(self, at: float) -> bool:
        """Note whether the last mismatch is so old that another person may have sat there since."""
        gap_s = at - self._state.last_s
        apart = gap_s > APART_S + EPSILON_S
        self._state.unseen_s += gap_s if apart else 0.0
        return apart

    def _over(self, more: dict[str, Value]) -> Finding:
        own = self._state
        finding = self._finding(Phase.CLEARED, own.ended_s, more)
        self.forget()
        return finding

    def _finding(self, phase: Phase, at_s: float, more: dict[str, Value]) -> Finding:
        own = self._state
        return Finding(
            event=EventType.FACE_MISMATCH,
            phase=phase,
            onset_s=own.onset_s,
            raised_s=at_s if own.raised_s is None else own.raised_s,
            at_s=at_s,
            confidence=own.tally.confidence,
            evidence={
                **own.tally.evidence,
                "duration_seconds": round(at_s - own.onset_s - own.unseen_s, 3),
                **unseen(own.unseen_s),
                **own.tally.frames(),
                **more,
            },
            unseen_s=own.unseen_s,
        )


@dataclass(slots=True)
class UnverifiedState:
    """Why the last checks failed, and when one last passed."""

    last_passed_s: float | None = None
    failed_gates: str = ""


class Unverified:
    """The condition of IDENTITY_UNVERIFIED, with the reasons why the last checks failed."""

    __slots__ = ("_state",)

    def __init__(self, state: UnverifiedState) -> None:
        self._state = state

    def judge(self, observation: Observation) -> Judgement:
        """Yes while a face is seen and no check has passed; only a passed check means no.

        Unknown without a face in the picture.
        """
        own, check = self._state, observation.identity
        if check is not None and check.similarity is not None:
            own.last_passed_s, own.failed_gates = observation.at, ""
            return NO
        if check is None and not observation.faces:
            return UNKNOWN
        if check is not None:
            own.failed_gates = ", ".join(check.failed_gates)
        return Judgement(
            True, 1.0, {"last_passed_check": own.last_passed_s, "failed_gates": own.failed_gates}
        )
