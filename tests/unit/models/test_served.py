"""The names of networks that the code knows are names of the manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import served
from models.fetch import FIRST_EXAM
from models.manifest import Profile, load_manifest
from models.recognisers import RECIPES
from models.served import _NEEDS, RECOGNISERS, done_with, unserved
from models.serving import Serving
from models.store import Store
from models.tasks import Task
from shared.errors import Unavailable
from shared.events.looks import Look


def test_every_network_with_code_is_in_the_manifest_under_its_task() -> None:
    parts = [part for ways in _NEEDS.values() for way in ways for part in way]
    known = {(task, name) for task, names in parts for name in names}
    assert known <= {(entry.task, entry.name) for entry in load_manifest().entries}
    assert set(RECIPES) == RECOGNISERS


def test_without_weights_nothing_is_served_but_speech(tmp_path: Path) -> None:
    said = unserved(Store(tmp_path, load_manifest()), Profile.OPEN)
    assert set(said) == set(Look) - {Look.SPEECH}
    assert said[Look.FACES].startswith("no network for face-mesh is present: run `proctorctl models fetch")


def test_phrases_need_a_program_besides_their_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no wheel for every Python; without it a node seeks no phrases, and `doctor` says so."""
    store = Store(tmp_path, load_manifest())
    monkeypatch.setattr(served, "find_spec", lambda _name: None)
    said = unserved(store, Profile.OPEN)
    assert said[Look.PHRASES] == "pocketsphinx is not installed: it has no wheel for this version of Python"
    with pytest.raises(Unavailable, match="pocketsphinx is not installed"):
        Serving(store, Profile.OPEN).keywords()


def test_a_look_is_done_with_all_networks_of_one_of_its_ways() -> None:
    assert done_with(Look.BODY, {Task.BODY_POSE})
    assert not done_with(Look.BODY, {Task.BODY_DETECTION})
    assert not done_with(Look.GAZE, {Task.GAZE}), "the head is needed too"
    beyond = {look for look in _NEEDS if not done_with(look, FIRST_EXAM)}
    assert beyond == {Look.LIVENESS, Look.OBJECTS, Look.SOUNDS, Look.PHRASES}
