"""What counts as present, and which network serves."""

import json
import os
from pathlib import Path

import pytest

from models.manifest import Entry, Manifest, Profile
from models.store import Store, read_record, stamp_of, weights_folder, write_record
from models.tasks import Task
from shared.errors import Unavailable
from tests.support.entries import WEIGHTS, make_entry, make_file, make_manifest

ENTRY = make_entry()
RECORD_OF_LISTS = json.dumps(
    {"net.onnx": {"source_sha256": [], "sha256": [], "size_bytes": 1, "mtime_ns": 5, "origin": ""}}
)


def place(store: Store, entry: Entry, content: bytes = WEIGHTS, *, recorded: bool = True) -> Path:
    path = store.path(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if recorded:
        stamp = stamp_of(path, source_sha256=entry.sha256, origin="test", conversion=None)
        write_record(path.parent, {path.name: stamp})
    return path


def store_of(root: Path, *entries: Entry) -> Store:
    return Store(root, make_manifest(*entries))


def test_a_recorded_file_is_present(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    place(store, ENTRY)
    assert store.has(ENTRY)


def test_a_file_copied_in_by_hand_is_present_if_its_hash_is_right(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    place(store, ENTRY, recorded=False)
    assert store.has(ENTRY)


def test_a_copy_with_another_time_of_change_is_hashed_and_accepted(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    os.utime(place(store, ENTRY), (1, 1))
    assert store.has(ENTRY)


def test_a_changed_file_is_damaged(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    place(store, ENTRY).write_bytes(WEIGHTS[:-1] + b"x")
    assert store.flaw(ENTRY) == "net.onnx is damaged: its hash is wrong"


def test_only_verify_sees_a_change_that_left_size_and_time_alone(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    path = place(store, ENTRY)
    before = path.stat()
    path.write_bytes(b"x" + WEIGHTS[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.has(ENTRY)
    assert "damaged" in store.verify(ENTRY)


def test_a_file_of_an_older_manifest_does_not_count(tmp_path: Path) -> None:
    place(store_of(tmp_path, ENTRY), ENTRY)
    newer = make_entry("net", make_file(content=b"newer"))
    assert "another version of the manifest" in store_of(tmp_path, newer).flaw(newer)


def test_a_converted_file_counts_only_with_a_record_of_the_present_revision(tmp_path: Path) -> None:
    entry = make_entry("net", make_file(convert="ge2e"))
    store = store_of(tmp_path, entry)
    path = place(store, entry, b"converted", recorded=False)
    assert "no record" in store.flaw(entry)
    stamp = stamp_of(path, source_sha256=entry.sha256, origin="test", conversion="ge2e")
    write_record(path.parent, {path.name: stamp})
    assert store.has(entry)
    assert not store.verify(entry)
    record = path.parent / "fetched.json"
    record.write_text(record.read_text().replace("ge2e/1", "ge2e/0"))
    assert "older version" in store.flaw(entry)


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"net.onnx": {}}', '{"net.onnx": 3}', RECORD_OF_LISTS],
)
def test_a_damaged_record_falls_back_to_the_hash(tmp_path: Path, damage: str) -> None:
    store = store_of(tmp_path, ENTRY)
    folder = place(store, ENTRY).parent
    (folder / "fetched.json").write_text(damage)
    assert read_record(folder) == {}
    assert store.has(ENTRY)


def test_a_folder_in_the_place_of_a_file_is_no_network(tmp_path: Path) -> None:
    store = store_of(tmp_path, ENTRY)
    store.path(ENTRY).mkdir(parents=True)
    assert store.flaw(ENTRY) == store.verify(ENTRY) == "net.onnx is no file"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    # A regular file whose first byte nobody can read, the superuser included.
    store = store_of(tmp_path, ENTRY)
    store.folder(ENTRY).mkdir(parents=True)
    store.path(ENTRY).symlink_to("/proc/self/mem")
    assert "net.onnx cannot be read" in store.flaw(ENTRY)
    assert "net.onnx cannot be read" in store.verify(ENTRY)


def test_the_best_network_that_is_present_serves(tmp_path: Path) -> None:
    first, second = make_entry("first"), make_entry("second")
    store = store_of(tmp_path, first, second)
    place(store, second)
    assert store.serving(Task.OBJECTS, Profile.OPEN) is second
    place(store, first)
    assert store.serving(Task.OBJECTS, Profile.OPEN) is first


def test_a_research_network_serves_only_where_research_is_allowed(tmp_path: Path) -> None:
    research, free = make_entry("research", profile=Profile.RESEARCH), make_entry("free")
    store = store_of(tmp_path, research, free)
    place(store, research)
    place(store, free)
    assert store.serving(Task.OBJECTS, Profile.OPEN) is free
    assert store.serving(Task.OBJECTS, Profile.RESEARCH) is research
    reasons = [standing.reason for standing in store.choices(Task.OBJECTS, Profile.OPEN)]
    assert reasons == ["refused under profile open", ""]


def test_nothing_present_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"net: net.onnx not fetched.*models fetch --task objects"):
        store_of(tmp_path, ENTRY).serving(Task.OBJECTS, Profile.OPEN)


def test_a_network_may_use_the_files_of_another(tmp_path: Path) -> None:
    sharing = make_entry("sharing", weights_of="net", task=Task.HEAD_POSE)
    store = Store(tmp_path, Manifest((ENTRY, sharing)))
    place(store, ENTRY)
    assert store.path(sharing) == store.path(ENTRY)
    assert store.has(sharing)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"PROCTOR_WEIGHTS": "/srv/weights", "XDG_CACHE_HOME": "/x"}, "/srv/weights"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/proctor/weights"),
        ({"HOME": "/home/ada"}, "/home/ada/.cache/proctor/weights"),
    ],
)
def test_the_weights_folder_follows_the_environment(environment: dict[str, str], folder: str) -> None:
    assert weights_folder(environment) == Path(folder)
