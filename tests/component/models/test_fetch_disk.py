"""Fetching onto a disk that is full, odd or prepared by somebody: nothing half-written, nothing lost."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.fetch import FetchState
from models.manifest import Mirror
from models.store import Store
from shared.errors import Unavailable
from tests.support.entries import WEIGHTS
from tests.support.fetching import entry_from, leftovers, mirror, only, run, store_of

__all__ = ["mirror"]

OLD = b"the weights of yesterday"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path, entry_from(Mirror("net.onnx")))


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """A disk that takes no larger file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def place_of(store: Store) -> Path:
    path = store.path(store.manifest.entry("net"))
    path.parent.mkdir(parents=True)
    return path


def test_a_full_disk_is_said_and_the_old_file_kept(store: Store, mirror: Path) -> None:
    path = place_of(store)
    path.write_bytes(OLD)
    with files_at_most(4096):
        report = run(store, mirror=mirror)
    (problem,) = only(report).problems
    assert isinstance(problem, Unavailable)
    assert "Make room" in str(problem)
    assert path.read_bytes() == OLD
    assert leftovers(store) == []


def test_a_disk_that_is_full_only_for_the_record_is_said_too(tmp_path: Path, mirror: Path) -> None:
    small = b"small weights"
    (mirror / "net.onnx").write_bytes(small)
    store = store_of(tmp_path, entry_from(Mirror("net.onnx"), content=small))
    with files_at_most(100):
        outcome = only(run(store, mirror=mirror))
    assert outcome.state is FetchState.FAILED
    assert "Make room" in str(outcome.problems[0])
    assert leftovers(store) == []
    # The file is whole, so a second run has nothing to bring.
    assert only(run(store, mirror=mirror)).state is FetchState.PRESENT


def test_a_weights_folder_that_cannot_be_made_is_said(store: Store, tmp_path: Path, mirror: Path) -> None:
    (tmp_path / "weights").write_text("a file in the way")
    with pytest.raises(Unavailable, match="cannot write"):
        run(store, mirror=mirror)


def test_a_folder_in_the_place_of_the_file_is_said_and_left_alone(store: Store, mirror: Path) -> None:
    path = place_of(store)
    path.mkdir()
    (path / "notes").write_bytes(OLD)
    (problem,) = only(run(store, mirror=mirror)).problems
    assert "cannot write" in str(problem)
    assert (path / "notes").read_bytes() == OLD
    assert leftovers(store) == []


def test_links_laid_in_the_way_are_not_followed(store: Store, tmp_path: Path, mirror: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(OLD)
    path = place_of(store)
    sha256 = store.manifest.entry("net").sha256
    for name in (path.name, f".{path.name}.{sha256[:12]}.part", "../../.lock", ".fetched.json.part"):
        (path.parent / name).symlink_to(precious)
    assert only(run(store, mirror=mirror)).state is FetchState.FETCHED
    assert precious.read_bytes() == OLD
    assert not path.is_symlink()
    assert path.read_bytes() == WEIGHTS
