"""What is looked at follows from the exam's features and rules; what is not, is said with its reason."""

from __future__ import annotations

from edge.analysis.eyes import SEEN, asked_to_see, unseen
from models.fetch import FIRST_EXAM, WHERE_TO_BE_HAD
from models.tasks import Task as Of
from shared.events.looks import Look
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Features

NETWORKS = {
    Look.FACES: (Of.FACE_DETECTION, Of.FACE_MESH),
    Look.HEAD: (Of.HEAD_POSE,),
    Look.GAZE: (Of.GAZE, Of.IRIS),
    Look.IDENTITY: (Of.FACE_RECOGNITION,),
    Look.LIVENESS: (Of.LIVENESS,),
    Look.BODY: (Of.BODY_DETECTION, Of.BODY_POSE),
    Look.OBJECTS: (Of.OBJECTS,),
}

ASKING = parse_policy({"rules": {"PRESENTATION_ATTACK": {"enabled": True}}})
"""Whether a face is alive is judged only where an exam asks."""


def test_an_ordinary_exam_looks_at_everything_but_life_and_fetching_brings_its_networks() -> None:
    assert asked_to_see(Policy()) == {*SEEN} - {Look.LIVENESS}
    assert asked_to_see(ASKING) == {*SEEN}
    fetched = {*FIRST_EXAM, *WHERE_TO_BE_HAD}
    assert {network for task in asked_to_see(ASKING) for network in NETWORKS[task]} <= fetched


def test_features_that_are_off_are_not_looked_at() -> None:
    policy = Policy(features=Features(face_verification=False, gaze_tracking=False, pose_analysis=False))
    assert asked_to_see(policy) == {Look.FACES}


def test_a_telephone_is_looked_for_where_the_exam_asks_whatever_else_is_off() -> None:
    rules = {"PHONE_VISIBLE": {"enabled": True}}
    policy = parse_policy({"rules": rules, "features": {"pose_analysis": False}})
    assert Look.OBJECTS in asked_to_see(policy)
    assert Look.BODY not in asked_to_see(policy)


def test_what_is_not_looked_at_is_said_with_the_reason() -> None:
    policy = ASKING.model_copy(update={"features": Features(gaze_tracking=False)})
    assert unseen({Look.LIVENESS: "not fetched"}, policy, 2) == {
        Look.HEAD: "switched off by the policy",
        Look.GAZE: "switched off by the policy",
        Look.LIVENESS: "not fetched",
        Look.BODY: "left out on level L2",
    }
    assert unseen({}, Policy(), 1) == {Look.LIVENESS: "switched off by the policy"}
    assert unseen({}, ASKING, 1) == {}
