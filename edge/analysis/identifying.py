"""Compares the faces of a frame with the enrolled one, until it is found.

The face that was the candidate's is compared first, and others only where that one does not match: a poster
or another person beside the candidate neither hides nor stands for the candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from edge.analysis.attempts import Attempts
from edge.analysis.examination import (
    Enrolled,
    Frame,
    compare,
    decided,
    examine_face,
    fit_head,
    identity_check,
)
from edge.analysis.networks import Networks
from edge.analysis.tilts import Tilts, TiltsState
from edge.rules.boxes import FOLLOWED_OVERLAP, overlap
from models.quality import Check
from models.recognition import Recogniser
from models.results import Box, Face, HeadPose, Mesh
from shared.events.looks import Look
from shared.observations import IdentityCheck
from shared.policy.terms import Gate

Verifier = tuple[Recogniser, Enrolled]
"""The recogniser, and the template to compare with."""
Fitted = tuple[Mesh, HeadPose | None]
Compared = tuple[Face, Fitted, IdentityCheck | None]

MOST_COMPARED = 3
"""Faces compared in one frame."""


@dataclass(slots=True)
class IdentifyingState:
    """What is remembered of this candidate's face."""

    tilts: TiltsState = field(default_factory=TiltsState)
    matched: Box | None = None
    """Where the face that matched last is now; None once it was lost."""
    matched_s: float = 0.0


class Identifying:
    """The checks of one session."""

    def __init__(
        self,
        attempts: Attempts,
        networks: Networks,
        verifier: Verifier,
        asked: tuple[Gate, float, float],
        state: IdentifyingState,
    ) -> None:
        """`asked`: the gate of a face, the least similarity of a match, and for how long a face may be out of
        sight without being lost."""
        self._attempts = attempts
        self._networks = networks
        self._verifier = verifier
        self._gate, self._threshold, self._max_gap_s = asked
        self._state = state
        self._tilts = Tilts(self._threshold, state.tilts)

    def follow(self, at_s: float, own: Face) -> None:
        """Note where the candidate's face is now."""
        state = self._state
        if state.matched is None:
            return
        lost = at_s - state.matched_s > self._max_gap_s or overlap(state.matched, own.box) <= FOLLOWED_OVERLAP
        state.matched, state.matched_s = (None if lost else own.box), at_s

    async def identify(
        self, shot: tuple[float, Frame], faces: Sequence[Face], fitted: Fitted, failed: list[str]
    ) -> Compared:
        """The candidate's face, its mesh and its check. `faces`: the likeliest first, whose mesh is given."""
        (at_s, frame), own = shot, faces[0]
        check = await self._check(frame, own, fitted, failed)
        if self._matches(check) or len(faces) == 1:
            return self._found(at_s, own, fitted, check)
        seen = [check]
        for face in faces[1:MOST_COMPARED]:
            other = await self._attempts.make(
                Look.IDENTITY, partial(fit_head, self._networks, frame, face), failed
            )
            if other is None:
                continue
            seen.append(await self._check(frame, face, other, failed))
            if self._matches(seen[-1]):
                return self._found(at_s, face, other, seen[-1])
        return own, fitted, self._nobody(check, seen)

    def _found(self, at_s: float, face: Face, fitted: Fitted, check: IdentityCheck | None) -> Compared:
        if self._matches(check):
            self._state.matched, self._state.matched_s = face.box, at_s
        return face, fitted, check

    def _nobody(
        self, check: IdentityCheck | None, seen: Sequence[IdentityCheck | None]
    ) -> IdentityCheck | None:
        """The check where no face matches: no mismatch as long as one that could not be compared may be the
        candidate's."""
        if check is None or check.similarity is None or self._state.matched is not None:
            return check
        doubtful = [each for each in seen if each is None or each.similarity is None]
        if not doubtful:
            return check
        gates = doubtful[0].failed_gates if doubtful[0] is not None else ()
        return replace(check, similarity=None, failed_gates=gates)

    def _matches(self, check: IdentityCheck | None) -> bool:
        return check is not None and check.similarity is not None and check.similarity >= self._threshold

    async def _check(
        self, frame: Frame, face: Face, fitted: Fitted, failed: list[str]
    ) -> IdentityCheck | None:
        recogniser, template = self._verifier

        def check() -> IdentityCheck:
            examined = examine_face(frame, (face,), fitted, self._gate, (recogniser,))
            similarity = compare(examined, recogniser, template)
            return identity_check(examined, recogniser, template, similarity=similarity)

        made = await self._attempts.make(Look.IDENTITY, check, failed)
        if made is None:
            return None
        return decided(self._judged(made, fitted[1]), recogniser, self._threshold)

    def _judged(self, check: IdentityCheck, head: HeadPose | None) -> IdentityCheck:
        """The check; doubtful when the head is too far up or down for it."""
        if check.similarity is None or head is None:
            return check
        if not self._tilts.doubtful(head.pitch_deg, check.similarity):
            return check
        return replace(check, similarity=None, failed_gates=(Check.PITCH.value,))
