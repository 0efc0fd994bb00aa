"""A fetch removes what later versions of a network have superseded, but nothing that a node has at hand."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from edge.fleet.at_hand import NetworksAtHand
from models.holding import remove_superseded
from models.manifest import Mirror, Profile
from models.store import RECORD, Store
from tests.support.eventually import cancelled, until
from tests.support.fetching import entry_from, mirror, run, store_of

__all__ = ["mirror"]

NAME = "yolox-nano"


def release(tmp_path: Path, version: str) -> Store:
    """The weights as a release sees them whose manifest names this version of one network."""
    entry = replace(entry_from(Mirror("net.onnx"), name=NAME), version=version)
    return store_of(tmp_path, entry)


def fetched(tmp_path: Path, mirror: Path, version: str) -> tuple[str, ...]:
    """What a release's fetch has removed. Its record is so many seconds old as versions may follow."""
    store = release(tmp_path, version)
    removed = run(store, mirror=mirror).removed
    os.utime(store.root / NAME / version / RECORD, (int(version), int(version)))
    return removed


def versions(tmp_path: Path) -> list[str]:
    return sorted(folder.name for folder in (tmp_path / "weights" / NAME).iterdir())


def test_the_last_two_versions_stay(tmp_path: Path, mirror: Path) -> None:
    removed = [fetched(tmp_path, mirror, version) for version in "123"]
    assert removed == [(), (), (f"{NAME}@1",)]
    assert versions(tmp_path) == ["2", "3"]
    assert release(tmp_path, "2").has(release(tmp_path, "2").manifest.entry(NAME))  # its release finds it
    (tmp_path / "weights" / ".incoming").mkdir(exist_ok=True)
    (tmp_path / "weights" / "notes.txt").write_text("not a network")
    assert fetched(tmp_path, mirror, "2") == ()
    assert versions(tmp_path) == ["2", "3"]


def test_a_fetch_that_fails_removes_nothing(tmp_path: Path, mirror: Path) -> None:
    for version in "12":
        fetched(tmp_path, mirror, version)
    (mirror / "net.onnx").write_bytes(b"wrong")
    report = run(release(tmp_path, "3"), mirror=mirror)
    assert (report.succeeded, report.removed) == (False, ())
    assert versions(tmp_path) == ["1", "2"]


def test_what_a_running_node_has_at_hand_stays_until_the_node_ends(tmp_path: Path, mirror: Path) -> None:
    fetched(tmp_path, mirror, "1")
    newest = release(tmp_path, "3")

    async def story() -> None:
        node = NetworksAtHand(Profile.OPEN, lambda: release(tmp_path, "1"))
        running = asyncio.create_task(node.run())
        await until(lambda: f"{NAME}@1" in node.known, "what the node has at hand")
        for version in "23":
            assert fetched(tmp_path, mirror, version) == ()
        assert versions(tmp_path) == ["1", "2", "3"]
        await cancelled(running)

    asyncio.run(story())
    assert remove_superseded(newest) == (f"{NAME}@1",)
    assert versions(tmp_path) == ["2", "3"]
