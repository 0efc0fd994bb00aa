"""Compares the faces of a frame with the enrolled one.

The face that was the candidate's before is compared first, so that a poster or another person neither hides
the candidate nor is taken for the candidate. Other faces that match too may be the candidate's mirror image.
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
Compared = tuple[Face, Fitted, IdentityCheck | None, tuple[Face, ...]]
"""The candidate's face, its mesh, its check, and other faces that match too: images of the candidate."""

MOST_COMPARED = 3
"""The most faces compared in one frame."""


@dataclass(slots=True)
class IdentifyingState:
    """What was learnt of this candidate's face."""

    tilts: TiltsState = field(default_factory=TiltsState)
    matched: Box | None = None
    """Where the face that matched last is now; None once it is lost."""
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
        """`asked`: the gate of a face, the least similarity of a match, and how many seconds a face may be
        out of sight before it is lost."""
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
        """Find the candidate's face. `faces`: the likeliest first; `fitted` is the mesh and pose of that
        one."""
        (at_s, frame), own = shot, faces[0]
        compared = [(own, fitted, await self._check(frame, own, fitted, failed))]
        for face in faces[1:MOST_COMPARED]:
            other = await self._attempts.make(
                Look.IDENTITY, partial(fit_head, self._networks, frame, face), failed
            )
            if other is not None:
                compared.append((face, other, await self._check(frame, face, other, failed)))
        matching = [one for one in compared if self._matches(one[2])]
        if not matching:
            return own, fitted, self._nobody(compared[0][2], [check for _, _, check in compared]), ()
        self._state.matched, self._state.matched_s = matching[0][0].box, at_s
        return *matching[0], tuple(face for face, _, _ in matching[1:])

    def _nobody(
        self, check: IdentityCheck | None, seen: Sequence[IdentityCheck | None]
    ) -> IdentityCheck | None:
        """The check when no face matches. It is no mismatch while a face that could not be compared may be
        the candidate's."""
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
        """The check; without a similarity when the head is too far up or down to decide."""
        if check.similarity is None or head is None:
            return check
        if not self._tilts.doubtful(head.pitch_deg, check.similarity):
            return check
        return replace(check, similarity=None, failed_gates=(Check.PITCH.value,))
