"""What the real networks make of the rehearsal's pictures: the script's ground truth must be theirs too."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from edge.accuracy.selection import Selection
from edge.analysis.examination import Frame, examine
from edge.analysis.networks import Networks
from edge.rehearsal import faces
from edge.rehearsal.scene import Scene
from edge.rehearsal.script import Camera, Figure, camera_at, enrollment_shots, figures_at, rehearsal_script
from models.figure import shoulders_visible
from shared.policy.terms import ENROLLMENT_GATE, VERIFICATION_GATE
from tests.support.weights import all_networks

SCRIPT = rehearsal_script()
HONEST_S = (1.0, 9.0, 26.0, 46.5, 66.5, 75.0, 88.0)

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(
        find_spec("skimage") is None or find_spec("matplotlib") is None,
        reason="scikit-image or matplotlib (extra `demo`) is not installed",
    ),
]


@pytest.fixture(scope="module")
def networks() -> Networks:
    opened = all_networks(Selection.RESEARCH)
    if opened.missing or not opened.recognisers:
        pytest.skip(f"weights are missing for {', '.join(opened.missing)}")
    return opened


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene({"candidate": faces.candidate(), "other": faces.other()}, seed=1)


def frame_at(scene: Scene, at_s: float) -> Frame:
    return scene.frame(figures_at(SCRIPT, at_s), camera_at(at_s))


@pytest.mark.parametrize(
    ("at_s", "people"), [*((at_s, 1) for at_s in HONEST_S), (18.0, 2), (36.0, 1), (54.0, 0), (59.0, 0)]
)
def test_as_many_faces_are_found_as_the_script_shows(
    networks: Networks, scene: Scene, at_s: float, people: int
) -> None:
    assert len(networks.faces.find(frame_at(scene, at_s))) == people


def test_shoulders_are_seen_until_the_chair_is_empty(networks: Networks, scene: Scene) -> None:
    assert networks.body is not None
    for at_s in HONEST_S:
        body = networks.body.find(frame_at(scene, at_s))
        assert body is not None
        assert shoulders_visible(body)
    empty = networks.body.find(frame_at(scene, 56.0))
    assert empty is None or not shoulders_visible(empty)


def test_every_enrollment_picture_passes_the_enrollment_gate(networks: Networks) -> None:
    room = Scene({"candidate": faces.candidate()}, seed=2)
    for figure, camera in enrollment_shots():
        examined = examine(networks, room.frame((figure,), camera), ENROLLMENT_GATE)
        assert examined.failed == ()


def test_the_candidate_is_who_enrolled_and_the_other_is_not(networks: Networks, scene: Scene) -> None:
    room = Scene({"candidate": faces.candidate()}, seed=2)
    enrolled = examine(networks, room.frame(*_shot()), ENROLLMENT_GATE).embeddings
    candidate = examine(networks, frame_at(scene, 9.0), VERIFICATION_GATE).embeddings
    other = examine(networks, frame_at(scene, 36.0), VERIFICATION_GATE).embeddings
    for recogniser, template, same, different in zip(
        networks.recognisers, enrolled, candidate, other, strict=True
    ):
        assert recogniser.similarity(template, same) > 0.85
        assert recogniser.similarity(template, different) < 0.60


def _shot() -> tuple[tuple[Figure, ...], Camera]:
    figure, camera = enrollment_shots()[0]
    return (figure,), camera
