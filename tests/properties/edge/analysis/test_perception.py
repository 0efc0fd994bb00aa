"""The senses of a session, saved after any step and continued elsewhere, observe what they would have.

One thing is not saved, because it is a picture: how far the first picture afterwards differs from the one
before it is unknown.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from uuid import UUID

import numpy as np
from hypothesis import given, settings, strategies as st

from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, examine
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception, PerceptionState
from edge.media.frames import AudioWindow
from models.movenet import MoveNet
from models.results import Face, Floats, Gaze
from models.speakers import SpeakerCounter
from shared.observations import Observation
from shared.policy.terms import Gate
from tests.support.everything import policy_of_everything
from tests.support.foreign import Answering, Detector, Eyes, Voices, face_at, life, picture, stand_in
from tests.support.states import changed_fields, kinds

SESSION = UUID(int=1)
POLICY = policy_of_everything()
MINE, OTHER = 128, 30


@dataclass(frozen=True)
class Step:
    """What is before the camera and the microphone for a while."""

    passed_s: float
    faces: tuple[Face, ...]
    shade: int
    yaw_deg: float
    speaks: float | None
    """None: no sound arrives."""


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([0.07, 0.2, 0.34, 1.0, 4.0]),
        st.sampled_from([(), (face_at(),), (face_at(300),), (face_at(), face_at(20, 80))]),
        st.sampled_from([MINE, OTHER]),
        st.sampled_from([0.0, 40.0]),
        st.sampled_from([None, 0.1, 0.9]),
    ),
    min_size=1,
    max_size=20,
)


SITTING = Answering(lambda _: {"StatefulPartitionedCall:0": np.full((1, 1, 17, 3), 0.5, np.float32)})
"""A body network that sees somebody in every picture."""


class World:
    """Networks that see what a step says, and senses over them."""

    def __init__(self) -> None:
        self._detector, self._eyes, self._voices = Detector(), Eyes(), Voices()
        self.lost_share = 0.25
        seeing = stand_in(self._detector, self._voices)
        self.networks: Networks = replace(seeing, gaze=self._eyes, liveness=life(0.9), body=MoveNet(SITTING))
        found = examine(stand_in(Detector(face_at())), picture(MINE).to_bgr(), Gate(min_sharpness=None))
        self._templates = {self.networks.recognisers[0].name: Enrolled(UUID(int=5), found.embeddings[0])}

    def senses(self, engine: Engine) -> Perception:
        return Perception(
            SESSION,
            engine,
            self.networks,
            policy=POLICY,
            templates=self._templates,
            level=LevelInForce(1),
        )

    async def observed(self, senses: Perception, step: Step, at_s: float, number: int) -> list[object]:
        self._detector.found = step.faces
        self._eyes.seen = Gaze(-5.0, step.yaw_deg)
        seen = await senses.look(picture(step.shade, at_s, number))
        answers: list[object] = [seen.observation, senses.miss_sound(picture(step.shade, at_s, number))]
        if step.speaks is not None:
            self._voices.heard = step.speaks
            heard = await senses.listen(AudioWindow(at_s, np.zeros(8_192, np.float32), self.lost_share))
            answers.append(None if heard is None else heard.observation)
        return answers


def without_change(answers: Iterable[object]) -> list[object]:
    return [
        replace(each, picture=replace(each.picture, change=None))
        if isinstance(each, Observation) and each.picture is not None
        else each
        for each in answers
    ]


@settings(deadline=None, max_examples=15)
@given(steps)
def test_senses_that_are_carried_on_after_every_step_observe_the_same(course: list[Step]) -> None:
    async def both() -> None:
        world = World()
        async with Engine(0) as engine:
            moving, staying = world.senses(engine), world.senses(engine)
            times = itertools.accumulate(step.passed_s for step in course)
            for number, (step, at_s) in enumerate(zip(course, times, strict=True)):
                saved = json.dumps(moving.snapshot(), sort_keys=True)
                moving = world.senses(engine)
                moving.restore(json.loads(saved))
                answers = await world.observed(moving, step, at_s, number)
                wanted = await world.observed(staying, step, at_s, number)
                assert without_change(answers) == without_change(wanted)
                assert moving.snapshot() == staying.snapshot()

    asyncio.run(both())


class OneVoice:
    """A voice encoder to which all speech is one person's."""

    device = "test"

    def embed(self, _samples: Floats, /) -> Floats:
        return np.array([1.0, 0.0], np.float32)


def test_senses_remember_in_what_they_save_and_not_beside_it() -> None:
    async def exam() -> set[str]:
        world, changed = World(), set[str]()
        ears = replace(world.networks.ears, speakers=SpeakerCounter(OneVoice()))
        world.networks, world.lost_share = replace(world.networks, ears=ears), 0.0
        async with Engine(0) as engine:
            senses = world.senses(engine)
            for number in range(30):
                step = Step(0.512, (face_at(),), MINE, 0.0, 0.9 if number < 15 else None)
                await world.observed(senses, step, number * step.passed_s, number)
                changed |= changed_fields(senses._state)
        return changed

    own = [kind for kind in kinds(PerceptionState) if kind.__module__.startswith(("edge.analysis", "models"))]
    saved = {f"{kind.__name__}.{each.name}" for kind in own for each in fields(kind)}
    assert saved - asyncio.run(exam()) == {"LidsState.low_s"}  # these eyes never close
