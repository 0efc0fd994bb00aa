"""What is said to be served is what a node opens, whatever networks are at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.analysis.networks import open_networks
from models.manifest import Entry, Profile, load_manifest
from models.served import unserved
from models.serving import Serving
from models.store import Store
from models.tasks import Task
from shared.events.looks import Look
from tests.support.weights import present, store

pytestmark = pytest.mark.weights


def some(folder: Path, wanted: Callable[[Entry], bool]) -> Store:
    """A weights folder with only some of the networks at hand."""
    manifest = load_manifest()
    for entry in manifest.entries:
        source = store().folder(entry)
        target = folder / source.relative_to(store().root)
        if wanted(entry) and source.is_dir() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(source, target)
    return Store(folder, manifest)


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        (lambda entry: True, set()),
        (
            lambda entry: entry.in_registry and entry.task is not Task.SPEECH_RECOGNITION,
            {Look.LIVENESS, Look.OBJECTS, Look.SOUNDS, Look.PHRASES},
        ),
        (
            lambda entry: entry.task not in (Task.HEAD_POSE, Task.FACE_RECOGNITION, Task.BODY_DETECTION),
            {Look.IDENTITY},  # the mesh gives a head pose, and the light network a body
        ),
        (lambda entry: entry.name != "pocketsphinx-en-us", {Look.PHRASES}),
    ],
)
def test_a_node_misses_what_is_said_to_be_unserved(
    tmp_path: Path, wanted: Callable[[Entry], bool], missing: set[Look]
) -> None:
    for name in ("blazeface-full-sparse", "mediapipe-face-mesh", "movenet-lightning-int8", "yolox-nano"):
        present(name)
    for name in ("minifasnet", "yamnet", "ge2e", "pocketsphinx-en-us"):
        present(name)
    at_hand = some(tmp_path, wanted)
    said = unserved(at_hand, Profile.OPEN)
    assert said == open_networks(Serving(at_hand, Profile.OPEN)).missing
    assert set(said) == missing


def test_phrases_need_their_program_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.served.SPOTTERS_PACKAGE", "no_such_package_anywhere")
    at_hand = some(tmp_path, lambda entry: True)
    assert "not installed" in unserved(at_hand, Profile.OPEN)[Look.PHRASES]
    assert "not installed" in open_networks(Serving(at_hand, Profile.OPEN)).missing[Look.PHRASES]
