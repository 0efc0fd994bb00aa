"""The manifest as a table of promises."""

import re
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

import pytest

from models import converters
from models.chain import Runtime
from models.fetch import FIRST_EXAM
from models.manifest import Entry, Mirror, Package, Profile, Url, load_manifest, parse_manifest
from models.tasks import Task
from shared.errors import ConfigError

ROOT = Path(__file__).parents[3]
ENTRIES = load_manifest().entries
FORBIDDEN = ("emotion", "stress", "attention", "engagement", "mood", "sentiment", "honesty", "personality")


def breakers(keeps: Callable[[Entry], bool]) -> list[str]:
    """The networks that do not keep a promise."""
    return [entry.name for entry in ENTRIES if not keeps(entry)]


def test_every_network_states_its_licence_and_a_hash_for_every_file() -> None:
    def keeps(entry: Entry) -> bool:
        files = load_manifest().holder(entry).files
        return bool(entry.licence.strip() and files) and all(
            re.fullmatch("[0-9a-f]{64}", sha256) for file in files for sha256 in (file.sha256, *file.accepted)
        )

    assert breakers(keeps) == []


def test_licences_without_commercial_use_are_research_only_and_no_others() -> None:
    def keeps(entry: Entry) -> bool:
        restricted = re.search(r"research|non-commercial|-NC", entry.licence) is not None
        return (entry.profile is Profile.RESEARCH) is restricted

    assert breakers(keeps) == []


def test_attribution_is_written_where_the_licence_asks_for_it() -> None:
    assert breakers(lambda entry: bool(entry.attribution) or not entry.licence.startswith("CC-BY")) == []


def test_sources_are_tried_mirror_first_then_registry_then_address() -> None:
    ranks = {Mirror: 0, Package: 1, Url: 2}

    def keeps(entry: Entry) -> bool:
        orders = [[ranks[type(source)] for source in file.sources] for file in entry.files]
        return all(order == sorted(order) for order in orders)

    assert breakers(keeps) == []


def test_conversions_are_ones_that_exist() -> None:
    known = converters.names() | {None}
    assert breakers(lambda entry: all(file.convert in known for file in entry.files)) == []


def test_files_name_a_runtime_that_reads_them() -> None:
    readers = {
        "onnx": {Runtime.ONNX_CPU, Runtime.ONNX_OPENVINO, Runtime.OPENVINO},
        "xml": {Runtime.OPENVINO},
        "tflite": {Runtime.OPENVINO, Runtime.LITERT, Runtime.MEDIAPIPE},
    }

    def keeps(entry: Entry) -> bool:
        if not entry.runtime or not entry.files:
            return True
        return {entry.runtime, *entry.then} <= readers[entry.file.rsplit(".", 1)[-1]]

    assert breakers(keeps) == []


def test_mediapipes_own_networks_of_pictures_end_with_its_own_runtime_and_no_others_do() -> None:
    own = {
        entry.name
        for entry in ENTRIES
        if entry.files and entry.file.endswith(".tflite") and "mediapipe" in str(entry.files[0].sources)
    } - {"yamnet"}
    assert {entry.name for entry in ENTRIES if entry.then[-1:] == (Runtime.MEDIAPIPE,)} == own
    assert {entry.name for entry in ENTRIES if entry.runtime is Runtime.MEDIAPIPE} == set()
    assert {entry.then for entry in ENTRIES} == {(), (Runtime.LITERT, Runtime.MEDIAPIPE)}


def test_a_network_for_mediapipe_says_what_its_input_is_made_of() -> None:
    row = (
        '[[network]]\ntask = "iris"\nname = "net"\nversion = "1"\nlicence = "MIT"\nprofile = "open"\n'
        'runtime = "openvino"\nthen = ["mediapipe"]\n{input}'
        '[[network.files]]\nname = "net.tflite"\nsha256 = "{zeros}"\nsources = [{ mirror = "net.tflite" }]\n'
    ).replace("{zeros}", "0" * 64)
    parse_manifest(row.replace("{input}", "input = { span = [0.0, 1.0] }\n"))
    with pytest.raises(ConfigError, match="span, which net does not give"):
        parse_manifest(row.replace("{input}", ""))


def test_a_network_called_proved_appears_in_the_tests_it_names() -> None:
    def keeps(entry: Entry) -> bool:
        return not entry.verified or f'"{entry.name}"' in (ROOT / entry.verified).read_text("utf-8")

    assert any(entry.verified for entry in ENTRIES)
    assert breakers(keeps) == []


def test_a_calibration_rises_and_says_what_it_rests_on() -> None:
    def keeps(entry: Entry) -> bool:
        if not (made := entry.calibration):
            return True
        rises = all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(made.knots))
        return rises and made.same_pairs > 0 and made.different_pairs > 0

    assert breakers(keeps) == []


def test_networks_never_proved_stand_behind_those_proved() -> None:
    for task, profile in product(Task, Profile):
        proved = [bool(entry.verified) for entry in load_manifest().candidates(task, profile)]
        assert proved == sorted(proved, reverse=True), (task, profile)


def test_registries_alone_serve_the_first_exam_under_the_open_profile() -> None:
    manifest = load_manifest()
    for task in FIRST_EXAM:
        candidates = manifest.candidates(task, Profile.OPEN)
        assert any(manifest.holder(entry).in_registry for entry in candidates), task


def test_no_task_and_no_network_reads_feelings_or_intentions() -> None:
    said = [*Task, *(f"{entry.name} {entry.note}".lower() for entry in ENTRIES)]
    assert not [words for words in said if any(word in words for word in FORBIDDEN)]


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
        (ONE + 'convert = "by-magic"\n', "by-magic"),
        (
            ONE.replace('"open"', '"research"') + ONE.replace('"a"\n', '"b"\nweights_of = "a"\n', 1),
            "b is open but the weights of a are not",
        ),
        ("[[network", "manifest"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_manifest(text)


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(ConfigError, match="models list"):
        load_manifest().entry("nonesuch")
