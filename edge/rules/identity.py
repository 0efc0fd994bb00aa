"""Is it the enrolled person? Counted in checks, not in seconds.

A check whose frame failed the verification gate is neither match nor mismatch. FACE_MISMATCH is raised at the
given number of consecutive mismatches, since the first of them, and over after so many consecutive matches,
since the first of those. Checks further apart than `APART_S` do not follow one another: nobody knows who sat
there between. That no check is possible is a state of its own: IDENTITY_UNVERIFIED.
"""

from __future__ import annotations

from edge.rules.episode import Tally
from edge.rules.findings import NO, UNKNOWN, Finding, Judgement, Phase, Value, unseen
from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, integer, number, optional_number, part, text
from shared.events.types import EventType
from shared.observations import IdentityCheck, Observation

SURE_MISMATCH = 0.25
"""So far below the threshold stands the median stranger (0.50 against 0.75): confidence is full there."""
APART_S = 30.0
"""IDENTITY_UNVERIFIED's hold by default: a face unverified for that long is that event's matter."""


def is_mismatch(check: IdentityCheck | None, settings: Settings) -> bool:
    """Whether a check passed its gate and found too little similarity."""
    threshold = settings.threshold(EventType.FACE_MISMATCH)
    return check is not None and check.similarity is not None and check.similarity < threshold


class Mismatch:
    """FACE_MISMATCH by consecutive checks."""

    __slots__ = (
        "_ended_s",
        "_last_s",
        "_matches",
        "_mismatches",
        "_onset_s",
        "_raised_s",
        "_settings",
        "_tally",
        "_unseen_s",
    )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mismatches = 0
        self._matches = 0
        self._onset_s = 0.0
        self._raised_s: float | None = None
        self._ended_s = 0.0
        self._last_s = 0.0
        self._unseen_s = 0.0
        self._tally = Tally()

    @property
    def raised(self) -> bool:
        """Raised and not yet over."""
        return self._raised_s is not None

    @property
    def onset_s(self) -> float | None:
        """The first of the mismatches now counted; None while there are none."""
        return self._onset_s if self.raised or self._mismatches else None

    def see(self, observation: Observation) -> Finding | None:
        """Take one observation; answers the change its check makes, if any."""
        check = observation.identity
        if check is None or check.similarity is None:
            return None
        if check.similarity < self._settings.threshold(EventType.FACE_MISMATCH):
            return self._mismatch(observation, check, check.similarity)
        return self._match(observation.at)

    def finish(self) -> Finding | None:
        """The session is over: end the event if it is raised, with the last mismatch known."""
        if not self.raised:
            return None
        self._ended_s = self._ended_s if self._matches else self._last_s
        return self._over({} if self._matches else {"open_at_end": True})

    def pause(self, until_s: float) -> None:
        """Let the time since the last mismatch count as none: what a hand-over finds still stands."""
        if self._mismatches and not self.raised:
            self._last_s = max(self._last_s, until_s)

    def _mismatch(self, observation: Observation, check: IdentityCheck, similarity: float) -> Finding | None:
        stale = self._note_gap(observation.at)
        if not self.raised and (stale or self._mismatches == 0):
            self._onset_s, self._mismatches, self._unseen_s = observation.at, 0, 0.0
            self._tally = Tally()
        self._mismatches += 1
        self._matches = 0
        self._last_s = observation.at
        threshold = self._settings.threshold(EventType.FACE_MISMATCH)
        confidence = min(1.0, 0.5 + 0.5 * (threshold - similarity) / SURE_MISMATCH)
        evidence: dict[str, Value] = {
            "enrolled_embedding_id": check.embedding_id,
            "current_similarity": round(similarity, 3),
            "threshold": threshold,
            "frame_quality_score": round(check.quality, 3),
            "consecutive_mismatches": self._mismatches,
            "recogniser": check.recogniser,
        }
        self._tally.add(Judgement(True, confidence, evidence), observation.frame_id)
        if self.raised or self._mismatches < self._settings.mismatch_checks:
            return None
        self._raised_s = observation.at
        return self._finding(Phase.RAISED, observation.at, {})

    def _match(self, at: float) -> Finding | None:
        if not self.raised:
            self._mismatches = 0
            return None
        if self._matches == 0:
            self._note_gap(at)
            self._ended_s = at
        self._matches += 1
        return self._over({}) if self._matches >= self._settings.match_checks else None

    def _note_gap(self, at: float) -> bool:
        """Whether so much time lies since the last mismatch that nobody knows who sat there."""
        gap_s = at - self._last_s
        apart = gap_s > APART_S + EPSILON_S
        self._unseen_s += gap_s if apart else 0.0
        return apart

    def _over(self, more: dict[str, Value]) -> Finding:
        finding = self._finding(Phase.CLEARED, self._ended_s, more)
        self._raised_s = None
        self._mismatches = self._matches = 0
        return finding

    def _finding(self, phase: Phase, at_s: float, more: dict[str, Value]) -> Finding:
        return Finding(
            event=EventType.FACE_MISMATCH,
            phase=phase,
            onset_s=self._onset_s,
            raised_s=at_s if self._raised_s is None else self._raised_s,
            at_s=at_s,
            confidence=self._tally.confidence,
            evidence={
                **self._tally.evidence,
                "duration_seconds": round(at_s - self._onset_s - self._unseen_s, 3),
                **unseen(self._unseen_s),
                **self._tally.frames(),
                **more,
            },
            unseen_s=self._unseen_s,
        )

    def snapshot(self) -> Saved:
        return {
            "raised_s": self._raised_s,
            "mismatches": self._mismatches,
            "matches": self._matches,
            "onset_s": self._onset_s,
            "ended_s": self._ended_s,
            "last_s": self._last_s,
            "unseen_s": self._unseen_s,
            "tally": self._tally.snapshot(),
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._raised_s = optional_number(saved, "raised_s")
        self._mismatches = integer(saved, "mismatches")
        self._matches = integer(saved, "matches")
        self._onset_s = number(saved, "onset_s")
        self._ended_s = number(saved, "ended_s")
        self._last_s = number(saved, "last_s")
        self._unseen_s = number(saved, "unseen_s")
        self._tally.restore(part(saved, "tally"))


class Unverified:
    """The condition of IDENTITY_UNVERIFIED, with what the checks last failed at."""

    __slots__ = ("_failed_gates", "_last_passed_s")

    def __init__(self) -> None:
        self._last_passed_s: float | None = None
        self._failed_gates = ""

    def judge(self, observation: Observation) -> Judgement:
        """Yes while a face is seen and no check has passed; only a passed check says no.

        Without a face in the picture nothing can be said.
        """
        check = observation.identity
        if check is not None and check.similarity is not None:
            self._last_passed_s, self._failed_gates = observation.at, ""
            return NO
        if check is None and not observation.faces:
            return UNKNOWN
        if check is not None:
            self._failed_gates = ", ".join(check.failed_gates)
        return Judgement(
            True, 1.0, {"last_passed_check": self._last_passed_s, "failed_gates": self._failed_gates}
        )

    def snapshot(self) -> Saved:
        return {"last_passed_s": self._last_passed_s, "failed_gates": self._failed_gates}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._last_passed_s = optional_number(saved, "last_passed_s")
        self._failed_gates = text(saved, "failed_gates")
