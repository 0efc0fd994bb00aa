"""The manifest as a table of promises."""

import re

import pytest

from models import converters
from models.manifest import Entry, Mirror, Package, Profile, Runtime, Task, Url, load_manifest, parse_manifest
from shared.errors import ConfigError

ENTRIES = load_manifest().entries
FORBIDDEN = ("emotion", "stress", "attention", "engagement", "mood", "sentiment", "honesty", "personality")

FIRST_EXAM_FROM_REGISTRIES = (
    Task.FACE_DETECTION,
    Task.FACE_MESH,
    Task.IRIS,
    Task.HEAD_POSE,
    Task.FACE_RECOGNITION,
    Task.BODY_DETECTION,
    Task.BODY_POSE,
    Task.VOICE_ACTIVITY,
    Task.SPEAKER_EMBEDDING,
)

by_name = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@by_name
def test_every_network_states_its_licence_and_a_hash_for_every_file(entry: Entry) -> None:
    assert entry.licence.strip()
    for file in load_manifest().holder(entry).files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.accepted


@by_name
def test_licences_without_commercial_use_are_research_only(entry: Entry) -> None:
    restricted = re.search(r"research|non-commercial|-NC", entry.licence) is not None
    assert (entry.profile is Profile.RESEARCH) is restricted


@by_name
def test_attribution_is_written_where_the_licence_asks_for_it(entry: Entry) -> None:
    assert entry.attribution or not entry.licence.startswith("CC-BY")


@by_name
def test_sources_are_tried_mirror_first_then_registry_then_address(entry: Entry) -> None:
    ranks = {Mirror: 0, Package: 1, Url: 2}
    for file in entry.files:
        order = [ranks[type(source)] for source in file.sources]
        assert order == sorted(order)


@by_name
def test_conversions_are_ones_that_exist(entry: Entry) -> None:
    assert {file.convert for file in entry.files if file.convert} <= converters.names()


@by_name
def test_onnx_files_name_an_onnx_runtime_and_others_openvino(entry: Entry) -> None:
    if entry.runtime and entry.files:
        assert (entry.runtime is Runtime.OPENVINO) is not entry.file.endswith(".onnx")


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("task", Task)
def test_networks_never_proved_stand_behind_those_proved(task: Task, profile: Profile) -> None:
    proved = [bool(entry.verified) for entry in load_manifest().candidates(task, profile)]
    assert proved == sorted(proved, reverse=True)


@pytest.mark.parametrize("task", FIRST_EXAM_FROM_REGISTRIES)
def test_registries_alone_serve_the_first_exam_under_the_open_profile(task: Task) -> None:
    manifest = load_manifest()
    candidates = manifest.candidates(task, Profile.OPEN)
    assert any(manifest.holder(entry).in_registry for entry in candidates)


def test_no_task_reads_feelings_or_intentions() -> None:
    assert not [task for task in Task if any(word in task for word in FORBIDDEN)]


def test_the_open_profile_never_offers_a_research_network() -> None:
    manifest = load_manifest()
    offered = [entry for task in Task for entry in manifest.candidates(task, Profile.OPEN)]
    assert offered
    assert all(entry.profile is Profile.OPEN for entry in offered)


ONE = """
[[network]]
task = "objects"
name = "a"
version = "1"
licence = "MIT"
profile = "open"
input = { layout = "nchw" }
[[network.files]]
name = "a.onnx"
sha256 = "%s"
sources = [{ mirror = "a.onnx" }]
""" % ("0" * 64)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ONE + ONE, "twice: a"),
        (ONE.replace('"objects"', '"emotion"'), "task"),
        (ONE.replace('licence = "MIT"\n', ""), "licence"),
        (ONE.replace("0" * 64, "0" * 63), "sha256"),
        (ONE.replace('"a.onnx"\nsha', '"../a.onnx"\nsha'), "name"),
        (ONE.replace("licence", "license"), "license"),
        (ONE.split("[[network.files]]", maxsplit=1)[0], "no file for a"),
        (ONE.replace('{ mirror = "a.onnx" }', '{ url = "http://plain.example/a" }'), "url"),
        ("[[network", "manifest"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_manifest(text)


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(ConfigError, match="models list"):
        load_manifest().entry("nonesuch")
