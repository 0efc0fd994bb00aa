"""What `demo` says of the networks that it ran with."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo import better_recogniser
from models.manifest import Profile, load_manifest
from models.store import Store
from tests.support.weights import present, store

pytestmark = pytest.mark.weights


def test_with_networks_of_package_registries_it_says_how_to_get_a_better_recogniser(tmp_path: Path) -> None:
    lent = store().folder(present("dlib-resnet"))
    place = tmp_path / lent.relative_to(store().root)
    place.parent.mkdir(parents=True)
    place.symlink_to(lent)
    said = better_recogniser(Store(tmp_path, load_manifest()), Profile.OPEN)
    assert said is not None
    assert said.startswith("faces are compared by dlib-resnet; face-reidentification-retail-0095 tells")
    assert said.endswith("proctorctl models fetch --task face-recognition")


def test_with_the_best_one_or_none_it_says_nothing(tmp_path: Path) -> None:
    present("face-reidentification-retail-0095")
    assert better_recogniser(store(), Profile.OPEN) is None
    assert better_recogniser(Store(tmp_path, load_manifest()), Profile.OPEN) is None
