"""A candidate who looks down is checked on a real engine, and is neither a match nor somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, examine
from edge.analysis.levels import LevelInForce
from edge.analysis.perception import Perception
from models.images import Image
from models.results import Face, HeadPose, Mesh
from shared.observations import IdentityCheck
from shared.policy.schema import Policy
from shared.policy.terms import Gate
from tests.support.foreign import Detector, face_at, picture, stand_in

LIKE, LESS_LIKE = 128, 205


class Nodding:
    """A head pose estimator that answers the pitches it is given, the last one for ever."""

    device = "cpu"

    def __init__(self, pitches_deg: Sequence[float]) -> None:
        self._pitches_deg = list(pitches_deg)

    def head(self, frame: Image, face: Face, mesh: Mesh) -> HeadPose:
        pitch_deg = self._pitches_deg.pop(0) if len(self._pitches_deg) > 1 else self._pitches_deg[0]
        return HeadPose(pitch_deg, 0.0, 0.0)


def check_after_matches(last_pitch_deg: float) -> IdentityCheck:
    """The check of a face less like the enrolled one with the head so far up or down, after four matches."""
    networks = replace(stand_in(Detector(face_at())), head=Nodding([0.0] * 4 + [last_pitch_deg]))
    enrolled = examine(stand_in(Detector(face_at())), picture(LIKE).to_bgr(), Gate(min_sharpness=None))
    templates = {networks.recognisers[0].name: Enrolled(UUID(int=5), enrolled.embeddings[0])}

    async def watch() -> IdentityCheck | None:
        async with Engine(2) as engine:
            eyes = Perception(
                UUID(int=1), engine, networks, policy=Policy(), templates=templates, level=LevelInForce(1)
            )
            for second in range(4):
                await eyes.look(picture(LIKE, float(second), second))
            return (await eyes.look(picture(LESS_LIKE, 4.0, 4))).observation.identity

    check = asyncio.run(watch())
    assert check is not None
    return check


def test_a_face_less_alike_is_a_mismatch_while_the_head_is_held_as_usual() -> None:
    similarity = check_after_matches(0.0).similarity
    assert similarity is not None
    assert 0.55 < similarity < 0.75


@pytest.mark.parametrize("pitch_deg", [-18.0, 18.0])
def test_the_same_face_says_nothing_while_the_head_is_far_down_or_up(pitch_deg: float) -> None:
    check = check_after_matches(pitch_deg)
    assert check.similarity is None
    assert check.failed_gates == ("pitch",)
