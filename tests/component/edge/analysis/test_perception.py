"""Frames and sound to observations, on a real engine: what is unknown stays unknown, what fails says so."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import av
import numpy as np
import pytest

from edge.analysis.engine import Engine
from edge.analysis.examination import Enrolled, examine
from edge.analysis.levels import LevelInForce
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception, PerceptionState, Seen
from edge.media.frames import AudioWindow, VideoFrame, video_frame
from models.eyes import OpenEyes
from models.liveness import Needs
from models.results import Box, Gaze
from shared.errors import Corrupt
from shared.observations import GazeSeen, NotJudged, Observation
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import ENROLLMENT_GATE, Features, Gate
from shared.saving import restore, save
from tests.support.eventually import PATIENCE_S
from tests.support.foreign import (
    Detector,
    Eyes,
    brightness_recogniser,
    detector_of,
    face_at,
    head_mesh,
    life,
    picture,
    stand_in,
)
from tests.support.states import falsified, kinds, sample

SESSION = UUID("018f3c1e-7b1a-7c00-8000-000000000001")
POLICY = parse_policy({"rules": {"PRESENTATION_ATTACK": {"enabled": True}}})
WINDOW = AudioWindow(0.0, np.zeros(8_192, np.float32), 0.25)

Story = Callable[[Perception], Awaitable[None]]


def tell(
    networks: Networks, story: Story, *, level: int = 1, policy: Policy = POLICY, known: bool = True
) -> None:
    """Run a story with the senses of one session; the candidate is enrolled with a grey picture."""

    async def main() -> None:
        async with Engine(2) as engine:
            perception = Perception(
                SESSION,
                engine,
                networks,
                policy=policy,
                templates=templates(networks) if known else {},
                level=LevelInForce(level),
            )
            await asyncio.wait_for(story(perception), PATIENCE_S)

    asyncio.run(main())


def everything() -> Networks:
    """One face, a living one, that looks at the screen; another person without a face, and a telephone."""
    person, phone = 0, 67
    return replace(
        stand_in(Detector(face_at())),
        gaze=Eyes(),
        liveness=life(0.9),
        objects=detector_of(person, person, phone),
    )


def templates(networks: Networks) -> dict[str, Enrolled]:
    recogniser = networks.recognisers[0]
    found = examine(stand_in(Detector(face_at())), picture(128).to_bgr(), Gate(min_sharpness=None))
    return {recogniser.name: Enrolled(UUID(int=5), found.embeddings[0])}


def test_a_frame_is_seen_with_its_face_head_identity_and_light() -> None:
    async def story(perception: Perception) -> None:
        seen = await perception.look(picture(128))
        observation = seen.observation
        assert seen.frame is not None
        assert (observation.frame_width_px, observation.frame_height_px) == (640, 480)
        assert observation.faces is not None
        assert [face.score for face in observation.faces] == [0.95]
        assert observation.picture is not None
        assert observation.picture.mean_luma == pytest.approx(128, abs=3)
        assert observation.head is not None
        assert abs(observation.head.yaw_deg) < 5
        assert observation.identity is not None
        assert observation.identity.similarity == pytest.approx(1.0, abs=0.02)
        assert observation.failed == ()

    tell(stand_in(Detector(face_at())), story)


def test_a_frame_that_is_not_due_has_merely_come() -> None:
    async def story(perception: Perception) -> None:
        await perception.look(picture(128, 0.0, 1))
        assert await perception.look(picture(128, 0.067, 2)) == Seen(
            Observation(at=0.067, level=1, frame_id=2), None
        )

    tell(stand_in(Detector(face_at())), story)


def test_of_a_damaged_frame_nothing_is_known_and_the_next_whole_one_is_looked_at() -> None:
    async def story(perception: Perception) -> None:
        smeared = await perception.look(replace(picture(215, 0.0, 1), damaged=True))
        assert smeared == Seen(Observation(at=0.0, level=1, frame_id=1, damaged=True), None)
        assert (await perception.look(picture(215, 0.067, 2))).observation.identity is not None

    tell(stand_in(Detector(face_at())), story)


def test_somebody_else_is_less_similar() -> None:
    async def story(perception: Perception) -> None:
        identity = (await perception.look(picture(215))).observation.identity
        assert identity is not None
        assert identity.similarity is not None
        assert identity.similarity < 0.75

    tell(stand_in(Detector(face_at())), story)


def test_a_dark_face_is_neither_match_nor_mismatch() -> None:
    async def story(perception: Perception) -> None:
        identity = (await perception.look(picture(20))).observation.identity
        assert identity is not None
        assert identity.similarity is None
        assert identity.failed_gates == ("brightness",)

    tell(stand_in(Detector(face_at())), story)


def test_a_face_that_the_mesh_does_not_confirm_is_not_verified_and_has_no_pose() -> None:
    async def story(perception: Perception) -> None:
        observation = (await perception.look(picture(128))).observation
        assert observation.head is None
        assert observation.identity is not None
        assert observation.identity.similarity is None

    tell(stand_in(Detector(face_at()), mesh=head_mesh(presence=0.0)), story)


def test_without_a_face_nobody_is_verified() -> None:
    async def story(perception: Perception) -> None:
        observation = (await perception.look(picture(128))).observation
        assert observation.faces == ()
        assert (observation.own_face, observation.identity, observation.head) == (None, None, None)

    tell(stand_in(Detector()), story)


def beside(grey: int, other: int) -> VideoFrame:
    """A picture with two faces, each before a wall of its own grey."""
    pixels = np.full((480, 640, 3), grey, np.uint8)
    pixels[:, 270:] = other
    return video_frame(av.VideoFrame.from_ndarray(pixels, format="bgr24"), 0.0, 1)


LEFT, RIGHT = face_at(90, 70), face_at(430, 90)
"""The larger one is on the right."""


@pytest.mark.parametrize(
    ("shown", "own", "similar"),
    [((128, 215), 0, True), ((215, 128), 1, True), ((215, 205), 1, False)],
    ids=["a larger stranger beside the candidate", "a smaller one", "two strangers"],
)
def test_of_several_faces_the_one_that_matches_is_the_candidates_else_the_largest(
    shown: tuple[int, int], own: int, similar: bool
) -> None:
    async def story(perception: Perception) -> None:
        observation = (await perception.look(beside(*shown))).observation
        assert observation.own_face == own
        assert observation.identity is not None
        assert observation.identity.similarity is not None
        assert (observation.identity.similarity >= 0.75) is similar
        assert observation.head is not None

    tell(stand_in(Detector(LEFT, RIGHT)), story)


def test_another_face_that_matches_as_well_is_named() -> None:
    async def story(perception: Perception) -> None:
        observation = (await perception.look(beside(128, 128))).observation
        assert (observation.own_face, observation.alike_faces) == (1, (0,))

    tell(stand_in(Detector(LEFT, RIGHT)), story)


def test_who_could_not_be_compared_may_be_the_candidate_and_the_other_is_no_mismatch() -> None:
    async def story(perception: Perception) -> None:
        identity = (await perception.look(beside(20, 215))).observation.identity
        assert identity is not None
        assert (identity.similarity, identity.failed_gates) == (None, ("brightness",))

    tell(stand_in(Detector(LEFT, RIGHT)), story)


def test_the_face_that_matched_is_followed_by_its_overlap_and_then_a_mismatch_counts() -> None:
    detector = Detector(LEFT, RIGHT)

    async def story(perception: Perception) -> None:
        assert (await perception.look(beside(128, 20))).observation.own_face == 0
        swapped = replace(beside(215, 20), at_s=1.0)
        observation = (await perception.look(swapped)).observation
        assert observation.own_face == 0
        assert observation.identity is not None
        assert observation.identity.similarity is not None
        assert observation.identity.similarity < 0.75

    tell(stand_in(detector), story)


def test_without_a_template_nothing_is_verified() -> None:
    async def story(perception: Perception) -> None:
        assert (await perception.look(picture(128))).observation.identity is None

    tell(stand_in(Detector(face_at())), story, known=False)


def test_features_that_are_off_are_not_looked_at() -> None:
    policy = Policy(features=Features(face_verification=False, gaze_tracking=False, audio_monitoring=False))

    async def story(perception: Perception) -> None:
        observation = (await perception.look(picture(128))).observation
        assert (observation.identity, observation.head) == (None, None)
        assert await perception.listen(WINDOW) is None

    tell(stand_in(Detector(face_at())), story, policy=policy)


def test_gaze_life_persons_and_things_are_looked_at_where_there_are_networks() -> None:
    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert seen.gaze == GazeSeen(pitch_deg=-5.0, yaw_deg=3.0)
        assert seen.liveness == pytest.approx(0.9, abs=0.01)
        assert seen.persons is not None
        assert (seen.persons.count, round(seen.persons.score, 3)) == (2, 0.8)
        assert seen.objects is not None
        assert [(each.kind, round(each.score, 3)) for each in seen.objects] == [("phone", 0.8)]
        assert seen.failed == ()

    tell(everything(), story)


def test_without_their_networks_all_of_these_are_unknown() -> None:
    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        fields = (seen.gaze, seen.liveness, seen.persons, seen.objects, seen.body, seen.hands)
        assert fields == (None,) * 6
        assert seen.failed == ()

    tell(stand_in(Detector(face_at())), story)


@pytest.mark.parametrize(
    ("level", "known"),
    [(1, {"gaze", "liveness", "objects"}), (2, {"gaze", "liveness", "objects"}), (3, {"gaze"}), (4, set())],
)
def test_each_rung_looks_with_less(level: int, known: set[str]) -> None:
    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert {name for name in ("gaze", "liveness", "objects") if getattr(seen, name) is not None} == known

    tell(everything(), story, level=level)


def test_a_gaze_network_that_fails_leaves_the_head_s_pose_and_says_so() -> None:
    eyes = Eyes()
    eyes.seen = RuntimeError("broken")

    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.gaze, seen.failed) == (None, ("gaze",))
        assert seen.head is not None

    tell(replace(everything(), gaze=eyes), story)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_unknown_and_accuses_nobody(value: float) -> None:
    eyes, box = Eyes(), Box(value, 160.0, 160.0, 160.0)
    eyes.seen = Gaze(value, 0.0)

    async def gaze(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.gaze, seen.failed) == (None, ("gaze",))

    async def face(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.faces, seen.identity, seen.failed) == (None, None, ("faces",))

    tell(replace(everything(), gaze=eyes), gaze)
    tell(stand_in(Detector(replace(face_at(), box=box))), face)


def test_whether_a_dark_face_is_alive_is_unknown() -> None:
    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(20))).observation
        assert seen.liveness is None
        assert seen.not_judged == (NotJudged("liveness", "the face is not clear enough"),)

    tell(everything(), story)


def test_why_nothing_is_said_of_life_is_told() -> None:
    # The stand-in's pictures are grey.
    networks = replace(everything(), liveness=life(0.9, Needs()))

    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.liveness, seen.failed) == (None, ())
        assert seen.not_judged == (NotJudged("liveness", "the picture has no colour"),)

    tell(networks, story)


def test_of_hidden_eyes_no_gaze_is_told_but_why() -> None:
    networks = replace(everything(), gaze=OpenEyes(Eyes()))

    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.gaze, seen.failed) == (None, ())
        assert seen.not_judged == (NotJudged("gaze", "eyes hidden"),)
        assert seen.head is not None

    tell(networks, story)


def test_a_likeness_that_a_recogniser_cannot_decide_is_neither_match_nor_mismatch() -> None:
    networks = stand_in(Detector(face_at()))
    undecided = replace(networks, recognisers=(brightness_recogniser(doubt_from=0.6),))

    async def story(perception: Perception) -> None:
        identity = (await perception.look(picture(205))).observation.identity
        assert identity is not None
        assert (identity.similarity, identity.failed_gates) == (None, ("likeness",))
        shown, check = await perception.verify(picture(205).to_bgr())
        assert shown.failed == ()
        assert check is not None
        assert check.similarity is None

    tell(undecided, story)


def test_nothing_is_looked_for_that_no_rule_asks_about() -> None:
    policy = parse_policy({"rules": {"MULTIPLE_PERSONS": {"enabled": False}}})

    async def story(perception: Perception) -> None:
        seen = (await perception.look(picture(128))).observation
        assert (seen.liveness, seen.objects, seen.persons) == (None, None, None)
        assert seen.gaze is not None

    tell(everything(), story, policy=policy)


def test_a_failing_network_is_unknown_and_logged_as_it_begins_and_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    detector = Detector(face_at())

    async def story(perception: Perception) -> None:
        found, detector.found = detector.found, RuntimeError("out of memory")
        for number in range(3):
            observation = (await perception.look(picture(128, number * 0.2, number))).observation
            assert (observation.faces, observation.picture) == (None, None)
            assert observation.failed == ("faces",)
        detector.found = found
        for number in range(3, 6):
            observation = (await perception.look(picture(128, number * 0.2, number))).observation
            assert observation.failed == ()
            assert observation.faces is not None

    with caplog.at_level(logging.INFO, "edge.analysis"):
        tell(stand_in(detector), story)
    assert [(record.levelname, record.__dict__["task"]) for record in caplog.records] == [
        ("WARNING", "faces"), ("INFO", "faces")]  # fmt: skip


def test_a_network_that_fails_and_works_by_turns_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    detector = Detector(face_at())

    async def story(perception: Perception) -> None:
        found = detector.found
        for number in range(20):
            detector.found = RuntimeError("out of memory") if number % 2 == 0 else found
            seen = (await perception.look(picture(128, number * 0.2, number))).observation
            assert seen.failed == (("faces",) if number % 2 == 0 else ())

    with caplog.at_level(logging.INFO, "edge.analysis"):
        tell(stand_in(detector), story)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_check_on_request_asks_no_schedule() -> None:
    async def story(perception: Perception) -> None:
        for _ in range(2):
            examined, identity = await perception.verify(picture(128).to_bgr())
            assert examined.faces == 1
            assert identity is not None
            assert identity.similarity == pytest.approx(1.0, abs=0.02)
        examined, identity = await perception.verify(picture(10).to_bgr())
        assert identity is not None
        assert identity.similarity is None
        assert [failure.check for failure in examined.failed] == ["brightness"]

    tell(stand_in(Detector(face_at())), story)


def test_the_enrollment_gate_is_stricter_than_the_verification_gate() -> None:
    networks = stand_in(Detector(face_at(side_px=60)))
    for gate, failed in ((POLICY.verification_gate, []), (ENROLLMENT_GATE, ["size"])):
        found = examine(networks, picture(128).to_bgr(), gate)
        assert [failure.check for failure in found.failed] == failed
        assert bool(found.embeddings) is (failed == [])


def moved_on(
    looks: int, *, stop: int | None, networks: Networks, elsewhere: Networks
) -> tuple[list[Observation], dict[str, Any]]:
    """What one session sees, and its memory at the end; after so many looks it goes on elsewhere."""

    def senses(engine: Engine, networks: Networks) -> Perception:
        return Perception(
            SESSION, engine, networks, policy=POLICY, templates=templates(networks), level=LevelInForce(1)
        )

    async def main() -> tuple[list[Observation], dict[str, Any]]:
        async with Engine(2) as engine:
            perception, seen = senses(engine, networks), []
            for number in range(looks):
                if number == stop:
                    saved = json.loads(json.dumps(perception.snapshot()))
                    perception = senses(engine, elsewhere)
                    perception.restore(saved)
                frame = picture(128 if number % 7 else 215, number / 15, number)
                seen.append((await perception.look(frame)).observation)
            return seen, perception.snapshot()

    return asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def but_for_change(seen: list[Observation]) -> list[Observation]:
    """Without how much a picture differs from the one before: that one is never saved."""
    return [
        replace(each, picture=None if each.picture is None else replace(each.picture, change=None))
        for each in seen
    ]


@pytest.mark.parametrize("stop", [1, 4, 20])
def test_senses_go_on_elsewhere_as_if_they_had_never_stopped(stop: int) -> None:
    networks = everything()
    whole, memory = moved_on(40, stop=None, networks=networks, elsewhere=networks)
    went_on, memory_elsewhere = moved_on(40, stop=stop, networks=networks, elsewhere=everything())
    assert but_for_change(went_on) == but_for_change(whole)
    assert sum(one != other for one, other in zip(went_on, whole, strict=True)) <= 1
    assert memory_elsewhere == memory
    looked = sum(each.gaze is not None for each in whole)
    matched = sum(each.identity is not None and (each.identity.similarity or 0) > 0.9 for each in whole)
    eyes = memory["eyes"]
    assert (len(eyes["lids"]["ratios"]), len(eyes["identity"]["tilts"]["matched_deg"])) == (looked, matched)
    assert (looked, matched) > (3, 1)


def test_what_other_networks_have_measured_says_nothing() -> None:
    networks = replace(everything(), labels={"head": "mesh@1"})
    others = replace(everything(), labels={"head": "mesh@2"})
    went_on, _ = moved_on(2, stop=1, networks=networks, elsewhere=others)
    assert went_on[1].faces is not None


@pytest.mark.parametrize("kind", kinds(PerceptionState), ids=lambda kind: kind.__name__)
def test_what_senses_remember_is_declared_and_comes_back_as_it_was_or_not_at_all(kind: Any) -> None:
    state = sample(kind)
    assert not hasattr(state, "__dict__")
    assert restore(kind, json.loads(json.dumps(save(state)))) == state
    assert save(state).keys() == {each.name for each in fields(kind)}
    for false in falsified(kind):
        with pytest.raises(ValueError, match="snapshot"):
            restore(kind, false)


def test_a_broken_memory_is_refused_and_changes_nothing() -> None:
    async def story(perception: Perception) -> None:
        await perception.look(picture(128))
        before = perception.snapshot()
        for broken in ({}, {**before, "eyes": {}}, {**before, "more": 1}):
            with pytest.raises(Corrupt):
                perception.restore(broken)
        assert perception.snapshot() == before

    tell(everything(), story)


@pytest.mark.parametrize(("resumed_s", "told_s"), [(None, 4.0), (5.0, 7.0)])
def test_sound_is_not_owed_for_the_time_of_a_hand_over(resumed_s: float | None, told_s: float) -> None:
    def said(perception: Perception, tenths: range) -> list[float]:
        missed = (perception.miss_sound(picture(128, number / 10, number)) for number in tenths)
        return [each.at for each in missed if each is not None]

    async def story(perception: Perception) -> None:
        assert said(perception, range(29)) == []
        perception.restore(perception.snapshot(), resumed_s=resumed_s)
        assert said(perception, range(50, 90))[0] == told_s

    tell(everything(), story)


def test_on_light_levels_the_quick_detector_looks_for_faces() -> None:
    async def story(perception: Perception) -> None:
        faces = (await perception.look(picture(128))).observation.faces
        assert faces is not None
        found.append(len(faces))

    networks = replace(stand_in(Detector(face_at())), light_faces=Detector())
    found: list[int] = []
    for level in range(5):
        tell(networks, story, level=level)
    assert found == [1, 1, 1, 0, 0]
    found.clear()
    tell(stand_in(Detector(face_at())), story, level=3)
    assert found == [1], "without a quick detector, the best one"
