"""The core set of weights is there and whole. Nothing here skips: other tests prove nothing without it."""

from pathlib import Path

import pytest

from models.fetch import FIRST_EXAM
from models.manifest import Profile, load_manifest
from models.store import Store

LIST = Path(__file__).parents[2] / "data" / "core_weights.txt"
NAMES = [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", NAMES)
def test_a_core_network_is_present_and_whole(name: str) -> None:
    store = Store.here()
    assert store.verify(store.manifest.entry(name)) == "", "run `proctorctl models fetch`"


def test_the_core_set_comes_from_registries_alone_and_serves_the_first_exam() -> None:
    manifest = load_manifest()
    assert all(manifest.entry(name).in_registry for name in NAMES)
    for task in FIRST_EXAM:
        holders = {manifest.holder(entry).name for entry in manifest.candidates(task, Profile.OPEN)}
        assert holders & set(NAMES), task
