"""Which network serves, with everything at hand and with what package registries alone give."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from models.adas_gaze import AdasGaze
from models.blazeface import ConfirmedBlazeFace
from models.fsanet import FsaNet
from models.iris import IrisGaze
from models.manifest import Manifest, Profile, Task, load_manifest
from models.mesh_pose import MeshPose
from models.opening import open_entry
from models.recognising import similarity_of
from models.runtime import Network
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, Unavailable
from tests.support.people import as_by_webcam, collins, hopper
from tests.support.weights import present, store

pytestmark = pytest.mark.weights


@pytest.fixture
def registry_only(tmp_path: Path) -> Store:
    """A weights folder that holds what package registries give, and nothing else."""
    manifest = load_manifest()
    for entry in manifest.entries:
        folder = store().folder(entry)
        if entry.in_registry and folder.is_dir():
            target = tmp_path / folder.relative_to(store().root)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                os.symlink(folder, target)
    return Store(tmp_path, manifest)


def test_package_registries_alone_serve_the_first_exam(registry_only: Store) -> None:
    for name in ("blazeface-full-sparse", "mediapipe-face-mesh", "dlib-resnet", "silero-vad", "ge2e"):
        present(name)
    serving = Serving(registry_only, Profile.OPEN)
    assert isinstance(serving.face_detector(), ConfirmedBlazeFace)
    assert isinstance(serving.head_pose(), MeshPose)
    (judge,) = serving.recognisers()
    assert judge.name.startswith("dlib-resnet@")
    serving.body_pose()
    serving.voice_detector()
    serving.speaker_encoder()
    assert set(serving.devices.values()) <= {"cpu", "cpu-openvino"}
    assert serving.labels[Task.FACE_RECOGNITION] == judge.name


def test_with_package_registries_alone_one_woman_is_known_and_another_is_not(registry_only: Store) -> None:
    present("dlib-resnet")
    serving = Serving(registry_only, Profile.OPEN)
    find, (judge,) = serving.face_detector().find, serving.recognisers()
    known, again, other = (
        judge.embed(picture, face.mesh or serving.face_mesh().fit(picture, face))
        for picture in (collins(), as_by_webcam(collins()), hopper())
        for face in find(picture)
    )
    assert judge.similarity(known, again) > 0.75
    assert judge.similarity(known, other) < 0.60
    assert judge.similarity(again, other) < 0.60


def test_an_empty_folder_says_what_to_fetch(tmp_path: Path) -> None:
    serving = Serving(Store(tmp_path, load_manifest()), Profile.OPEN)
    with pytest.raises(Unavailable, match="models fetch --task face-detection"):
        serving.face_detector()
    with pytest.raises(Unavailable, match="models fetch --task face-recognition"):
        serving.recognisers()


def test_the_open_profile_never_serves_a_research_network() -> None:
    present("arcface-mobilefacenet-dequantised")
    manifest = load_manifest()
    research = {entry.label for entry in manifest.entries if entry.profile is Profile.RESEARCH}
    serving = Serving(store(), Profile.OPEN)
    assert {judge.name for judge in serving.recognisers()} & research == set()
    assert {judge.name for judge in Serving(store(), Profile.RESEARCH).recognisers()} & research


def test_better_networks_come_first_where_they_are_present() -> None:
    present("fsanet")
    assert isinstance(Serving(store(), Profile.OPEN).head_pose(), FsaNet)


def test_registries_alone_give_gaze_but_no_objects(registry_only: Store) -> None:
    present("mediapipe-iris")
    serving = Serving(registry_only, Profile.OPEN)
    assert isinstance(serving.gaze(), IrisGaze)
    assert serving.labels[Task.GAZE].startswith("iris-gaze@")
    with pytest.raises(Unavailable, match="models fetch --task objects"):
        serving.objects()


@pytest.mark.parametrize("name", [entry.name for entry in load_manifest().entries if entry.weights_of])
def test_a_network_with_weights_of_another_opens_before_it_and_alone(name: str) -> None:
    entry = present(name)
    (opened,) = open_entry(store(), entry)
    (holding,) = open_entry(store(), load_manifest().holder(entry))
    assert (opened.device, opened.inputs) == (holding.device, holding.inputs)


def test_the_newer_mesh_serves_where_the_older_is_lost_and_knows_the_same_people() -> None:
    for name in ("mediapipe-face-mesh-478", "dlib-resnet"):
        present(name)
    kept = [each for each in load_manifest().entries if each.name not in {"mediapipe-face-mesh", "mesh-pose"}]
    newer, older = (
        Serving(Store(store().root, Manifest(tuple(kept))), Profile.OPEN),
        Serving(store(), Profile.OPEN),
    )
    mesh, find, judges = newer.face_mesh(), older.face_detector().find, older.recognisers()
    assert newer.labels[Task.FACE_MESH] == "mediapipe-face-mesh-478@1"
    (face,), (stranger,) = find(collins()), find(hopper())
    for judge in judges:
        known = judge.embed(collins(), older.face_mesh().fit(collins(), face))
        assert judge.similarity(known, judge.embed(collins(), mesh.fit(collins(), face))) > 0.85
        assert judge.similarity(known, judge.embed(hopper(), mesh.fit(hopper(), stranger))) < 0.60


def test_threads_that_ask_for_one_network_at_once_share_it() -> None:
    present("silero-vad")
    serving, together = Serving(store(), Profile.OPEN), Barrier(4)

    def opened(_: int) -> Network:
        together.wait(10)
        serving.voice_detector()
        return serving.networks["silero-vad"][0]

    with ThreadPoolExecutor(together.parties) as pool:
        (_only,) = set(pool.map(opened, range(together.parties)))


def test_the_irises_alone_give_a_gaze() -> None:
    present("iris-gaze")
    kept = [
        each for each in load_manifest().entries if each.task is not Task.GAZE or each.name == "iris-gaze"
    ]
    serving = Serving(Store(store().root, Manifest(tuple(kept))), Profile.OPEN)
    gaze = serving.gaze()
    assert isinstance(gaze, IrisGaze)
    assert gaze.device == "cpu-openvino"


def test_the_light_networks_stand_beside_the_better_ones_and_leave_their_labels() -> None:
    for name in ("gaze-adas-0002", "movenet-lightning-int8", "mediapipe-pose-full"):
        present(name)
    serving = Serving(store(), Profile.OPEN)
    assert isinstance(serving.gaze(), AdasGaze)
    serving.body_pose()
    assert serving.light_body_pose().device == "cpu-litert"
    assert serving.labels[Task.GAZE].startswith("gaze-adas-0002@")
    assert serving.labels[Task.BODY_POSE].startswith("mediapipe-pose-full@")


@pytest.mark.parametrize(
    ("kept", "best", "light"),
    [
        ({"scrfd-500m", "blazeface-short"}, "scrfd-500m@", "blazeface-short@"),
        ({"blazeface-full-sparse", "blazeface-short"}, "blazeface-full-sparse@", "blazeface-short@"),
        ({"yunet", "blazeface-short"}, "yunet@", "yunet@"),
        ({"scrfd-500m"}, "scrfd-500m@", None),
    ],
)
def test_an_overloaded_node_looks_for_faces_with_the_quickest_detector(
    kept: set[str], best: str, light: str | None
) -> None:
    for name in kept:
        present(name)
    entries = [e for e in load_manifest().entries if e.task is not Task.FACE_DETECTION or e.name in kept]
    serving = Serving(Store(store().root, Manifest(tuple(entries))), Profile.RESEARCH)
    serving.face_detector()
    if light is None:
        with pytest.raises(Unavailable, match="no light network for face-detection"):
            serving.light_face_detector()
    else:
        assert serving.light_face_detector().find(collins())
        assert (serving.light_faces or "").startswith(light)
    assert serving.labels[Task.FACE_DETECTION].startswith(best)


def test_everything_of_the_catalogue_that_is_at_hand_opens() -> None:
    for name in ("minifasnet", "yolox-nano", "yamnet", "ge2e"):
        present(name)
    serving = Serving(store(), Profile.OPEN)
    opened = (serving.objects(), serving.liveness(), serving.sounds(), serving.speaker_counter())
    assert {network.device for network in opened} <= {"cpu", "cpu-openvino", "cpu-litert"}
    assert {Task.OBJECTS, Task.LIVENESS, Task.SOUND_CLASSES, Task.SPEAKER_EMBEDDING} <= set(serving.labels)


def test_a_network_is_opened_once() -> None:
    serving = Serving(store(), Profile.OPEN)
    serving.face_mesh()
    opened = dict(serving.devices)
    serving.face_mesh()
    assert serving.devices == opened


def test_every_calibration_of_the_manifest_holds_for_the_alignment_in_use() -> None:
    calibrated = [entry for entry in load_manifest().entries if entry.calibration]
    assert len(calibrated) >= 3
    for entry in calibrated:
        assert similarity_of(entry).of(100.0) == 1.0


def test_a_recogniser_without_calibration_is_refused() -> None:
    with pytest.raises(ConfigError, match="no calibration"):
        similarity_of(load_manifest().entry("arcface-resnet50"))
