"""Fetching for a test: one network, its sources, and what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.fetch import Fetched, Report, Request, fetch_networks
from models.manifest import Entry, Source
from models.store import Store
from models.tasks import Task
from tests.support.entries import WEIGHTS, make_entry, make_file, make_manifest


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror's folder with one file."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "net.onnx").write_bytes(WEIGHTS)
    return folder


def run(store: Store, *, mirror: Path | str = "", **request: object) -> Report:
    return fetch_networks(store, Request(tasks=(Task.OBJECTS,), **request), mirror=str(mirror))  # type: ignore[arg-type]


def store_of(tmp_path: Path, *entries: Entry) -> Store:
    return Store(tmp_path / "weights", make_manifest(*entries))


def entry_from(*sources: Source, name: str = "net", **file: object) -> Entry:
    return make_entry(name, make_file(sources=sources, **file))  # type: ignore[arg-type]


def only(report: Report) -> Fetched:
    (outcome,) = report.outcomes
    return outcome


def leftovers(store: Store) -> list[str]:
    """Files in the weights folder that are neither weights nor records."""
    names = [path.name for path in store.root.rglob("*") if path.is_file()]
    return [name for name in names if name.endswith(("part", "converted"))]
